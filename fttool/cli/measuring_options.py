"""Options that `evaluate` and `compare` share: how models are asked, and what is measured."""

from __future__ import annotations

from typing import Annotated

import typer

Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Ask only N of the examples, drawn at random.")
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", metavar="N", min=1, max=256, help="So many requests at once, at most.")
]
Anew = Annotated[bool, typer.Option("--anew", help="Throw kept answers away and ask all again.")]
Task = Annotated[
    str | None,
    typer.Option("--task", metavar="NAME", help="classification or text, if the completions do not show it."),
]
Stop = Annotated[
    str | None, typer.Option("--stop", metavar="TEXT", help="Stop sequence; else the common end of the completions.")
]
Separator = Annotated[
    str | None, typer.Option("--separator", metavar="TEXT", help="Put this behind prompts that do not end with it.")
]
MaxTokens = Annotated[
    int | None,
    typer.Option("-M", "--max-tokens", "--max_tokens", metavar="N", min=1, help="How long an answer may be."),
]
Temperature = Annotated[
    float, typer.Option("-t", "--temperature", metavar="T", min=0, max=2, help="0: always the likeliest answer.")
]
Positive = Annotated[
    str | None,
    typer.Option(
        *("--positive-class", "--positive_class"),
        metavar="LABEL",
        help="Of two labels, the one that precision, recall, F, AUROC and AUPRC are about.",
    ),
]
Betas = Annotated[
    list[float] | None, typer.Option("--beta", metavar="N", help="Also the F-score of this beta (repeat for more).")
]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="FILE.py:NAME", help="A function of (expected, answer) of yours (repeatable)."),
]
