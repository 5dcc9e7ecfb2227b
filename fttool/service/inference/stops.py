"""Where a text ends because of a stop sequence, found while the text still grows."""

from __future__ import annotations

from collections.abc import Sequence


class StopScanner:
    """Reads a text piece by piece; says where a stop sequence begins, and how much of the text is safe to send.

    The text ends with the first stop sequence that is complete, whatever the pieces; of several that are complete with
    the same character, the longest counts. Each sequence is followed by its own automaton (Knuth, Morris and Pratt),
    so a character costs the same however long the sequences are.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [(stop, _failures(stop)) for stop in stops if stop]
        self._matched = [0] * len(self._stops)
        self._length = 0
        #: Where the stop sequence found begins, in characters from the start of the text; None until there is one.
        self.found: int | None = None

    def feed(self, piece: str) -> None:
        """Read on, up to the end of the first stop sequence."""
        if not self._stops:
            self._length += len(piece)
            return
        for character in piece:
            if self.found is not None:
                return
            self._length += 1
            self._step(character)

    @property
    def safe(self) -> int:
        """How many characters of the text certainly stand before any stop sequence."""
        if self.found is not None:
            return self.found
        return self._length - max(self._matched, default=0)

    def _step(self, character: str) -> None:
        for at, (stop, failures) in enumerate(self._stops):
            matched = self._matched[at]
            while matched and stop[matched] != character:
                matched = failures[matched - 1]
            if stop[matched] == character:
                matched += 1
            if matched == len(stop):
                begin = self._length - len(stop)
                self.found = begin if self.found is None else min(self.found, begin)
                matched = 0
            self._matched[at] = matched


def _failures(stop: str) -> list[int]:
    """For each prefix of `stop`: the length of its longest proper suffix that is a prefix of `stop` too."""
    failures = [0] * len(stop)
    matched = 0
    for at in range(1, len(stop)):
        while matched and stop[matched] != stop[at]:
            matched = failures[matched - 1]
        if stop[matched] == stop[at]:
            matched += 1
        failures[at] = matched
    return failures
