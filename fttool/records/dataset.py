"""The frozen records that travel between the rooms of the house, and become `--json` as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fttool.records.tokens import TokenCount

Severity = Literal["error", "warning", "hint"]
FixLevel = Literal["required", "recommended", "optional"]
Shape = Literal["completion", "chat", "preference", "reinforcement"]
Task = Literal[
    "classification", "conditional generation", "open-ended generation", "chat", "preference", "reinforcement"
]

#: Errors of a file that is not complete yet: checking it fails, and so does training on it, but not writing it.
_WAITING = frozenset({"few-examples"})

#: Every shape, in the order in which they are listed.
SHAPES: tuple[Shape, ...] = ("completion", "chat", "preference", "reinforcement")

#: The method that trains on a shape; the others are for supervised training.
METHODS: Mapping[Shape, str] = {"preference": "dpo", "reinforcement": "reinforcement"}

#: Most serious first: the order in which findings are shown.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "hint")


@dataclass(frozen=True, slots=True)
class Fix:
    """What mends a finding. `required` fixes are always applied, `recommended` ones when the user says so (or
    `--yes`), `optional` ones only by name (`--fix ID`)."""

    level: FixLevel
    action: str
    applied: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """One row before and after a fix."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Place:
    """One place that a finding is about: file, 1-based line, path inside the row (`messages[2].content`), and a word
    on what is wrong there."""

    file: str
    line: int
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says about the data.

    `count` is the number of rows it is about, 0 when it is about the file as a whole. `lines` names each of those
    rows by file and 1-based place (line of a text file, row of a sheet, item of a JSON array). `places` are the first
    hundred or so of the places inside the rows, where the check looks inside.
    """

    id: str
    severity: Severity
    message: str
    count: int = 0
    lines: Mapping[str, Sequence[int]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    fix: Fix | None = None
    places: Sequence[Place] = ()

    @property
    def open_fix(self) -> bool:
        """Whether something remains that should be mended: an unapplied fix that is more than optional."""
        return self.fix is not None and not self.fix.applied and self.fix.level != "optional"

    @property
    def needs_work(self) -> bool:
        """Whether `--check` should fail for it: something to mend, or an error that has no fix."""
        return self.severity == "error" or (self.fix is not None and self.fix.level != "optional")


@dataclass(frozen=True, slots=True)
class InputFile:
    """One input as it was understood."""

    path: str
    format: str
    columns: Sequence[str]
    details: Mapping[str, str]
    notes: Sequence[str] = ()
    role: Literal["training", "validation"] = "training"


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file that was written."""

    path: str
    role: Literal["training", "validation", "rejected"]
    examples: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that `prepare` found out and did.

    `read` counts the rows of the input that could be read, `examples` those that are (or would be) written;
    `rejected` those that could not be read and were set aside. `conversion` names what they were converted from.
    `tokens` are those of the examples, as they are written, `training_tokens` those of the training file alone.
    `next_command` is an argv, ready for `shlex.join`.
    """

    inputs: Sequence[InputFile]
    shape: Shape
    task: Task
    read: int
    examples: int
    rejected: int
    findings: Sequence[Finding]
    outputs: Sequence[OutputFile] = ()
    separator: str | None = None
    stop: str | None = None
    classes: Mapping[str, int] | None = None
    tokens: TokenCount | None = None
    training_tokens: TokenCount | None = None
    next_command: Sequence[str] = ()
    checked_only: bool = False
    conversion: str | None = None

    @property
    def needs_work(self) -> bool:
        """Whether a check of this data should fail."""
        return bool(self.rejected) or any(finding.needs_work for finding in self.findings)

    @property
    def errors(self) -> list[Finding]:
        """The errors that no fix was applied to: a service will refuse the file, or train on garbage.

        That there are too few examples is not among them: more may come, and what was asked for is done.
        """
        return [
            finding
            for finding in self.findings
            if finding.severity == "error" and finding.id not in _WAITING and not (finding.fix and finding.fix.applied)
        ]

    @property
    def applied(self) -> list[str]:
        """Ids of the findings whose fix was applied."""
        return [finding.id for finding in self.findings if finding.fix and finding.fix.applied]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain dicts and lists, as `--json` shows it."""
        import msgspec

        plain: dict[str, Any] = msgspec.to_builtins(self, enc_hook=list)  # arrays of line numbers
        plain["needs_work"] = self.needs_work
        return plain
