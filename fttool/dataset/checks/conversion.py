"""What is said of examples that were written in another way (Alpaca, ShareGPT, …) and are converted."""

from __future__ import annotations

from fttool.dataset.checks.base import EVERY, Check, State, Verdict, plural
from fttool.dataset.conversions import CONVERSIONS
from fttool.dataset.texts import show

_PLURALS = {"chat": "chats", "preference": "preference examples", "completion": "prompts and completions"}


class Converted(Check):
    """The rows are in a form that no service takes, and are written in one that it does; columns are left out."""

    id = "converted"
    shapes = EVERY

    def judge(self, state: State) -> Verdict | None:
        if state.layout.conversion is None:
            return None
        conversion = CONVERSIONS[state.layout.conversion]
        columns = sorted(state.profile.columns - conversion.columns)
        left_out = [*columns, *sorted(state.profile.left_out)]
        names = ", ".join(f"`{show(name, 40)}`" for name in left_out[:8]) + (", …" if len(left_out) > 8 else "")
        becomes = _PLURALS[state.layout.to]
        return Verdict(
            "warning",
            f"{conversion.title}, which services do not take",
            details={"from": conversion.name, "left_out": left_out},
            level="required",
            action=f"convert them to {becomes}" + (f"; left out: {names}" if left_out else ""),
        )


class CannotConvert(Check):
    """A row that would lose something if it were converted, or where one would have to guess what it means."""

    id = "cannot-convert"
    shapes = EVERY

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows:
            return None
        return Verdict(
            "error",
            f"{plural(len(rows), 'row', 'rows')} cannot be converted without losing or guessing something",
            rows,
            level="optional",
            action=f"remove {plural(len(rows), 'row')}",
            drops=True,
        )
