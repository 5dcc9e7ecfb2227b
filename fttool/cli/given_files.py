"""The two inputs of a job: as they are given, where they lie on this machine, and what they are on the service."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fttool.cli import output, uploading
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.jobs.services.base import Service
    from fttool.jobs.sources import Source


@dataclass(frozen=True, slots=True)
class GivenFile:
    """One of the two inputs, as it was meant and (unless it is an id) where it lies on this machine."""

    source: Source
    path: Path | None

    @property
    def name(self) -> str:
        """What to call it."""
        if self.source.kind == "path" or self.path is None:
            return self.source.text
        return self.path.name

    @property
    def filename(self) -> str:
        """Its name on the service: training files end in .jsonl (OpenAI's contract). Not for an id."""
        assert self.path is not None
        name = self.path.name
        return name if name.lower().endswith(".jsonl") else f"{name}.jsonl"


def find_sources(training: str, validation: str | None) -> list[Source]:
    """What `-t` and `-v` mean. Raises UsageError for what is neither path, URL nor id, and for two of stdin."""
    from fttool.jobs.sources import find_source

    sources = [find_source(training, "-t")]
    if validation is not None:
        sources.append(find_source(validation, "-v"))
    if [source.kind for source in sources].count("stdin") > 1:
        raise UsageError("standard input holds one file: give the other by name")
    if len(sources) == 2 and sources[0] == sources[1]:
        output.warn("training and validation file are the same: validation will show nothing new")
    return sources


def not_fetched(sources: Iterable[Source]) -> list[GivenFile]:
    """The inputs without those that would have to be fetched, for a dry run."""
    return [GivenFile(source, source.path if source.kind == "path" else None) for source in sources]


def on_disk(source: Source, service: Service) -> contextlib.AbstractContextManager[Path | None]:
    """Where the file lies on this machine while the context lasts; None for an id."""
    if source.kind == "id":
        return contextlib.nullcontext()
    return uploading.on_disk(source, service.largest_file)
