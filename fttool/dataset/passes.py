"""Passes over the inputs that make profiles; those already made are remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fttool.dataset.blocks import profile_block
from fttool.dataset.checks.base import Spec
from fttool.dataset.ends import existing_separator, existing_stop
from fttool.dataset.formats.base import BadRow
from fttool.dataset.parallel import Runner
from fttool.dataset.places import Places
from fttool.dataset.profile import Profile
from fttool.errors import DataError

#: Told how far a pass is: what it does, bytes read, bytes in all, rows read.
Progress = Callable[[str, int, int, int], None]


class Profiler:
    """Profiles the inputs; `places` and `rejected` are known after the first pass."""

    def __init__(self, runner: Runner, progress: Progress | None) -> None:
        self.runner = runner
        self.progress = progress
        self.places = Places()
        self.rejected: list[tuple[int, BadRow]] = []
        self._known: dict[tuple[Spec, bytes | None], Profile] = {}

    def profile(self, spec: Spec, gone: bytes | None) -> tuple[Spec, Profile]:
        """Profile all inputs; again with the right ends where the first block had others than the whole."""
        if not spec.separator and not spec.stop:
            spec = self._guess_ends(spec)
        profile = self._pass(spec, gone)
        separator = existing_separator(profile.prompt)
        stop = existing_stop(profile.completion)
        if (separator, stop) != (spec.separator, spec.stop):
            spec = replace(spec, separator=separator, stop=stop)
            profile = self._pass(spec, gone)
        return spec, profile

    def _guess_ends(self, spec: Spec) -> Spec:
        if spec.layout.keeps_rows:
            return spec
        block = self.runner.spools[0].first()
        if block is None:
            return spec
        try:
            first = profile_block(block, spec)
        except DataError:
            return spec  # the pass that follows says what is wrong, and where
        return replace(
            spec,
            separator=existing_separator(first.prompt),
            stop=existing_stop(first.completion),
        )

    def _pass(self, spec: Spec, gone: bytes | None) -> Profile:
        known = self._known.get((spec, gone))
        if known is not None:
            return known
        profile, places = Profile(), Places()
        rejected: list[tuple[int, BadRow]] = []
        total, read = sum(table.size for table in self.runner.tables), 0
        starts = self.places.starts

        def flags(number: int) -> bytes | None:
            stop = starts[number + 1] if number + 1 < len(starts) else None
            return None if gone is None else gone[starts[number] : stop]

        for done in self.runner.run(profile_block, (spec,), flags):
            profile.merge(done.result)
            places.add(done.source, done.lines)
            rejected.extend((done.source, row) for row in done.bad)
            read += done.size
            if self.progress is not None:
                self.progress("checking", read, total, profile.rows)
        if self.places.rows and places.rows != self.places.rows:
            raise DataError("the input changed while it was being read", hint="run the command again")
        self.places, self.rejected = places, rejected
        self._known[(spec, gone)] = profile
        return profile
