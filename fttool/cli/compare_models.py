"""The models that `fttool compare` is given: on the service of the command, on other profiles, or answers in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fttool.cli import evaluate_asking, output
from fttool.errors import DataError, FttoolError, ServiceError, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.cli.evaluate_asking import Asking
    from fttool.config import Config, Setting
    from fttool.jobs.client import Client
    from fttool.jobs.evaluate.examples import Survey
    from fttool.jobs.evaluate.plan import Plan
    from fttool.jobs.evaluate.run import Price
    from fttool.records.evaluation import Answer


class _Answers:
    """Answers that can be gone through again and again."""

    def __init__(self, begin: Callable[[], Iterator[Answer]]) -> None:
        self._begin = begin

    def __iter__(self) -> Iterator[Answer]:
        return self._begin()


@dataclass(frozen=True)
class Source:
    """A model and its answers: `name` as it was given, `path` where the answers are kept, `price` of its tokens."""

    name: str
    model: str
    service: str
    path: Path
    answers: Iterable[Answer]
    price: Price | None = None


def asked(
    connection: Connection,
    names: Sequence[str],
    found: Survey,
    plan: Plan,
    asking: Asking,
    prices: Mapping[str, Price],
    *,
    folder: Path | None,
    anew: bool,
    tell: bool,
) -> list[Source]:
    """The answers of all models. `prices` go before those that are known, by name as it was given.

    Files of answers are read first, so that what is wrong with them costs nothing.
    """
    files = {name: _read(name, found, plan, asking) for name in names if _is_answers(name)}
    ways = _Ways(connection)
    targets = {name: ways.target(name) for name in names if name not in files}
    sources = []
    for name in names:
        if name in files:
            own = ways.prices()
            sources.append(replace(files[name], price=prices.get(name) or _price_of(files[name], own)))
            continue
        profile, model = targets[name]
        client = ways.client(profile)
        path = evaluate_asking.answers_file(found, name if profile else model, folder)
        if tell:
            output.note(output.paint(name, "bold", stderr=True))
        wish = evaluate_asking.priced(replace(asking, price=prices.get(name)), client, model, ways.prices())
        with ways.spelling(name):
            done = _ask(client, model, found, plan, path, wish, anew=anew, connection=connection, quiet=not tell)
        from fttool.jobs.evaluate.run import service_of

        sources.append(Source(name, model, service_of(client), path, done, wish.price))
    return sources


def _price_of(source: Source, own: Mapping[str, Setting]) -> Price | None:
    """What the answers in a file would cost: it names the address that gave them."""
    from fttool.jobs.services import recognise

    service = "local" if source.service == "local" else recognise(source.service).name
    return evaluate_asking.usual_price(service, source.model, own)


def _ask(
    client: Client,
    model: str,
    found: Survey,
    plan: Plan,
    path: Path,
    asking: Asking,
    *,
    anew: bool,
    connection: Connection,
    quiet: bool,
) -> Iterable[Answer]:
    try:
        return evaluate_asking.ask(
            client, model, found, plan, path, asking, anew=anew, retries=connection.retries, quiet=quiet
        )
    except FttoolError as error:
        if error.exit_code == 2 and error.hint and "-o FILE" in error.hint:
            error.hint = error.hint.replace("-o FILE", "-o FOLDER")
        raise


class _Ways:
    """A client for each profile that is named, and one for the command's own options."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._config: Config | None = None
        self._clients: dict[str | None, Client] = {}
        self._near: dict[str, str] = {}

    def target(self, name: str) -> tuple[str | None, str]:
        """The profile (None: that of the command) and the model of a name."""
        profile, colon, model = name.partition(":")
        # `ft:` begins the names of fine-tuned models
        if colon and profile != "ft" and self._own_config().has_profile(profile):
            if not model:
                raise UsageError(f"`{name}` names no model", hint="`PROFILE:MODEL` is a model on another profile")
            return profile, model
        if colon and profile != "ft" and (near := self._own_config().near_profile(profile)) is not None:
            self._near[name] = near
        if not name.strip():
            raise UsageError("the name of a model is empty")
        return None, name

    def prices(self) -> Mapping[str, Setting]:
        """The user's own prices."""
        return self._own_config().prices

    @contextmanager
    def spelling(self, name: str) -> Iterator[None]:
        """A model that is not there may be one of a profile whose name is mistyped: then its error says so."""
        try:
            yield
        except FttoolError as error:
            near = self._near.get(name)
            if near is not None and isinstance(error, ServiceError) and error.status == 404:
                meant = f"{near}:{name.partition(':')[2]}"
                more = f"there is no profile `{name.partition(':')[0]}`: did you mean `{meant}`?"
                error.hint = f"{more}\n{error.hint}" if error.hint else more
            raise

    def client(self, profile: str | None) -> Client:
        """A client for a profile; made when it is needed."""
        if profile not in self._clients:
            if profile is None:
                self._clients[None] = self._connection.open_with(self._own_config())
            else:
                self._clients[profile] = self._of_profile(profile)
        return self._clients[profile]

    def _own_config(self) -> Config:
        if self._config is None:
            self._config = self._connection.config()
        return self._config

    def _of_profile(self, profile: str) -> Client:
        from fttool.cli.connection import Connection
        from fttool.config import load

        given = self._connection
        other = Connection(profile=profile, timeout=given.timeout, retries=given.retries)
        return other.open_with(load({"profile": profile}))  # its warnings were told with the command's own settings


def _is_answers(name: str) -> bool:
    """Whether a name means a file of answers. Raises DataError if it does and there is none."""
    if name.endswith(".jsonl") and not Path(name).is_file():
        raise DataError("there is no such file of answers", file=name)
    return name.endswith(".jsonl")


def _read(name: str, found: Survey, plan: Plan, asking: Asking) -> Source:
    """Answers in a file. Raises UsageError if they are answers to other examples."""
    from fttool.jobs.evaluate.answers import AnswerFile, read_header
    from fttool.jobs.evaluate.run import Sample

    path = Path(name)
    try:
        header = read_header(path)
    except DataError as error:
        error.hint = "a file among the models holds answers, as `fttool evaluate` keeps them"
        raise
    if header.sha256 != found.sha256:
        raise UsageError(
            f"`{name}` holds answers to another file, `{header.file}`", hint=f"compare with `-f {header.file}`"
        )
    if header.settings.get("task") != plan.task:
        raise UsageError(f"`{name}` was asked for as {header.settings.get('task')}, not as {plan.task}")
    with AnswerFile(path, header) as kept:
        pass
    chosen = Sample(asking.limit, asking.seed).indexes(found.rows)

    def answers() -> Iterator[Answer]:
        return (each for each in kept.read() if chosen is None or each.index in chosen)

    return Source(name, header.model, header.service, path, _Answers(answers))
