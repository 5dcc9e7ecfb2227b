"""`fttool prepare_data`: parse, call, render."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fttool.cli import options, vocabulary

if TYPE_CHECKING:
    from fttool.config import Config
    from fttool.dataset.prepare import Preparation
    from fttool.dataset.prepare_options import Options
    from fttool.records.dataset import Report

EXAMPLES = """\b
Examples:
  fttool prepare_data people.csv
  fttool prepare_data people.csv --yes -m babbage-002
  fttool prepare_data data.xlsx --prompt-column question --completion-column answer
  fttool prepare_data data.csv --to chat --system "You are a helpful assistant."
  fttool prepare_data sharegpt.json --from sharegpt -o chats.jsonl
  fttool prepare_data train.jsonl --check --json"""

_INPUT, _SHAPE, _FIXES, _SPLIT = "Input", "Shape", "Fixes", "Split"


def prepare_data(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="CSV, TSV, XLSX, JSON, JSONL, TXT or Parquet; `-` is standard input."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", metavar="FILE", help="The same, as the legacy tool spells it.")
    ] = None,
    output: options.Output = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that `-o` names.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if there is anything to fix.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", "-q", "--quiet", help="Apply all recommended fixes without asking.")
    ] = False,
    no_input: options.NoInput = False,
    json: options.Json = False,
    paths_only: Annotated[bool, typer.Option("--paths-only", help="Print only the paths written, one a line.")] = False,
    prompt_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column that holds the prompts.")] = None,
    completion_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column that holds the completions.")
    ] = None,
    prompt_template: Annotated[
        str | None, typer.Option(metavar="TEXT", help=r"Prompts from columns: '{title}\n{body}'.")
    ] = None,
    completion_template: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Completions from columns, likewise.")
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(metavar="SHAPE", help="Take the rows as completion, chat, preference or reinforcement."),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME",
            help="Convert from alpaca, sharegpt, chosen-rejected, openai-log or json-messages (default: where the "
            "columns are clearly of one); `none` takes them as they are.",
        ),
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="SHAPE", help="Write `chat` (messages) or `completion`.")] = None,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="System message of every chat (`--to chat`).")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("-m", "--model", metavar="MODEL", help="Base model: its length limit, and for `create`."),
    ] = None,
    service: Annotated[
        str | None, typer.Option(metavar="NAME", help="Service whose limits hold: openai, azure, nebius, local, …")
    ] = None,
    grader: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Grader (JSON), whose fields the rows must have (reinforcement)."),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Apply this fix (repeat for more); `errors` means those of all errors."),
    ] = None,
    no_fix: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Leave this fix out (repeat for more).")
    ] = None,
    valid_file: Annotated[
        Path | None,
        typer.Option("-v", "--valid-file", metavar="FILE", help="Validation examples, prepared the same way."),
    ] = None,
    split: Annotated[
        bool | None,
        typer.Option("--split/--no-split", help="Hold out validation examples, or do not.", show_default=False),
    ] = None,
    valid_fraction: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Share to hold out, e.g. 0.1 (default: a fifth, at most 1,000)."),
    ] = None,
    valid_size: Annotated[int | None, typer.Option(metavar="N", help="Number of examples to hold out.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Seed of the split (default: 42).")] = None,
    format: Annotated[  # noqa: A002 - the word the user knows
        str | None, typer.Option(metavar="NAME", help="Read as csv, tsv, xlsx, json, jsonl, txt or parquet.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(metavar="NAME", help="Sheet of a workbook, by name or number.")] = None,
    encoding: Annotated[str | None, typer.Option(metavar="NAME", help="Encoding of the text, e.g. cp1252.")] = None,
    delimiter: Annotated[str | None, typer.Option(metavar="CHAR", help="What stands between columns.")] = None,
    processes: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processes for big inputs (default: one a processor).")
    ] = None,
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Set rows that cannot be read aside in <name>_rejected.jsonl.")
    ] = False,
    tokens: vocabulary.Tokens = "auto",
    no_tokens: vocabulary.NoTokens = False,
) -> Any:
    """Check and fix a file of examples; write it as JSONL.

    Required fixes are always applied. Recommended ones are asked for on a terminal; elsewhere they are listed, and
    applied with --yes or one by one with --fix. The input is never changed and no file is overwritten.
    """
    from fttool.cli.graders import read_grader
    from fttool.cli.limits import limits_of
    from fttool.cli.services import chosen
    from fttool.cli.settings import load_config
    from fttool.dataset.formats.base import ReadOptions
    from fttool.dataset.prepare_options import Options
    from fttool.dataset.shapes import Mapping
    from fttool.dataset.split import DEFAULT_SEED, SplitOptions
    from fttool.errors import UsageError
    from fttool.records.dataset import SHAPES

    if json and paths_only:
        raise UsageError("--json and --paths-only exclude each other")
    to_stdout = output is not None and str(output) == "-"
    if to_stdout and (json or paths_only):
        raise UsageError("standard output takes either the examples (`-o -`) or the report")
    if check and output is not None:
        raise UsageError("--check writes nothing: leave -o out")
    config = load_config(model=model, seed=seed, valid_fraction=valid_fraction, service=service)
    if valid_size is None and split is not False and valid_file is None and not to_stdout:
        valid_fraction = config.get("valid_fraction")
    settings = Options(
        output=output,
        overwrite=force,
        check_only=check,
        shape=_one_of(shape, "--shape", SHAPES),
        from_=from_,
        to=_one_of(to, "--to", ("chat", "completion")),
        system=system,
        graded=() if grader is None else read_grader(grader),
        limits=limits_of(chosen(config)[0]),
        mapping=Mapping(prompt_column, completion_column, prompt_template, completion_template),
        read=ReadOptions(format, encoding, delimiter, sheet, skip_bad_rows),
        model=config.get("model"),
        fix=tuple(fix or ()),
        no_fix=tuple(no_fix or ()),
        processes=processes,
        tokens="off" if paths_only else vocabulary.mode_of(tokens, no_tokens),
        split=SplitOptions(
            split, valid_fraction, valid_size, DEFAULT_SEED if config.get("seed") is None else config.get("seed")
        ),
    )
    names = [str(one) for one in [*(files or ()), *([file] if file else ())]]
    return run(
        *(names, settings, valid_file, config),
        check=check,
        yes=yes,
        no_input=no_input,
        json=json,
        paths_only=paths_only,
    )


def run(
    files: list[str],
    settings: Options,
    valid_file: Path | None,
    config: Config,
    *,
    check: bool = False,
    yes: bool = False,
    no_input: bool = False,
    json: bool = False,
    paths_only: bool = False,
) -> int:
    """Prepare, asking where someone is there to ask; returns the exit code."""
    from fttool.cli import output, prompts, views
    from fttool.cli import prepare_questions as questions
    from fttool.errors import EXIT_BAD_RESULT, EXIT_OK, OutputError

    asking = prompts.can_ask(no_input) and not (yes or check or json or paths_only)
    with views.Bars() as bars, questions.open_inputs(files, settings, valid_file, bars.tell, asking=asking) as work:
        vocabulary.have(settings.model, work.layout.to, settings.tokens, quiet=json or paths_only)
        if settings.output is not None and str(settings.output) == "-":
            return _to_stdout(work, yes=yes)
        analysis = work.analyse(work.policy(yes or asking))
        if asking:
            views.overview(work.report(analysis, checked_only=True), settled=False)
            asked = questions.ask(work, analysis, bars)
            if asked is None:
                return EXIT_BAD_RESULT
            analysis, split = asked
        else:
            split = work.split_wanted(analysis, yes)
        report = work.checked(analysis) if check else work.write(analysis, split=split)
    try:
        _show(report, config, json=json, paths_only=paths_only, asked=asking)
    except OutputError as error:
        error.hint = "these files were written: " + ", ".join(written.path for written in report.outputs)
        raise
    if valid_file is not None and not check and all(written.role != "validation" for written in report.outputs):
        output.warn("no validation example is left")
    if not (check or asking or split) and work.split_recommended(analysis) and work.named("split", True):
        output.hint("hold out validation examples with `--split`, to see how good the model gets")
    return EXIT_BAD_RESULT if report.errors or (check and report.needs_work) else EXIT_OK


def _show(report: Report, config: Config, *, json: bool, paths_only: bool, asked: bool) -> None:
    from fttool.cli import costs, output, views

    if not (json or paths_only or asked):
        views.overview(report, settled=True)
    if json:
        output.answer_json(report.to_dict())
    elif paths_only:
        for written in report.outputs:
            if written.role != "rejected":
                output.answer_path(written.path)
        if not report.outputs and not report.checked_only and report.conversion is None:
            output.answer_path(report.inputs[0].path)
    elif report.checked_only:
        views.verdict(report)
    else:
        views.closing(report, costs.of_report(config, report), counted=asked)


def _to_stdout(work: Preparation, *, yes: bool) -> int:
    """`-o -`: the examples are the answer, so the report goes to stderr."""
    import shutil
    import tempfile
    from dataclasses import replace

    from fttool.cli import output, views
    from fttool.dataset.output import free_names, stem_of
    from fttool.errors import EXIT_BAD_RESULT, EXIT_OK, UsageError

    if work.options.split.asked or work.first_validation is not None:
        raise UsageError(
            "standard output takes one file, not a training and a validation file", hint="name a file: -o FILE"
        )
    analysis = work.analyse(work.policy(yes))
    with tempfile.TemporaryDirectory(prefix="fttool-") as folder:
        path = Path(folder, "prepared.jsonl")
        work.options = replace(work.options, output=path)
        report = work.write(analysis, split=False)
        if report.outputs:
            with path.open("rb") as lines:
                shutil.copyfileobj(lines, output.stdout_bytes())
            output.stdout_bytes().flush()
        for rejected in report.outputs[1:]:
            target = free_names(stem_of(work.files[0]), ["rejected"])[0]
            shutil.move(rejected.path, target)
            output.note(f"wrote {target} ({rejected.examples:,} rows that could not be read)")
    views.overview(report, settled=True, stderr=True)
    return EXIT_BAD_RESULT if report.errors else EXIT_OK


def _one_of(word: str | None, option: str, words: Sequence[str]) -> Any:
    from fttool.errors import UsageError

    if word not in (None, *words):
        listed = ", ".join(f"`{one}`" for one in words[:-1])
        raise UsageError(f"{option} takes {listed} or `{words[-1]}`, not `{word}`")
    return word
