"""The reference fields of prompts for reinforcement: the same in every row, and those that graders read."""

from __future__ import annotations

from array import array

from fttool.dataset.checks.base import Check, State, Verdict, plural
from fttool.dataset.profile import OTHER_FORMS, Form
from fttool.records.dataset import Shape

_SHAPES: tuple[Shape, ...] = ("reinforcement",)


class ReferenceUniform(Check):
    """Rows whose reference fields are others, or of another kind, than those of most rows: graders may stumble.

    Source: OpenAI's guide on reinforcement fine-tuning: graders read the fields of each row by name.
    """

    id = "reference-uniform"
    shapes = _SHAPES

    def judge(self, state: State) -> Verdict | None:
        forms = {form: rows for form, rows in _left(state).items() if form}
        if len(forms) < 2:
            return None
        usual = max((form for form in forms if OTHER_FORMS not in form), key=lambda form: len(forms[form]))
        rows = array("I", sorted(at for form, positions in forms.items() if form != usual for at in positions))
        other = next(form for form in forms if form != usual)
        return Verdict(
            "warning",
            f"{plural(len(rows), 'row has', 'rows have')} other reference fields than most rows: "
            f"{_named(other)} instead of {_named(usual)}",
            rows,
            level="optional",
            action=f"remove {plural(len(rows), 'row')}",
            drops=True,
        )


class GraderField(Check):
    """A grader's template reads a field (`{{ item.answer }}`) that rows do not have; told with `--grader FILE`."""

    id = "grader-field"
    shapes = _SHAPES

    def judge(self, state: State) -> Verdict | None:
        missing: dict[str, list[int]] = {}
        for form, positions in _left(state).items():
            for field in set(state.spec.graded) - {name for name, _ in form}:
                missing.setdefault(field, []).extend(positions)
        if not missing:
            return None
        rows = sorted({at for positions in missing.values() for at in positions})
        names = ", ".join(f"`item.{field}`" for field in sorted(missing))
        return Verdict(
            "error", f"{plural(len(rows), 'row lacks', 'rows lack')} a field that the grader reads: {names}", rows
        )


def _left(state: State) -> dict[Form, list[int]]:
    """The rows that no fix removes, by their reference fields."""
    removed = state.removed
    left = {form: [at for at in rows if at not in removed] for form, rows in state.profile.forms.items()}
    return {form: rows for form, rows in left.items() if rows}


def _named(form: Form) -> str:
    return ", ".join(f"`{name}` ({kind})" for name, kind in form)
