"""`fttool results`: the result file of a job, as it is, as a summary, as a chart, as rows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from fttool.cli import job_ids, options, output, results_views
from fttool.cli.connection import Connection, connected
from fttool.errors import OutputError, ServiceError, UsageError

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.jobs.results import Results
    from fttool.records.evaluation import JobEvaluation
    from fttool.records.jobs import JobView

RESULTS_EXAMPLES = """\b
Examples:
  fttool results
  fttool results ftjob-abc123 > results.csv
  fttool results ftjob-abc123 -o results.csv --plot-file loss.png
  fttool results ftjob-abc123 --json | jq .summary.best_validation.step"""

_CHUNK = 1 << 20

_Job = Annotated[str | None, typer.Argument(metavar="[ID]", help="The job; else the newest that is finished.")]
_Id = Annotated[str | None, typer.Option("-i", "--id", metavar="ID", help="The same, as the legacy command has it.")]
_Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write the CSV there; `-` is standard output."),
]
_Plot = Annotated[
    bool | None,
    typer.Option("--plot/--no-plot", help="Show the summary with (or without) its charts, in a pipe too."),
]
_PlotFile = Annotated[
    Path | None,
    typer.Option("--plot-file", metavar="FILE", help="Draw loss and accuracy into this .png or .svg file."),
]
_ResultFile = Annotated[
    str | None,
    typer.Option("--result-file", metavar="ID|NAME", help="Which file, if the job has several."),
]
_Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
_Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="With `-o`: print the path only.")]


@connected
def results(
    connection: Connection,
    job: _Job = None,
    id_: _Id = None,
    output_: _Output = None,
    plot: _Plot = None,
    plot_file: _PlotFile = None,
    result_file: _ResultFile = None,
    force: _Force = False,
    json: options.Json = False,
    quiet: _Quiet = False,
) -> None:
    """Download and sum up the result file of a job.

    In a pipe, the CSV file goes to standard output as the service has it (decoded, if it is base64). On a terminal,
    and where it goes to a file, you see a summary: the last and the best step, whether the model overfits, and (on a
    terminal) charts of loss and accuracy. `-o -` prints the CSV on a terminal too, `--plot` the summary with its
    charts in a pipe too. With `--json` the rows have the same names whatever the service calls its columns. What
    `fttool evaluate --job` or `create --compute_classification_metrics` have measured is shown with it, and stands in
    columns of its own.
    """
    wanted = job_ids.one_id(job, id_, "results") if job is not None or id_ is not None else None
    to_stdout = output_ is not None and str(output_) == "-"
    if to_stdout and (json or plot):
        raise UsageError("standard output cannot take both the CSV and the summary", hint="write one with `-o FILE`")
    _check_targets([each for each in (None if to_stdout else output_, plot_file) if each is not None], force)
    if plot_file is not None:
        from fttool.cli.plot_files import check_plot_file

        check_plot_file(plot_file)
    kept = output_ is not None or plot_file is not None
    from fttool.jobs.evaluate.beside import with_metrics

    client = connection.open()
    with _fetched(client, _find(client, wanted, tell=not json), result_file) as found:
        measured = results_views.evaluations(client, found.job)
        csv = with_metrics(found.csv, measured)
        if output_ is not None and not to_stdout:
            _write(csv, output_, force)
            _told(output_, quiet, json)
        if plot_file is not None:
            from fttool.cli.plot_files import draw

            draw(found, plot_file, overwrite=force)
            _told(plot_file, quiet, json)
        if json:
            output.answer_json(results_views.document(client, found, measured, path=None if to_stdout else output_))
        elif not to_stdout and (plot or (not quiet and (kept or output.is_terminal(sys.stdout)))):
            charts = output.is_terminal(sys.stdout) if plot is None else plot
            _summarize(client, found, measured, connection, charts=charts, kept=output_ is not None)
        elif to_stdout or not kept:
            _print(csv)


def _summarize(
    client: Client,
    found: Results,
    measured: Sequence[JobEvaluation],
    connection: Connection,
    *,
    charts: bool,
    kept: bool,
) -> None:
    try:
        results_views.summary(client, found, connection.words(), measured, charts=charts)
    except ServiceError as error:
        if not kept:
            raise
        output.warn(f"no summary: {error.message}")  # the file is there, as was asked


def _check_targets(paths: list[Path], force: bool) -> None:
    """Raise OutputError if something cannot be written: before anything is sent."""
    from fttool.dataset.output import check_target

    for path in paths:
        if path.is_dir():
            raise OutputError(f"`{path}` is a folder", hint=f"name a file in it: `-o {path / 'results.csv'}`")
        check_target(path, [], overwrite=force)
    if len(paths) == 2 and paths[0].resolve() == paths[1].resolve():
        raise UsageError("the CSV and the plot cannot be the same file")


def _find(client: Client, job_id: str | None, *, tell: bool) -> JobView:
    from fttool.jobs.results import find_job

    view = find_job(client, job_id)
    if job_id is None and tell:
        model = f", {view.fine_tuned_model}" if view.fine_tuned_model else ""
        output.note(f"job {view.id} ({view.status}{model}), the newest that is finished")
    return view


def _fetched(client: Client, view: JobView, wanted: str | None) -> Results:
    from fttool.jobs.results import fetch

    with output.progress(None, "bytes", label="downloading") as bar:

        def tell(done: int, total: int | None) -> None:
            bar.total = total
            bar.advance(done - bar.done)

        found = fetch(client, view, wanted, tell=tell)
    others = [each for each in view.result_files if each != found.file.id]
    if others and wanted is None:
        output.hint(f"this is {found.name}; the job has more (`--result-file ID`): {', '.join(others)}")
    return found


def _write(csv: IO[bytes], path: Path, force: bool) -> None:
    """The CSV into a file, whole or not at all."""
    from fttool.dataset.output import Draft

    csv.seek(0)
    with Draft(path.parent) as draft:
        while chunk := csv.read(_CHUNK):
            draft.write(chunk, 0)
        draft.finish()
        draft.publish(path, overwrite=force)


def _told(path: Path, quiet: bool, json: bool) -> None:
    if quiet:
        output.answer_path(str(path))
    elif not json:
        output.note(output.paint("wrote", "green", stderr=True), f" {path}")


def _print(csv: IO[bytes]) -> None:
    """The CSV to standard output, byte for byte in a pipe."""
    csv.seek(0)
    if output.is_terminal(sys.stdout):
        output.answer_piece(csv.read().decode("utf-8", "backslashreplace"))
        return
    stdout = output.stdout_bytes()
    while chunk := csv.read(_CHUNK):
        stdout.write(chunk)
    stdout.flush()
