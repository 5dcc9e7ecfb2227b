"""What the test between two models says, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fttool.cli.evaluate_metrics import in_hundreds, number

if TYPE_CHECKING:
    from fttool.records.comparison import Comparison
    from fttool.records.metrics import Difference, Task


def sentences(found: Comparison) -> list[str]:
    """For each model but the first: whether it is better than that one in the main metric, and how sure that is."""
    first = found.models[0]
    said = []
    for model in found.models[1:]:
        difference = model.difference(found.main)
        if difference is None:
            said.append(f"{model.letter} and {first.letter} have no example that both answered")
        else:
            said.append(verdict(difference, model.letter, first.letter))
    return said


def verdict(found: Difference, name: str, first: str) -> str:
    """`B is better than A: accuracy 91.2% against 87.4%, +3.8 points (95% interval +1.9 to +5.7). …`."""
    metric = found.metric.rpartition("/")[2].replace("_", " ")
    if found.verdict == "same":
        value = number(found.metric, found.value)
        alone = "no example has one of them right alone" if found.wins is not None else "so on every example"
        return f"{name} and {first} do not differ: {metric} is {value} for both, and {alone}"
    head = {
        "better": f"{name} is better than {first}",
        "worse": f"{name} is worse than {first}",
        "undecided": f"No difference between {name} and {first} is shown",
    }[found.verdict]
    values = f"{number(found.metric, found.value)} against {number(found.metric, found.first)}"
    text = f"{head}: {metric} {values}, {points(found.metric, found.difference)}"
    if found.interval is not None:
        low, high = (signed(found.metric, each) for each in found.interval)
        text += f" (95% interval {low} to {high})"
    return f"{text}. {_why(found, name, first)}"


def _why(found: Difference, name: str, first: str) -> str:
    """What the test has seen."""
    decided = ""
    if found.wins is not None and found.losses is not None:
        many = found.wins + found.losses
        rows = "1 example" if many == 1 else f"{many:,} examples"
        decided = (
            f"Of {rows} that one of the two alone has right, {name} has {found.wins:,}, {first} {found.losses:,}. "
        )
    often = chance(found.p_value or 0.0)
    text = f"{decided}Chance alone makes such a difference in {often} of cases ({found.test})"
    return f"{text}; more examples would show smaller differences" if found.verdict == "undecided" else text


def mark(task: Task, right: bool) -> str:
    """What an answer is: a label is right or wrong, a text is as expected or another."""
    if task == "classification":
        return "right" if right else "wrong"
    return "as expected" if right else "other"


def chance(p_value: float) -> str:
    """A p-value as a share of cases."""
    if p_value < 0.0001:
        return "less than 0.01%"
    if p_value > 0.995:
        return "100%"
    return f"{p_value:.1%}" if p_value >= 0.01 else f"{p_value:.2%}"


def points(metric: str, difference: float | None) -> str:
    """`+3.8 points`, for fractions; the number itself for the others."""
    text = signed(metric, difference)
    return text if metric.startswith("custom/") else f"{text} points"


def signed(metric: str, difference: float | None) -> str:
    """A difference with its sign, in percentage points for fractions."""
    if difference is None:
        return "-"
    if metric.startswith("custom/"):
        return f"{difference:+.4g}"
    return f"{difference if in_hundreds(metric) else 100 * difference:+.1f}"
