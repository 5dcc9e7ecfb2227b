"""What a job will cost, told before money is spent: and not spent where it is more than was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fttool.cli import cost_views, output, prompts, vocabulary
from fttool.cli.shell import shell
from fttool.errors import DataError, UsageError

if TYPE_CHECKING:
    from fttool.config import Config
    from fttool.dataset.counting import Mode
    from fttool.records.cost import Cost
    from fttool.records.dataset import Report
    from fttool.records.tokens import TokenCount

MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", "--max_cost", metavar="USD", min=0, help="Refuse if it costs more, or if that is not known."
    ),
]


def of_job(
    config: Config,
    service: str,
    body: Mapping[str, Any],
    paths: Sequence[Path | None],
    *,
    quiet: bool = False,
) -> Cost:
    """The cost of a job, from the request that creates it and its files on this machine (None: it is elsewhere).

    Tokens are counted only where a price is known for them.
    """
    from fttool.catalog.cost import price_known, work_out
    from fttool.catalog.models import longest

    model, method = str(body["model"]), _method(body)
    tokens: TokenCount | None = None
    why = "the training file is not on this machine, so its tokens cannot be counted"
    free = work_out(service, model, method, None, None, config.prices).total == 0
    if paths[0] is not None and price_known(service, model, method, config.prices) and not free:
        try:
            tokens = count([paths[0]], model, "auto", longest(model, service), quiet=quiet)
        except DataError as error:
            why = f"the tokens cannot be counted: {error.message}"
    return work_out(
        service, model, method, tokens, _epochs(body, method), config.prices, validation=len(paths) > 1, no_tokens=why
    )


def of_report(config: Config, report: Report) -> list[str]:
    """What training on prepared data costs, in a line or two."""
    from fttool.catalog.cost import work_out
    from fttool.cli.services import chosen
    from fttool.records.dataset import METHODS

    written = {each.role: each.path for each in report.outputs}
    model = config.get("model")
    if model is None:
        command = shell(["fttool", "cost", written.get("training", report.inputs[0].path)])
        return [f"cost: unknown until a model is named; `{command}` compares"]
    cost = work_out(
        chosen(config)[0].name,
        model,
        METHODS.get(report.shape, "supervised"),
        report.training_tokens or report.tokens,
        None,
        config.prices,
        validation="validation" in written,
    )
    return [cost_views.line(cost), *(f"  {note}" for note in cost.notes if cost.total)]


def count(
    paths: Sequence[Path], model: str | None, mode: Mode, limit: int | None, *, quiet: bool = False
) -> TokenCount | None:
    """The tokens of training files, with a bar where it takes long; None for the mode `off`.

    `limit` is the longest example that the model trains on.
    """
    from fttool.cli.views import Bars
    from fttool.dataset.count import count_tokens, find_shape

    if mode == "off":
        return None
    vocabulary.have(model, find_shape(paths[0]), mode, quiet=quiet)
    with Bars() as bars:
        return count_tokens(
            paths, model, limit, all_rows=mode == "exact", estimate=mode == "estimate", progress=bars.tell
        )


def tell(cost: Cost) -> None:
    """The cost and what to know of it, on stderr."""
    output.note(cost_views.line(cost))
    for note in cost.notes if cost.total else ():
        output.note(f"  {note}")
    if (command := cost_views.set_price(cost)) is not None and cost.total is None:
        output.hint(f"`{command}` tells fttool the price of a million trained tokens")


def guard(cost: Cost, max_cost: float | None) -> None:
    """Raise UsageError if a job may cost more than `max_cost` USD, or if that is not known."""
    if max_cost is None:
        return
    if cost.total is None:
        command = cost_views.set_price(cost)
        raise UsageError(
            f"what it costs is not known: {cost.unknown}; nothing was sent",
            hint=f"`{command}` tells fttool the price" if command else "leave `--max-cost` out to go on all the same",
        )
    most = cost.total if cost.at_most is None else cost.at_most
    if most > max_cost:
        may = "costs" if cost.exact else "may cost"
        raise UsageError(
            f"it {may} {cost_views.money(most)}, which is more than --max-cost {max_cost:g}; nothing was sent",
            hint="fewer epochs (`--n_epochs`) or a smaller model cost less: `fttool cost FILE` compares",
        )


def agreed(cost: Cost, config: Config, *, yes: bool, no_input: bool) -> bool:
    """Whether to go on: asked on a terminal, if it costs more than the setting `ask_above`."""
    most = cost.at_most if cost.at_most is not None else cost.total
    if yes or most is None or most <= config.get("ask_above") or not prompts.can_ask(no_input):
        return True
    return prompts.confirm(f"Train for {cost_views.total(cost)}?")


def _method(body: Mapping[str, Any]) -> str:
    method = body.get("method")
    return str(method.get("type", "supervised")) if isinstance(method, Mapping) else "supervised"


def _epochs(body: Mapping[str, Any], method: str) -> int | None:
    """`n_epochs` of a request; None where the service decides."""
    found: Any = body.get("method")
    inner = found.get(method) if isinstance(found, Mapping) else None
    values = (inner if isinstance(inner, Mapping) else body).get("hyperparameters")
    epochs = values.get("n_epochs") if isinstance(values, Mapping) else None
    return epochs if isinstance(epochs, int) and not isinstance(epochs, bool) else None
