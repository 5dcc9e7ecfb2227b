"""`fttool compare`: the options; what happens with them is in `comparing`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fttool.cli import measuring_options, options
from fttool.cli.connection import Connection, connected

EXAMPLES = """\b
Examples:
  fttool compare ft:baseline:local:desk:a1b2c3d4 ft:baseline:local:desk:e5f6a7b8 -f valid.jsonl --local
  fttool compare gpt-4.1-mini-2025-04-14 ft:gpt-4.1-mini-2025-04-14:me::a1b2c3d4 -f valid.jsonl --html report.html
  fttool compare ft:gpt-4.1-mini-2025-04-14:me::a1b2c3d4 local:ft:baseline:local:desk:e5f6a7b8 -f valid.jsonl
  fttool compare old.answers.jsonl azure:my-deployment -f valid.jsonl --disagreements-file differ.jsonl"""

_Models = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL...", help="Models, PROFILE:MODEL for one on another profile, or files of answers; at least two."
    ),
]
_File = Annotated[
    Path,
    typer.Option("-f", "--file", metavar="FILE", help="JSONL with `prompt` and `completion`, or with `messages`."),
]
_Seed = Annotated[int, typer.Option("--seed", metavar="N", help="What --limit and the intervals draw by.")]
_Answers = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FOLDER", help="Where answers are kept (here): FILE.MODEL.answers.jsonl."),
]
_Prices = Annotated[
    list[str] | None,
    typer.Option(
        "--price", metavar="[MODEL=]IN:OUT", help="Dollars for a million tokens asked and answered (repeatable)."
    ),
]
_Disagreements = Annotated[
    int | None,
    typer.Option("--disagreements", metavar="N", min=0, help="Show N of the rows that are answered differently (10)."),
]
_DisagreementsFile = Annotated[
    Path | None,
    typer.Option("--disagreements-file", metavar="FILE", help="Write all of these rows there, as JSONL."),
]
_Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write one page with all of it, to open or to send.")
]
_Force = Annotated[bool, typer.Option("--force", help="Replace the files of --html and --disagreements-file.")]


@connected
def compare(
    connection: Connection,
    models: _Models,
    file: _File,
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
    price: _Prices = None,
    disagreements: _Disagreements = None,
    disagreements_file: _DisagreementsFile = None,
    html: _Html = None,
    force: _Force = False,
    json: options.Json = False,
) -> None:
    """Measure several models on the same examples.

    Each metric has its 95% interval, and each model is tested against the first one on the rows that both answered:
    whether a difference is real, or chance could have made it. Models are asked as `evaluate` does, and share its
    files of answers: what is there is not asked again. In a pipe: a line for each metric of each model.
    """
    from fttool.cli import comparing, evaluate_asking, evaluating

    asking = evaluate_asking.asking(
        limit=limit,
        seed=seed,
        concurrency=concurrency,
        task=task,
        stop=stop,
        separator=separator,
        max_tokens=max_tokens,
        temperature=temperature,
        price=None,
    )
    wish = comparing.Wish(
        models=tuple(models),
        file=file,
        asking=asking,
        wanted=evaluating.wanted(positive_class, beta, metric),
        prices=comparing.prices(price or (), models),
        folder=output_,
        anew=anew,
        disagreements=disagreements,
        disagreements_file=disagreements_file,
        html=html,
        force=force,
        json=json,
    )
    comparing.run(connection, wish)
