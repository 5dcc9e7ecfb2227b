"""What every prompt ends with and every completion ends with."""

from __future__ import annotations

from collections.abc import Sequence

from fttool.dataset.checks.base import Check, Spec, State, Verdict, plural
from fttool.dataset.ends import existing_separator, existing_stop, is_only_separator, majority, suggest
from fttool.dataset.examples import Pairs
from fttool.dataset.profile import LAST_SEPARATOR, LAST_STOP, SEPARATORS, STOPS, TextStats
from fttool.dataset.steps import AddSuffix, Field, RemoveSuffix
from fttool.dataset.texts import encode, show

#: Legacy: a separator or stop sequence of more characters "seems very long".
_LONG = 10


def _holding(texts: Sequence[str], data: bytes, end: str) -> list[int]:
    """Positions of the texts (`data`: as UTF-8, joined) that hold their end a second time before it."""
    if not end or data.count(encode(end)) <= len(texts):
        return []
    return [at for at, text in enumerate(texts) if end in text.removesuffix(end)]


class SeparatorInside(Check):
    """A prompt that holds the separator before its end: the model may start completing there."""

    id = "separator-inside"
    stage = "form"

    def scan(self, pairs: Pairs, spec: Spec) -> Sequence[int]:
        return _holding(pairs.prompts, pairs.prompt_bytes, spec.separator)

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows or not state.spec.separator or state.to_chat:
            return None
        return Verdict(
            "warning",
            f"{plural(len(rows), 'prompt holds', 'prompts hold')} the separator `{show(state.spec.separator)}` before "
            "the end too; a separator should stand nowhere else",
            rows,
            {"separator": state.spec.separator},
        )


class PromptSeparator(Check):
    """A fixed end tells the model where the prompt ends and the completion begins."""

    id = "prompt-separator"
    stage = "form"

    def judge(self, state: State) -> Verdict | None:
        stats = state.profile.prompt
        if state.task == "open-ended generation" or not stats.texts:
            return None
        separator = existing_separator(stats)
        if state.to_chat:
            return _strip_end("prompt", separator) if is_only_separator(separator) else None
        suggested = suggest(SEPARATORS, LAST_SEPARATOR, stats.present)
        if not separator and (most := majority(stats.ends, stats.texts)):
            return _add_to_rest("prompt", "separator", most, stats)
        if not separator:
            return Verdict(
                "warning",
                "the prompts do not end with a common separator; one shows the model where the completion begins",
                details={"separator": suggested},
                level="recommended",
                action=f"add the separator `{show(suggested)}` to all prompts",
                steps=(AddSuffix("prompt", suggested),),
            )
        if len(separator) > _LONG and separator not in (*SEPARATORS, LAST_SEPARATOR):
            return Verdict(
                "hint",
                f"all prompts end with `{show(separator)}`; a shorter separator such as `{show(suggested)}` does as "
                "well",
                details={"separator": separator},
            )
        return None


class StopSequence(Check):
    """A fixed end that the completion holds nowhere else tells the model, and the caller, where to stop."""

    id = "stop-sequence"
    stage = "form"

    def scan(self, pairs: Pairs, spec: Spec) -> Sequence[int]:
        return _holding(pairs.completions, pairs.completion_bytes, spec.stop)

    def judge(self, state: State) -> Verdict | None:
        stats = state.profile.completion
        stop = existing_stop(stats)
        if state.to_chat:
            labels = state.task == "classification"
            return (
                _strip_end("completion", stop) if stop in (*STOPS, LAST_STOP) and not (labels or stop == ".") else None
            )
        if state.task != "conditional generation" or not stats.texts:
            return None
        inside = state.profile.positions(self.id) if stop else ()
        candidates = STOPS if stats.texts > 1 else tuple(one for one in STOPS if one != ".")
        suggested = suggest(candidates, LAST_STOP, stats.present)
        add = AddSuffix("completion", suggested)
        if not stop and (most := majority(stats.ends, stats.texts)):
            return _add_to_rest("completion", "stop", most, stats)
        if not stop:
            return Verdict(
                "warning",
                "the completions do not end with a common stop sequence; one shows the model where to stop",
                details={"stop": suggested},
                level="recommended",
                action=f"add the stop sequence `{show(suggested)}` to all completions",
                steps=(add,),
            )
        if inside:
            return Verdict(
                "warning",
                f"all completions end with `{show(stop)}`, but {plural(len(inside), 'completion')} "
                f"{'holds' if len(inside) == 1 else 'hold'} it before the end too and would be cut there",
                inside,
                details={"stop": suggested},
                level="recommended",
                action=f"add the stop sequence `{show(suggested)}` to all completions",
                steps=(add,),
            )
        if len(stop) > _LONG:
            return Verdict(
                "hint",
                f"all completions end with `{show(stop)}`; a shorter stop sequence such as `{show(suggested)}` does as "
                "well",
                details={"stop": stop},
            )
        return None


def _add_to_rest(field: Field, kind: str, end: str, stats: TextStats) -> Verdict:
    """Most texts have the end already: the same for the others, not one more for all."""
    rest = stats.texts - stats.ends[end]
    return Verdict(
        "warning",
        f"{stats.ends[end]:,} of {stats.texts:,} {field}s end with `{show(end)}`; {rest:,} do not",
        details={kind: end, "without": rest},
        level="recommended",
        action=f"add `{show(end)}` to the {field}s that lack it",
        steps=(AddSuffix(field, end),),
        merges=True,
    )


def _strip_end(field: Field, end: str) -> Verdict:
    name = "separator" if field == "prompt" else "stop sequence"
    return Verdict(
        "hint",
        f"all {field}s end with the {name} `{show(end)}`; chat models need none",
        details={"separator" if field == "prompt" else "stop": end},
        level="required",
        action=f"leave out the {name} `{show(end)}`",
        steps=(RemoveSuffix(field, end),),
    )
