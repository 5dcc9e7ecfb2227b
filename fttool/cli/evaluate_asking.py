"""From the options that say how to ask, to the answers of a model: for `evaluate`, `compare` and `create`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from fttool.cli import output
from fttool.errors import DataError, FttoolError, UsageError

if TYPE_CHECKING:
    from fttool.cli.progress import Progress
    from fttool.config import Setting
    from fttool.jobs.client import Client
    from fttool.jobs.evaluate.examples import Survey, TextEnds
    from fttool.jobs.evaluate.plan import Plan
    from fttool.jobs.evaluate.run import Evaluated, Listener, Price, Tally


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask. None leaves it to the data."""

    limit: int | None = None
    seed: int = 0
    concurrency: int = 8
    task: Literal["classification", "text"] | None = None
    stop: str | None = None
    separator: str | None = None
    max_tokens: int | None = None
    temperature: float = 0.0
    price: Price | None = None


def asking(
    *,
    limit: int | None,
    seed: int,
    concurrency: int,
    task: str | None,
    stop: str | None,
    separator: str | None,
    max_tokens: int | None,
    temperature: float,
    price: str | None,
) -> Asking:
    r"""The options, checked; `\n` in texts is a line end. Raises UsageError."""
    from fttool.jobs.inputs import unescaped

    if task not in (None, "classification", "text"):
        raise UsageError(f"--task takes classification or text, not `{task}`")
    if temperature != temperature:
        raise UsageError("`--temperature` takes a number, not nan")
    stop, separator = (None if text is None else unescaped(text) for text in (stop, separator))
    if stop == "" or separator == "":
        raise UsageError(f"`--{'stop' if stop == '' else 'separator'}` takes a text")
    return Asking(
        limit=limit,
        seed=seed,
        concurrency=concurrency,
        task=cast('Literal["classification", "text"] | None', task),
        stop=stop,
        separator=separator,
        max_tokens=max_tokens,
        temperature=temperature,
        price=None if price is None else parse_price(price),
    )


def parse_price(text: str) -> Price:
    """Dollars for a million tokens asked and answered, from `IN:OUT`. Raises UsageError."""
    from fttool.jobs.evaluate.run import Price

    try:
        first, second = (float(part) for part in text.split(":"))
        if not (0 <= first < 1e6 and 0 <= second < 1e6):
            raise ValueError
    except ValueError:
        raise UsageError(f"--price takes two numbers such as 0.40:1.60, not `{text}`") from None
    return Price(first, second)


def priced(wish: Asking, client: Client, model: str, own: Mapping[str, Setting]) -> Asking:
    """The same with what tokens of the model cost, where it is known and was not said. `own`: the user's prices."""
    return wish if wish.price is not None else replace(wish, price=usual_price(client.service.name, model, own))


def usual_price(service: str, model: str, own: Mapping[str, Setting]) -> Price | None:
    """What the tokens of a model cost on a service, by the settings or the table."""
    from fttool.catalog.prices import find_use_price
    from fttool.jobs.evaluate.run import Price

    found = find_use_price(service, model, own)
    return None if found is None else Price(*found)


def survey_file(path: Path, name: str | None = None) -> Survey:
    """Read the examples once. Raises DataError."""
    from fttool.jobs.evaluate.examples import survey

    if not path.exists():
        from fttool.jobs.sources import nearest_file

        near = nearest_file(str(path))
        raise DataError("there is no such file", file=name or str(path), hint=near and f"did you mean `{near}`?")
    if path.is_dir():
        raise DataError("this is a folder, not a file", file=name or str(path))
    return survey(path, name)


def plan_for(found: Survey, wish: Asking) -> Plan:
    """How to ask the examples of a file: separator and stop sequence as prepare_data sees them in it."""
    from fttool.jobs.evaluate.plan import make_plan

    stop = wish.stop
    if stop is None and found.kind == "completion":
        stop = _common_stop(found)
    return make_plan(
        found,
        stop=stop,
        separator=wish.separator,
        task=wish.task,
        max_tokens=wish.max_tokens,
        temperature=wish.temperature,
    )


