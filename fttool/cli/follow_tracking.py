"""`--track`: what is followed goes to trackers as it comes; what they have to say is told here, and once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from fttool.cli import output
from fttool.cli.shell import shell
from fttool.errors import FttoolError, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.jobs.client import Client
    from fttool.jobs.trackers.base import Tracker
    from fttool.jobs.trackers.stream import Stream
    from fttool.records.jobs import EventView, JobView

Track = Annotated[
    list[str] | None,
    typer.Option("--track", metavar="wandb|mlflow[:PROJECT]", help="Send the metrics there while following."),
]

#: Seconds to wait for a tracker: after Ctrl-C; at the end of the job; before that is said.
_BRIEFLY, _PATIENTLY, _SILENTLY = 5.0, 900.0, 2.0


class Opened:
    """The trackers that were asked for, each with the options of `sync` that lead there."""

    def __init__(self) -> None:
        self.trackers: list[tuple[Tracker, list[str]]] = []
        self.taken = False


@contextmanager
def opened(specs: Sequence[str] | None) -> Iterator[Opened]:
    """Open them: before anything is sent or paid for. They are closed in the end, unless someone has taken them.

    Raises UsageError, KeyMissingError and TrackerError, as `open_tracker`.
    """
    found = Opened()
    wanted = list(dict.fromkeys(specs or ()))
    names = [spec.partition(":")[0] for spec in wanted]
    if len(set(names)) < len(names):
        raise UsageError("`--track` names a tracker twice", hint="one project is followed; `sync` sends to another")
    with ExitStack() as stack:
        for spec in wanted:
            tracker, words = _open(spec)
            found.trackers.append((stack.enter_context(closing(tracker)), words))
        yield found
        if found.taken:
            stack.pop_all()


class Tracking:
    """What is followed, on its way to trackers. Takes them: each is closed when its run is."""

    def __init__(
        self, found: Opened | None, job_id: str, client: Client, connection: Connection, *, quiet: bool
    ) -> None:
        self._quiet = quiet
        self._told: set[int] = set()
        self._streams: list[tuple[Stream, str]] = []
        if found is None or not found.trackers:
            return
        from fttool.jobs.trackers.stream import Stream

        found.taken = True
        for tracker, words in found.trackers:
            command = shell(["fttool", tracker.name, "sync", "-i", job_id, *words, *_service(tracker.name, connection)])
            self._streams.append((Stream(tracker, job_id, client, connection.again(client)), command))

    def see(self, record: JobView | EventView) -> None:
        """Something has come."""
        for stream, _ in self._streams:
            stream.see(record)
        self.tell()

    def tell(self) -> None:
        """Warn of what went wrong since the last time."""
        from fttool.config.secrets import redact

        for at, (stream, command) in enumerate(self._streams):
            if stream.problem is None or at in self._told:
                continue
            self._told.add(at)
            known = isinstance(stream.problem, FttoolError)
            text = str(stream.problem) if known else f"{stream.tracker.title}: {stream.problem!r}"
            output.warn(f"{redact(text)}; the job is not affected")
            output.hint(f"`{command}` sends it later")

    def end(self, job: JobView) -> None:
        """The job has ended: wait until the trackers have all of it, and say where it is."""
        for stream, _ in self._streams:
            stream.end(job)
        self._wait(_PATIENTLY)
        self.tell()
        for stream, _ in self._streams:
            if stream.synced is not None and not self._quiet:
                for each in stream.synced.left_out:
                    output.warn(f"{stream.tracker.title}: {each.file} is left out: {each.reason}")
                output.note(f"{stream.tracker.title}: {stream.synced.place or stream.synced.run}")
                if stream.tracker.advice:
                    output.hint(stream.tracker.advice)

    def leave(self, *, tell: bool = True) -> None:
        """No one follows any more; `sync` completes the runs when the job has ended."""
        for stream, _ in self._streams:
            stream.leave()
        self._wait(_BRIEFLY)
        self.tell()
        for at, (_, command) in enumerate(self._streams):
            if tell and at not in self._told:
                output.hint(f"`{command}` completes the run when the job has ended")

    def _wait(self, seconds: float) -> None:
        for at, (stream, command) in enumerate(self._streams):
            if stream.join(min(_SILENTLY, seconds)):
                continue
            if seconds > _SILENTLY:
                output.note(f"sending to {stream.tracker.title} …")
                if stream.join(seconds - _SILENTLY):
                    continue
            self._told.add(at)
            output.warn(f"{stream.tracker.title} is slow to take it; `{command}` sends it again")


def _open(spec: str) -> tuple[Tracker, list[str]]:
    from fttool.jobs.trackers import open_tracker
    from fttool.jobs.trackers.base import Target

    name, colon, project = spec.partition(":")
    if colon and not project:
        raise UsageError(f"`--track {spec}` names no project")
    option = "--experiment" if name == "mlflow" else "--project"
    return open_tracker(name, Target(project or None)), [option, project] if project else []


def _service(name: str, connection: Connection) -> list[str]:
    """The options that lead to the same service: of `wandb sync`, `--project` is W&B's."""
    words = connection.words()
    return ["--service-project" if word == "--project" else word for word in words] if name == "wandb" else words
