"""What a check is: it may scan each block for rows, and it judges the profile of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from fttool.dataset.examples import Pairs
from fttool.dataset.identity import Repeats
from fttool.dataset.profile import Profile
from fttool.dataset.rows import Hit, Rows
from fttool.dataset.shapes import Layout
from fttool.dataset.steps import Step
from fttool.dataset.tokens import TokenLimit
from fttool.records.dataset import SHAPES, FixLevel, InputFile, Severity, Shape, Task
from fttool.rules.limits import DEFAULT, Limits


@dataclass(frozen=True, slots=True)
class Spec:
    """How a block is profiled: the layout, the changes made before, and what the ends of the texts seem to be.

    `separator` and `stop` are those of the first block; when the whole file turns out to have others, it is
    profiled again with these. `compare`: there are validation rows, to be held against the training rows. `graded`:
    the fields that graders read (`item.…`). `limits` are those of the service.
    """

    layout: Layout
    limit: TokenLimit
    model: str | None = None
    steps: tuple[Step, ...] = ()
    separator: str = ""
    stop: str = ""
    compare: bool = False
    graded: tuple[str, ...] = ()
    limits: Limits = DEFAULT


@dataclass(slots=True)
class Verdict:
    """What a check found. `rows` are positions over all inputs; none means the file as a whole.

    Its fix, if it has one, is `steps` that change texts, or the removal of the `rows` (`drops`). `merges` says that
    the steps may make equal what was different. `notes` are the first places inside the rows. `accepted` is filled in
    by whoever decides.
    """

    severity: Severity
    message: str
    rows: Sequence[int] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    level: FixLevel | None = None
    action: str = ""
    steps: tuple[Step, ...] = ()
    drops: bool = False
    merges: bool = False
    accepted: bool = False
    notes: Sequence[Hit] = ()


@dataclass(slots=True)
class State:
    """What checks judge by: the profile of the rows that are left, and what was decided before.

    `gone` has a flag for each row that would not be written after the decisions so far; `classes` is the number of
    distinct completions, `first_validation` the position from which rows are those of the validation file.
    """

    profile: Profile
    spec: Spec
    task: Task
    classes: int
    gone: bytearray
    repeats: Repeats
    inputs: Sequence[InputFile]
    first_validation: int | None = None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        return self.spec.layout

    @property
    def to_chat(self) -> bool:
        """Whether chats will be written: they need no separator, stop sequence or leading space."""
        return self.layout.to == "chat"

    @property
    def remaining(self) -> int:
        """How many rows would be written."""
        return self.gone.count(0)

    @property
    def training(self) -> int:
        """How many of them are to be trained on."""
        return self.gone.count(0, 0, self.first_validation)

    @property
    def removed(self) -> set[int]:
        """The rows that accepted fixes of earlier checks remove."""
        return {at for verdict in self.verdicts.values() if verdict.accepted and verdict.drops for at in verdict.rows}

    @property
    def form_steps(self) -> tuple[Step, ...]:
        """The changes that accepted fixes of stage "form" will make."""
        return tuple(
            step
            for verdict in self.verdicts.values()
            if verdict.accepted
            for step in verdict.steps
            if step not in self.spec.steps
        )

    def accepted(self, check: str) -> bool:
        """Whether the fix of an earlier check was accepted."""
        verdict = self.verdicts.get(check)
        return verdict is not None and verdict.accepted


class Check:
    """One rule. Subclasses set `id` and `stage`, and override what they need.

    Stage "rows" comes first: its fixes change or remove single rows, and the data is profiled again when they do.
    Stage "form" judges what the remaining texts have in common. `shapes` are those of the examples it judges; what is,
    or becomes, a prompt and a completion is judged as `completion`.
    """

    id: ClassVar[str]
    stage: ClassVar[Literal["rows", "form"]] = "rows"
    shapes: ClassVar[tuple[Shape, ...]] = ("completion",)

    def scan(self, pairs: Pairs, spec: Spec) -> Sequence[int]:
        """Positions (into `pairs`) of the examples this check is about. Pure; called for each block."""
        return ()

    def hits(self, pairs: Pairs, spec: Spec) -> Iterable[Hit]:
        """The same with the places inside; for checks that can tell them, instead of `scan`."""
        return ()

    def row_hits(self, rows: Rows, spec: Spec) -> Iterable[Hit]:
        """What it is about in rows that are kept whole."""
        return ()

    def judge(self, state: State) -> Verdict | None:
        """The verdict on all rows, or None when there is nothing to say."""
        return None


#: For `Check.shapes`: those whose rows are kept whole, and all.
ROWS = SHAPES[1:]
EVERY = SHAPES


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2 rows`, `10,000 rows`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
