"""Columns: their names, and values that are missing or are no text."""

from __future__ import annotations

from collections.abc import Sequence

from fttool.dataset.checks.base import Check, Spec, State, Verdict, plural
from fttool.dataset.examples import Pairs
from fttool.dataset.texts import show


class ColumnCase(Check):
    """`Prompt` or `COMPLETION` where services want lower case."""

    id = "column-case"

    def judge(self, state: State) -> Verdict | None:
        renamed = state.layout.renamed
        if not renamed:
            return None
        names = ", ".join(f"`{name}`" for name in renamed)
        return Verdict(
            "warning",
            f"column names must be lower case: {names}",
            details={"columns": list(renamed)},
            level="required",
            action="write column names in lower case",
        )


class ExtraColumns(Check):
    """Columns beyond prompt and completion."""

    id = "extra-columns"

    def judge(self, state: State) -> Verdict | None:
        if state.layout.shape != "completion":
            return None  # chats that become prompts and completions; what is left out of others is told by `converted`
        later = state.profile.columns - set(state.layout.used) - set(state.layout.extra)
        extra = (*state.layout.extra, *sorted(later))
        if not extra:
            return None
        are = "is" if len(extra) == 1 else "are"
        names = ", ".join(f"`{show(name, 30)}`" for name in extra[:8]) + (", …" if len(extra) > 8 else "")
        return Verdict(
            "warning",
            f"besides prompt and completion there {are} {plural(len(extra), 'more column')}: {names}",
            details={"columns": list(extra)},
            level="required",
            action=f"leave out {plural(len(extra), 'column')}",
        )


class MissingPrompt(Check):
    """A null, or no `prompt` key at all: not the text "None"."""

    id = "missing-prompt"

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows:
            return None
        return Verdict(
            "warning",
            f"{plural(len(rows), 'row has', 'rows have')} no prompt (null, or the key is missing)",
            rows,
            level="required",
            action=f"write {plural(len(rows), 'missing prompt')} as empty text",
        )


class ValueType(Check):
    """Numbers, dates, true/false, lists and objects become text exactly as they were written."""

    id = "value-type"

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows:
            return None
        return Verdict(
            "hint",
            f"{plural(len(rows), 'row holds', 'rows hold')} a prompt or completion that is no text",
            rows,
            level="required",
            action="write numbers, dates, true/false, lists and objects as text",
        )


class EmptyCompletion(Check):
    """Nothing to learn from: legacy rule; here white space alone counts as nothing too."""

    id = "empty-completion"

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows:
            return None
        return Verdict(
            "warning",
            f"{plural(len(rows), 'row has', 'rows have')} an empty completion",
            rows,
            level="required",
            action=f"remove {plural(len(rows), 'row')} with empty completions",
            drops=True,
        )


class EmptyPrompt(Check):
    """Some prompts are empty, others are not: usually a slip."""

    id = "empty-prompt"

    def scan(self, pairs: Pairs, spec: Spec) -> Sequence[int]:
        return [at for at, prompt in enumerate(pairs.prompts) if not prompt or prompt.isspace()]

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if rows and state.to_chat:
            return Verdict(
                "error",
                f"{plural(len(rows), 'prompt is', 'prompts are')} empty; in a chat the user must have said something",
                rows,
                level="optional",
                action=f"remove {plural(len(rows), 'row')} with empty prompts",
                drops=True,
            )
        if not rows or len(rows) >= state.profile.prompt.texts:
            return None
        return Verdict(
            "warning",
            f"{plural(len(rows), 'prompt is', 'prompts are')} empty while others are not",
            rows,
        )
