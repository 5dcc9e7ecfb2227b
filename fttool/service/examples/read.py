"""A training file as a stream of examples, and the look at the whole of it before a job may start.

Files are read line by line, as often as asked, and never held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from fttool.rules.parts import MOST_IMAGE_EXAMPLES
from fttool.service.examples.lines import decoded, lines
from fttool.service.examples.look import Look
from fttool.service.examples.rows import METHOD_SHAPES, examples
from fttool.service.jobs.fault import JobFault
from fttool.service.trainers import Example

#: OpenAI's least number of lines of a training file; it asks nothing of a validation file but that it is not empty.
LEAST_EXAMPLES = 10


@dataclass(frozen=True)
class Inspection:
    """What a valid file holds. `examples`: for the trainer; `skipped`: lines with nothing that it could learn;
    `unseen`: lines with images, sound or files; `called`: lines with calls of tools among the answers."""

    shape: str
    lines: int
    examples: int
    skipped: int = 0
    unseen: int = 0
    called: int = 0

    def to_dict(self) -> dict[str, object]:
        """As JSON keeps it."""
        return asdict(self)


class FileExamples:
    """The examples of a valid file of one shape; `count` if it is known, else they are counted when asked for."""

    def __init__(self, path: Path, shape: str, count: int | None = None) -> None:
        self._path = path
        self._shape = shape
        self._count = count

    def __len__(self) -> int:
        if self._count is None:
            self._count = sum(1 for _ in self)
        return self._count

    def __iter__(self) -> Iterator[Example]:
        for _, line in lines(self._path):
            yield from examples(decoded(line), self._shape)


def inspect(path: Path, *, role: str = "training", method: str = "supervised") -> Inspection:
    """Look at every line of a file; `role` is "training" or "validation".

    A row is refused for what `fttool.rules` calls an error, and for nothing else but what its JSON, its shape or the
    file as a whole is not.

    Raises:
        JobFault: with OpenAI's code, and the first faults' line numbers.
        OSError: the file cannot be read.
    """
    look = Look(method)
    for number, line in lines(path):
        look.at(number, line)
    said = _file_fault(look, role, method)
    if said is not None:
        raise JobFault(f"invalid_{role}_file", said, f"{role}_file")
    if role == "training" and look.lines < LEAST_EXAMPLES:
        few = f"Training file has {look.lines} example(s), but must have at least {LEAST_EXAMPLES} examples"
        raise JobFault("invalid_n_examples", few, "training_file")
    if not look.lines:
        raise JobFault(
            "invalid_n_examples", "Validation file has 0 example(s), but must have at least 1", f"{role}_file"
        )
    if not look.examples:
        nothing = f"No example of the {role} file has a text of the assistant to learn"
        raise JobFault(f"invalid_{role}_file", nothing, f"{role}_file")
    return Inspection(look.shape or "", look.lines, look.examples, look.skipped, look.unseen, look.called)


def _file_fault(look: Look, role: str, method: str) -> str | None:
    """What is wrong with a file, in words; None if nothing is."""
    if look.is_reinforcement:
        return (
            f"The examples of the {role} file are prompts for reinforcement: they end with the user, and have fields "
            f"to grade answers by. The method '{method}' takes {' or '.join(METHOD_SHAPES[method])} examples"
        )
    if look.faults:
        others = f" (and {look.more:,} more)" if look.more else ""
        reasons = "; ".join(f"Line {number}: {reason}" for number, reason in look.faults)
        return f"The job failed due to a file format error in the {role} file. Invalid file format. {reasons}{others}"
    if role == "training" and look.pictured > MOST_IMAGE_EXAMPLES:
        return (
            f"{look.pictured:,} examples of the training file hold images; at most {MOST_IMAGE_EXAMPLES:,} are taken "
            "[image-examples]"
        )
    return None
