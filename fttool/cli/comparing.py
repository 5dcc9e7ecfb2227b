"""From the options of `fttool compare` to a comparison: find the models, ask them, measure, test, show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fttool.cli import compare_views, evaluate_asking, evaluate_views, output
from fttool.cli.compare_models import Source, asked
from fttool.errors import OutputError, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.cli.evaluate_asking import Asking
    from fttool.jobs.evaluate.examples import Survey
    from fttool.jobs.evaluate.plan import Plan
    from fttool.jobs.evaluate.run import Price
    from fttool.jobs.metrics.measure import Measured, Wanted
    from fttool.records.comparison import Comparison, Contestant, Disagreement
    from fttool.records.metrics import Task

#: What tables call the models; further ones get a number.
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

#: So many rows are shown on a terminal and in JSON, and on a page, if the user does not say otherwise.
_SHOWN = 10
_ON_PAGE = 200

#: The metric that decides for texts: the first of these that was measured.
_MAIN_OF_TEXTS = ("text/chrf", "text/token_f1")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done."""

    models: tuple[str, ...]
    file: Path
    asking: Asking
    wanted: Wanted
    prices: Mapping[str, Price]
    folder: Path | None
    anew: bool
    disagreements: int | None
    disagreements_file: Path | None
    html: Path | None
    force: bool
    json: bool


def prices(given: Sequence[str], models: Sequence[str]) -> dict[str, Price]:
    """What tokens cost, by model as it was named; `IN:OUT` alone is for all. Raises UsageError."""
    found: dict[str, Price] = {}
    for each in given:
        name, equals, numbers = each.rpartition("=")
        price = evaluate_asking.parse_price(numbers)
        if equals and name not in models:
            raise UsageError(f"`--price`: `{name}` is none of the models", hint=f"they are {', '.join(models)}")
        found.update({name: price} if equals else dict.fromkeys(set(models) - set(found), price))
    return found


def run(connection: Connection, wish: Wish) -> None:
    """Do it, and show what comes of it."""
    _check(wish)
    found = evaluate_asking.survey_file(wish.file)
    plan = evaluate_asking.plan_for(found, wish.asking)
    _check_plan(plan.task, wish)
    if not wish.json:
        evaluate_views.tell_plan(found, plan)
    sources = asked(
        connection,
        wish.models,
        found,
        plan,
        wish.asking,
        wish.prices,
        folder=wish.folder,
        anew=wish.anew,
        tell=not wish.json,
    )
    comparison, differing = _compared(found, plan, sources, wish)
    if wish.disagreements_file is not None:
        compare_views.write_disagreements(comparison, differing, wish.disagreements_file, overwrite=wish.force)
    if wish.html is not None:
        from fttool.cli import compare_page

        page = replace(comparison, disagreements=_first(differing, wish.disagreements, _ON_PAGE))
        compare_page.write(page, wish.html, overwrite=wish.force)
    shown = replace(comparison, disagreements=_first(differing, wish.disagreements, _SHOWN))
    if wish.json:
        output.answer_json(shown.to_dict())
        return
    compare_views.show(shown, rows=wish.disagreements is not None)
    for path in (wish.disagreements_file, wish.html):
        if path is not None:
            output.note(output.paint("wrote", "green", stderr=True), f" {path}")


def _check(wish: Wish) -> None:
    """Raise for what can be known to be wrong before anything is asked."""
    if len(wish.models) < 2:
        raise UsageError("one model is nothing to compare", hint="`fttool evaluate MODEL -f FILE` measures one")
    twice = next((name for at, name in enumerate(wish.models) if name in wish.models[:at]), None)
    if twice is not None:
        raise UsageError(f"`{twice}` is named twice")
    if wish.folder is not None and not wish.folder.is_dir():
        raise OutputError("there is no such folder", file=str(wish.folder), hint="`-o` takes a folder that exists")
    from fttool.dataset.output import check_target

    for path in (wish.html, wish.disagreements_file):
        if path is not None:
            check_target(path, [], overwrite=wish.force)
            if path.resolve() == wish.file.resolve():
                raise UsageError(f"`{path}` is the file of examples")
    if wish.html is not None and wish.html == wish.disagreements_file:
        raise UsageError("the page and the rows cannot be the same file")


def _check_plan(task: Task, wish: Wish) -> None:
    if task == "text" and wish.wanted.positive is not None:
        raise UsageError("`--positive-class` is for labels, and these completions are texts")


def _compared(
    found: Survey, plan: Plan, sources: Sequence[Source], wish: Wish
) -> tuple[Comparison, list[Disagreement]]:
    """All measured and tested, and the rows that were answered differently: all if they go into a file, else some."""
    from fttool.jobs.metrics import measure
    from fttool.records.comparison import Comparison

    want = replace(wish.wanted, task=plan.task, labels=plan.labels or None, seed=wish.asking.seed)
    measured = [measure.measured(each.answers, want) for each in sources]
    models = tuple(_contestants(sources, measured, want, wish))
    if wish.disagreements_file is not None:
        most = None
    else:
        most = wish.disagreements if wish.disagreements is not None else _ON_PAGE if wish.html else _SHOWN
    count, differing = _disagreements(found, plan, sources, measured, most)
    main = _main(plan.task, models)
    examples = max(each.measures.examples for each in models)
    return Comparison(found.name, found.sha256, examples, plan.task, main, models, count), differing


def _contestants(
    sources: Sequence[Source], measured: Sequence[Measured], want: Wanted, wish: Wish
) -> Iterable[Contestant]:
    from fttool.jobs.metrics import paired
    from fttool.jobs.metrics.usage import usage
    from fttool.records.comparison import Contestant

    for at, (source, each) in enumerate(zip(sources, measured, strict=True)):
        yield Contestant(
            letter=_LETTERS[at] if at < len(_LETTERS) else str(at + 1),
            name=source.name,
            model=source.model,
            service=source.service,
            answers=str(source.path),
            measures=each.measures,
            usage=usage(source.answers, source.price),
            differences=paired.compare(measured[0], each, want) if at else (),
        )


def _main(task: Task, models: Sequence[Contestant]) -> str:
    """The metric that decides: the user's own if there is one, accuracy for labels, chrF for texts."""
    names = [each.name for each in models[0].measures.metrics]
    tested = {each.metric for model in models for each in model.differences}
    own = [name for name in names if name.startswith("custom/") and name in tested]
    if own:
        return own[0]
    if task == "classification":
        return "classification/accuracy"
    return next((name for name in _MAIN_OF_TEXTS if name in names), _MAIN_OF_TEXTS[-1])


def _disagreements(
    found: Survey, plan: Plan, sources: Sequence[Source], measured: Sequence[Measured], most: int | None
) -> tuple[int, list[Disagreement]]:
    """How many rows were answered differently, and the first `most` of them with question and answers."""
    from fttool.jobs.metrics import disagreements

    labels = measured[0].labels
    rows = [disagreements.rows(each.answers, found.rows, plan.task, labels) for each in sources]
    differing = disagreements.find(rows)
    chosen = {int(index): at for at, index in enumerate(differing[:most])}
    texts = [disagreements.texts(each.answers, chosen) for each in sources]
    right = [[bool(each.right[index]) for index in chosen] for each in rows]
    return len(differing), compare_views.disagreements(found, plan, chosen, texts, right)


def _first(differing: Sequence[Disagreement], wanted: int | None, usual: int) -> tuple[Disagreement, ...]:
    return tuple(differing[: usual if wanted is None else wanted])
