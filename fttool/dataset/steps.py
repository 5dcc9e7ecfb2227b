"""The changes that fixes make to texts: small, picklable, the same in every process.

A step takes a list of texts of one field and returns a list of the same length. Steps on whole rows (`RowStep`, in
row_steps.py) take a row and return it, or another one in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from fttool.dataset.texts import CONTROL_TABLE

Field = Literal["prompt", "completion"]


class TextStep(Protocol):
    """One change to the texts of one field."""

    @property
    def field(self) -> Field: ...

    def apply(self, texts: list[str]) -> list[str]:
        """The changed texts."""
        ...


class RowStep:
    """One change to a row that is kept whole."""

    def change(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row, or a changed one in its place: what is given is never changed itself."""
        raise NotImplementedError


Step = TextStep | RowStep


@dataclass(frozen=True, slots=True)
class LowerCase:
    """Write everything in lower case, but for the fixed `end` that all texts have."""

    field: Field
    end: str = ""

    def apply(self, texts: list[str]) -> list[str]:
        return [
            text.removesuffix(self.end).lower() + self.end if text.endswith(self.end) else text.lower()
            for text in texts
        ]


@dataclass(frozen=True, slots=True)
class RemoveControls:
    """Remove control characters other than tab and line ends."""

    field: Field

    def apply(self, texts: list[str]) -> list[str]:
        return [text.translate(CONTROL_TABLE) for text in texts]


@dataclass(frozen=True, slots=True)
class ReplaceSurrogates:
    """Replace lone surrogates, which no UTF-8 file can hold, by U+FFFD."""

    field: Field

    def apply(self, texts: list[str]) -> list[str]:
        return [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]


@dataclass(frozen=True, slots=True)
class StripEdges:
    """Remove white space at both ends, but keep one leading space (`keep_space`) and the first of `ends` there is."""

    field: Field
    ends: tuple[str, ...] = ()
    keep_space: bool = False

    def apply(self, texts: list[str]) -> list[str]:
        return [self._strip(text) for text in texts]

    def _strip(self, text: str) -> str:
        end = next((one for one in self.ends if text.endswith(one)), "")
        core = text.removesuffix(end).strip()
        lead = " " if self.keep_space and core and text.startswith(" ") else ""
        return lead + core + end


@dataclass(frozen=True, slots=True)
class AddSuffix:
    """Append `text` where it is not there yet."""

    field: Field
    text: str

    def apply(self, texts: list[str]) -> list[str]:
        end = self.text
        return [text if text.endswith(end) else text + end for text in texts]


@dataclass(frozen=True, slots=True)
class RemoveSuffix:
    """Remove `text` where it is the end."""

    field: Field
    text: str

    def apply(self, texts: list[str]) -> list[str]:
        return [text.removesuffix(self.text) for text in texts]


@dataclass(frozen=True, slots=True)
class RemovePrefix:
    """Remove `text` where it is the beginning, with `strip` the white space after it too; leave `keep` in its place."""

    field: Field
    text: str
    keep: str = ""
    strip: bool = False

    def apply(self, texts: list[str]) -> list[str]:
        return [self._rest(text) if text.startswith(self.text) else text for text in texts]

    def _rest(self, text: str) -> str:
        rest = text[len(self.text) :]
        return self.keep + (rest.lstrip() if self.strip else rest)


@dataclass(frozen=True, slots=True)
class AddLeadingSpace:
    """Begin with a space where no white space is there."""

    field: Field

    def apply(self, texts: list[str]) -> list[str]:
        return [text if text[:1].isspace() else " " + text for text in texts]


@dataclass(frozen=True, slots=True)
class RemoveLeadingSpace:
    """Remove one leading space."""

    field: Field

    def apply(self, texts: list[str]) -> list[str]:
        return [text.removeprefix(" ") for text in texts]


def apply_steps(steps: Sequence[Step], prompts: list[str], completions: list[str]) -> tuple[list[str], list[str]]:
    """Apply steps in order; returns new (prompts, completions)."""
    for step in steps:
        if isinstance(step, RowStep):
            continue
        if step.field == "prompt":
            prompts = step.apply(prompts)
        else:
            completions = step.apply(completions)
    return prompts, completions


def change_rows(steps: Sequence[Step], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Apply the steps on whole rows in order; returns new rows where something changes."""
    for step in steps:
        if isinstance(step, RowStep):
            rows = [step.change(row) for row in rows]
    return rows
