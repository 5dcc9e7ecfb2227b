"""A check for each rule on rows that are kept whole (fttool/rules): its rows, and the first of its places."""

from __future__ import annotations

from collections.abc import Mapping

from fttool.dataset.checks.base import ROWS, Check, State, Verdict, plural
from fttool.dataset.row_steps import DropNulls, DropUnknownKeys, EncodeArguments, PlainRoles
from fttool.dataset.steps import RowStep
from fttool.records.dataset import FixLevel, Shape
from fttool.rules import RULES, Rule

#: Fixes that change a row and cannot go wrong, with what they are called.
_MENDED: Mapping[str, tuple[FixLevel, str]] = {
    "chat-role-case": ("recommended", "write roles in lower case"),
    "tool-arguments-encoding": ("recommended", "write the arguments as JSON in a string, once"),
    "null-key": ("recommended", "leave out what is null"),
    "unknown-key": ("optional", "leave out the keys that mean nothing"),
}


class RuleCheck(Check):
    """One rule on rows that are kept whole. What no step can mend, `--fix` removes."""

    def __init__(self, rule: Rule) -> None:
        self.id = rule.id  # type: ignore[misc]
        self.shapes = tuple(shape for shape in ROWS if shape in rule.shapes)  # type: ignore[misc]
        self.rule = rule

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows:
            return None
        rule = self.rule
        verdict = Verdict(rule.severity, plural(len(rows), rule.one, rule.many), rows)
        if rule.id in _MENDED:
            verdict.level, verdict.action = _MENDED[rule.id]
            verdict.steps = (_step(rule.id, state.layout.shape),)
            verdict.merges = True
        elif rule.severity != "hint":
            verdict.level, verdict.drops = "optional", True
            verdict.action = f"remove {plural(len(rows), 'row')}"
        return verdict


def _step(rule: str, shape: Shape) -> RowStep:
    steps = {"chat-role-case": PlainRoles(), "tool-arguments-encoding": EncodeArguments(), "null-key": DropNulls()}
    return steps.get(rule) or DropUnknownKeys(shape)


#: In the order of the table; not the rules on prompts and completions, which have checks of their own.
ROW_CHECKS: tuple[RuleCheck, ...] = tuple(RuleCheck(rule) for rule in RULES.values() if set(rule.shapes) & set(ROWS))
