"""Text in capitals."""

from __future__ import annotations

from typing import ClassVar

from fttool.dataset.checks.base import Check, State, Verdict
from fttool.dataset.profile import TextStats
from fttool.dataset.steps import Field, LowerCase


class _UpperCase(Check):
    """More than a third of all letters are upper case: models do better on ordinary text."""

    field: ClassVar[Field]

    def stats(self, state: State) -> TextStats:
        return state.profile.prompt if self.field == "prompt" else state.profile.completion

    def judge(self, state: State) -> Verdict | None:
        stats = self.stats(state)
        end = state.spec.separator if self.field == "prompt" else state.spec.stop
        if not stats.mostly_upper(end):
            return None
        return Verdict(
            "warning",
            f"more than a third of the letters in the {self.field}s are upper case; models do better on ordinary text",
            details={"upper": stats.upper, "lower": stats.lower},
            level="recommended",
            action=f"write all {self.field}s in lower case",
            steps=(LowerCase(self.field, end),),
            merges=True,
        )


class UpperCasePrompt(_UpperCase):
    id = "upper-case-prompt"
    field = "prompt"


class UpperCaseCompletion(_UpperCase):
    id = "upper-case-completion"
    field = "completion"
