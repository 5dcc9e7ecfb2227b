"""What every prompt and every completion begins with."""

from __future__ import annotations

from fttool.dataset.checks.base import Check, State, Verdict
from fttool.dataset.steps import AddLeadingSpace, RemoveLeadingSpace, RemovePrefix
from fttool.dataset.texts import show, trim_to_instruction_end, trim_to_word_end

#: With these a beginning belongs to what follows: JSON, HTML, a block of code.
_CODE = frozenset("{}[]<>`")


class PromptPrefix(Check):
    """An instruction that stands before every prompt only costs tokens (legacy: MAX_PREFIX_LEN of 12)."""

    id = "prompt-prefix"
    stage = "form"
    most = 12

    def judge(self, state: State) -> Verdict | None:
        stats = state.profile.prompt
        prefix = trim_to_instruction_end(stats.prefix)
        if stats.texts < 2 or not prefix.strip():
            return None
        too_short = stats.shortest <= len(prefix) + len(state.spec.separator)
        if len(prefix) <= self.most or too_short or state.to_chat:
            return Verdict("hint", f"all prompts begin with `{show(prefix)}`", details={"prefix": prefix})
        return Verdict(
            "warning",
            f"all prompts begin with `{show(prefix)}`; fine-tuning needs no instruction, only what differs",
            details={"prefix": prefix},
            level="recommended",
            action=f"remove `{show(prefix)}` from the beginning of all prompts",
            steps=(RemovePrefix("prompt", prefix, strip=state.task == "classification"),),
        )


class CompletionPrefix(Check):
    """Words that stand before every completion teach nothing (legacy: MAX_PREFIX_LEN of 5)."""

    id = "completion-prefix"
    stage = "form"
    least = 5

    def judge(self, state: State) -> Verdict | None:
        stats = state.profile.completion
        prefix = trim_to_word_end(stats.prefix)
        stop = state.spec.stop
        if stats.texts < 2 or len(prefix) < self.least or stats.shortest <= len(prefix) + len(stop):
            return None
        if _CODE & set(prefix):
            return Verdict("hint", f"all completions begin with `{show(prefix)}`", details={"prefix": prefix})
        keep = " " if prefix.startswith(" ") else ""
        return Verdict(
            "warning",
            f"all completions begin with `{show(prefix)}`; only what differs should stand in the completion",
            details={"prefix": prefix},
            level="recommended",
            action=f"remove `{show(prefix)}` from the beginning of all completions",
            steps=(RemovePrefix("completion", prefix, keep, strip=state.task == "classification"),),
        )


class LeadingSpace(Check):
    """Completion models write a word as one token with the space before it."""

    id = "leading-space"
    stage = "form"

    def judge(self, state: State) -> Verdict | None:
        stats = state.profile.completion
        if not stats.texts:
            return None
        if state.to_chat:
            return self._remove() if stats.prefix.startswith(" ") else None
        exposed = state.accepted("completion-prefix") and not stats.prefix.startswith(" ")
        if stats.spaced == stats.texts and not exposed:
            return None
        return Verdict(
            "warning",
            "the completions should begin with a space: a word and the space before it are one token",
            level="recommended",
            action="add a space at the beginning of all completions",
            steps=(AddLeadingSpace("completion"),),
            merges=0 < stats.spaced < stats.texts and state.profile.spaces_tell_apart,
        )

    def _remove(self) -> Verdict:
        return Verdict(
            "hint",
            "all completions begin with a space; chat models need none",
            level="required",
            action="leave out the space at the beginning of completions",
            steps=(RemoveLeadingSpace("completion"),),
        )
