"""`fttool evaluate`: the options; what happens with them is in `evaluating`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fttool.cli import measuring_options, options
from fttool.cli.connection import Connection, connected
from fttool.errors import UsageError

EXAMPLES = """\b
Examples:
  fttool evaluate -f people_prepared_valid.jsonl --local
  fttool evaluate ft:gpt-4.1-mini-2025-04-14:me::a1b2c3d4 -f valid.jsonl --limit 200
  fttool evaluate -f ads_valid.jsonl --positive-class yes --beta 0.5 --plot-file confusion.png
  fttool evaluate --job ftjob-abc123 --checkpoints -f valid.jsonl --csv metrics.csv
  fttool evaluate -f valid.jsonl --json | jq '."classification/accuracy"'"""

_Model = Annotated[
    str | None, typer.Argument(metavar="[MODEL]", help="The model; else the newest that was fine-tuned.")
]
_ModelOption = Annotated[str | None, typer.Option("-m", "--model", metavar="MODEL", help="The same, as an option.")]
_File = Annotated[
    str | None,
    typer.Option(
        *("-f", "--file"),
        metavar="FILE|ID",
        help="JSONL with `prompt` and `completion`, or `messages`; with --job, its validation file if none is given.",
    ),
]
_Job = Annotated[
    str | None,
    typer.Option("-i", "--job", metavar="ID", help="Evaluate this job's model; `fttool results` shows it then."),
]
_Checkpoints = Annotated[bool, typer.Option("--checkpoints", help="Evaluate every checkpoint of the job.")]
_Seed = Annotated[
    int, typer.Option("--seed", metavar="N", help="What --limit draws by; a larger N then adds to a smaller one.")
]
_Answers = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Where the answers are kept (FILE.MODEL.answers.jsonl, here)."),
]
_Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the metrics there: a row for a model.")]
_Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot-file", metavar="FILE", help="Draw confusion matrix and calibration into this .png or .svg file."
    ),
]
_Price = Annotated[
    str | None,
    typer.Option("--price", metavar="IN:OUT", help="Dollars for a million tokens asked and answered: shows the cost."),
]
_Show = Annotated[
    str | None,
    typer.Option(
        "--show", metavar="TABLE", help="Print one table, whole: metrics, classes, confusion, calibration or unknown."
    ),
]
_Force = Annotated[bool, typer.Option("--force", help="Replace the files of --csv and --plot-file.")]


@connected
def evaluate(
    connection: Connection,
    model: _Model = None,
    file: _File = None,
    model_: _ModelOption = None,
    job: _Job = None,
    checkpoints: _Checkpoints = False,
    limit: measuring_options.Limit = None,
    seed: _Seed = 0,
    concurrency: measuring_options.Concurrency = 8,
    output_: _Answers = None,
    anew: measuring_options.Anew = False,
    task: measuring_options.Task = None,
    stop: measuring_options.Stop = None,
    separator: measuring_options.Separator = None,
    max_tokens: measuring_options.MaxTokens = None,
    temperature: measuring_options.Temperature = 0.0,
    positive_class: measuring_options.Positive = None,
    beta: measuring_options.Betas = None,
    metric: measuring_options.Metrics = None,
    csv: _Csv = None,
    plot_file: _Plot = None,
    price: _Price = None,
    show: _Show = None,
    force: _Force = False,
    json: options.Json = False,
) -> None:
    """Measure how good a model's answers to a file are.

    Where there are few different completions it is a classification: accuracy and weighted F1 and, of two classes,
    precision, recall, F-score, AUROC and AUPRC, under the names of the legacy results file. Otherwise the answers are
    compared as texts. All answers are kept in a file, and what is in it is not asked again: after Ctrl-C, or whatever
    else, the same command goes on where it stopped.
    """
    from fttool.cli import evaluating

    if model is not None and model_ is not None and model != model_:
        raise UsageError("two models are named; `fttool compare` takes several")
    wish = evaluating.Wish(
        asking=evaluating.asking(
            limit=limit,
            seed=seed,
            concurrency=concurrency,
            task=task,
            stop=stop,
            separator=separator,
            max_tokens=max_tokens,
            temperature=temperature,
            price=price,
        ),
        wanted=evaluating.wanted(positive_class, beta, metric),
        model=model if model is not None else model_,
        file=file,
        job=job,
        checkpoints=checkpoints,
        output=output_,
        anew=anew,
        csv=csv,
        plot_file=plot_file,
        show=show,
        force=force,
        json=json,
    )
    evaluating.run(connection, wish)
