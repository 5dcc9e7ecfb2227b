"""What is counted and found while a training file is looked at, line by line."""

from __future__ import annotations

from fttool.rules.parts import count_images
from fttool.rules.reinforcement import FIRST_ROWS
from fttool.service.examples.faults import row_fault
from fttool.service.examples.lines import Row, UnreadableLine, decoded, too_long
from fttool.service.examples.render import turn_of
from fttool.service.examples.rows import (
    is_asked,
    is_call,
    is_learned,
    is_unseen,
    messages_of,
    plain_count,
    shape_for,
)

#: So many faults are named; the rest are counted.
NAMED_FAULTS = 3


class Look:
    """Counts of lines and examples, and the first faults with the numbers of their lines."""

    def __init__(self, method: str) -> None:
        self.shape: str | None = None
        self.lines = self.examples = self.skipped = self.unseen = self.called = self.pictured = self.more = 0
        self.faults: list[tuple[int, str]] = []
        self._method = method
        self._asked = self._rows = 0

    @property
    def is_reinforcement(self) -> bool:
        """Whether most of the first rows are prompts for reinforcement, which look like chats nobody answers."""
        return self.shape == "chat" and self._asked * 2 > self._rows

    def at(self, number: int, line: bytes) -> None:
        """Look at a line."""
        self.lines += 1
        if self.shape is not None and not too_long(line) and (count := plain_count(line, self.shape)):
            self.examples += count
            self._rows += self.lines <= FIRST_ROWS
            return
        try:
            row = decoded(line)
        except UnreadableLine as error:
            self._fault(number, str(error))
            return
        if self.shape is None:
            self.shape = shape_for(row, self._method)
        if self.lines <= FIRST_ROWS:
            self._rows += 1
            self._asked += is_asked(row)
        reason = row_fault(row, self.shape, self._method)
        if reason is None:
            self._count(row)
        else:
            self._fault(number, reason)

    def _count(self, row: Row) -> None:
        """Count what is in a row without fault."""
        if self.shape is None or self.shape == "completion":
            self.examples += 1
            return
        messages, first = messages_of(row, self.shape)
        learned = [message for message in messages[first:] if is_learned(message, turn_of(message))]
        self.examples += len(learned)
        self.skipped += not learned
        self.called += any(map(is_call, learned))
        self.unseen += any(map(is_unseen, messages))
        self.pictured += count_images(messages) > 0

    def _fault(self, number: int, reason: str) -> None:
        if len(self.faults) < NAMED_FAULTS:
            self.faults.append((number, reason))
        else:
            self.more += 1