def _common_stop(found: Survey) -> str | None:
    """What all completions end with, if it is a stop sequence: none that would cut one of them earlier."""
    from fttool.dataset.ends import existing_stop
    from fttool.jobs.evaluate.examples import holds_inside

    stop = existing_stop(_stats(found.completions))
    return stop if stop and not holds_inside(found, stop) else None


def separator_in(found: Survey) -> str | None:
    """What all prompts end with, if it is a separator."""
    from fttool.dataset.ends import existing_separator

    return existing_separator(_stats(found.prompts)) or None


def _stats(ends: TextEnds):  # type: ignore[no-untyped-def]
    from fttool.dataset.profile import TextStats

    return TextStats(texts=ends.texts, suffix=ends.suffix, shortest=ends.shortest)


def answers_file(found: Survey, model: str, folder: Path | None = None) -> Path:
    """Where the answers are kept if the user does not say."""
    from fttool.jobs.evaluate.kept import file_name

    stem = Path(found.name).name.removesuffix(".jsonl")
    return (folder or Path()) / f"{file_name(stem)}.{file_name(model)}.answers.jsonl"


def ask(
    client: Client,
    model: str,
    found: Survey,
    plan: Plan,
    target: Path,
    wish: Asking,
    *,
    anew: bool = False,
    retries: int | None = None,
    quiet: bool = False,
    again: str = "the same command",
) -> Evaluated:
    """The answers of a model: asked now, or kept in `target` from before. Shows how far it is, and says what was done.

    `again` is what goes on after an interruption. Raises as `fttool.jobs.evaluate.run.evaluate` does.
    """
    from fttool.jobs.evaluate.run import Sample, evaluate

    with output.progress(None, "rows", label=f"asking {model}") as bar, _resumable(target, again):
        done = evaluate(
            client,
            model,
            found,
            plan,
            target,
            sample=Sample(wish.limit, wish.seed),
            concurrency=wish.concurrency,
            retries=retries,
            anew=anew,
            price=wish.price,
            listener=_listener(bar, quiet),
        )
    if not quiet:
        tell(done.tally, target)
    return done


@contextmanager
def _resumable(target: Path, again: str) -> Iterator[None]:
    """Whatever ends the asking: what was answered is kept, and the user is told."""
    from fttool.jobs.evaluate.answers import holds_answers

    try:
        yield
    except KeyboardInterrupt:
        if holds_answers(target):
            output.hint(f"what was answered is kept in {target}; {again} goes on from there")
        raise
    except FttoolError as error:
        if error.exit_code in (4, 5) and holds_answers(target):
            kept = f"what was answered is kept in {target}; {again} goes on from there"
            error.hint = f"{error.hint}\n{kept}" if error.hint else kept
        raise


def _listener(bar: Progress, quiet: bool) -> Listener:
    from fttool.jobs.evaluate.run import Listener

    def begin(tally: Tally) -> None:
        bar.total = tally.rows - tally.kept
        if tally.kept and not quiet:
            output.note(f"{tally.kept:,} of {tally.rows:,} answers are there already")

    def progress(tally: Tally) -> None:
        bar.note = spent(tally) + (f", waiting {tally.waiting:.0f} s as told" if tally.waiting > 1 else "")
        bar.advance(tally.answered + tally.failed - bar.done)

    return Listener(begin, progress, output.warn)


def spent(tally: Tally) -> str:
    """Tokens, and money if the price is known."""
    tokens = f"{tally.prompt_tokens + tally.completion_tokens:,} tokens"
    if tally.cost is None:
        return tokens
    return f"{tokens}, ${tally.cost:.2f}" if tally.cost >= 1 else f"{tokens}, ${tally.cost:.4f}"


def tell(tally: Tally, target: Path) -> None:
    """What was asked now, and where the answers are."""
    asked = tally.answered + tally.failed
    if asked:
        speed = f"{asked / tally.seconds:,.1f} a second" if tally.seconds else ""
        output.note(f"asked {asked:,} in {tally.seconds:,.1f} s ({speed}); {spent(tally)}")
    if tally.failed:
        output.warn(f"{tally.failed:,} got no answer, and are in no metric (`error` in {target} says why)")
        output.hint("the same command asks them again")
