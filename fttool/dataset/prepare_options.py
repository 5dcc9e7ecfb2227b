"""How a file is to be prepared, and what of that makes no sense."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fttool.dataset.checks import BY_ID
from fttool.dataset.conversions.choice import check_name
from fttool.dataset.counting import MODES, Mode
from fttool.dataset.formats.base import ReadOptions
from fttool.dataset.shapes import Mapping
from fttool.dataset.split import SplitOptions
from fttool.errors import UsageError
from fttool.records.dataset import SHAPES, Shape
from fttool.rules.limits import DEFAULT, Limits

#: The id under which the split is accepted or refused like any fix.
SPLIT_ID = "split"


#: With `--fix`: every fix of an error, whatever its id.
ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class Options:
    """Everything about a preparation but the files and who decides."""

    output: Path | None = None
    overwrite: bool = False
    check_only: bool = False
    shape: Shape | None = None
    from_: str | None = None
    to: Shape | None = None
    system: str | None = None
    mapping: Mapping = field(default_factory=Mapping)
    graded: tuple[str, ...] = ()
    limits: Limits = DEFAULT
    read: ReadOptions = field(default_factory=ReadOptions)
    model: str | None = None
    fix: tuple[str, ...] = ()
    no_fix: tuple[str, ...] = ()
    split: SplitOptions = field(default_factory=SplitOptions)
    processes: int | None = None
    tokens: Mode = "auto"

    def check(self) -> None:
        """Raises UsageError for options that make no sense."""
        self.split.check()
        check_name(self.from_)
        if self.graded and self.shape not in (None, "reinforcement"):
            raise UsageError(f"graders are for reinforcement, not for {self.shape} examples")
        if self.to not in (None, "chat", "completion"):
            raise UsageError(f"--to takes chat or completion, not `{self.to}`")
        if self.shape not in (None, *SHAPES):
            raise UsageError(f"--shape takes {', '.join(SHAPES[:-1])} or {SHAPES[-1]}, not `{self.shape}`")
        for one in (*self.fix, *self.no_fix):
            if one not in BY_ID and one != SPLIT_ID and (one != ERRORS or one in self.no_fix):
                raise UsageError(f"there is no check `{one}`", hint=_nearest_check(one))
        if self.tokens not in MODES:
            raise UsageError(f"--tokens takes {', '.join(MODES[:-1])} or {MODES[-1]}, not `{self.tokens}`")
        if self.processes is not None and self.processes < 1:
            raise UsageError(f"--processes must be at least 1, not {self.processes}")
        if (SPLIT_ID in self.fix and self.split.split is False) or (SPLIT_ID in self.no_fix and self.split.asked):
            raise UsageError("the options contradict each other on whether to split")
        both = set(self.fix) & set(self.no_fix)
        if both:
            raise UsageError(f"--fix and --no-fix both name `{sorted(both)[0]}`")


def _nearest_check(one: str) -> str:
    import difflib

    near = difflib.get_close_matches(one, BY_ID, n=1)
    return f"did you mean `{near[0]}`?" if near else "`prepare_data --check` names those that have something to say"
