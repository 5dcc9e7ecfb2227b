"""Rows that repeat others, contradict them, or stand in both training and validation."""

from __future__ import annotations

from fttool.dataset.checks.base import EVERY, Check, State, Verdict, plural


class DuplicateRows(Check):
    """The same prompt with the same completion again."""

    id = "duplicate-rows"
    shapes = EVERY

    def judge(self, state: State) -> Verdict | None:
        rows = state.repeats.duplicates
        if not rows:
            return None
        return Verdict(
            "warning",
            f"{plural(len(rows), 'row repeats', 'rows repeat')} an earlier row",
            rows,
            level="recommended",
            action=f"remove {plural(len(rows), 'duplicate row')}",
            drops=True,
        )


class PromptConflict(Check):
    """The same prompt with another completion: the model cannot learn both."""

    id = "prompt-conflict"
    shapes = ("completion", "chat")  # several preferences for one question are usual

    def judge(self, state: State) -> Verdict | None:
        rows = state.repeats.conflicts
        if not rows or state.task == "open-ended generation":
            return None
        if state.profile.prompt.texts and len(rows) + 1 >= state.remaining:
            return None  # all prompts are identical: said by its own check
        return Verdict(
            "warning" if state.task == "classification" else "hint",
            f"{plural(len(rows), 'row has', 'rows have')} the prompt of an earlier row but another completion",
            rows,
        )


class Leakage(Check):
    """A validation example whose prompt was trained on says nothing about new prompts."""

    id = "leakage"
    shapes = EVERY

    def judge(self, state: State) -> Verdict | None:
        rows = state.repeats.leaks
        if not rows or state.task == "open-ended generation":
            return None
        return Verdict(
            "warning",
            f"{plural(len(rows), 'validation prompt stands', 'validation prompts stand')} in the training file too",
            rows,
            level="recommended",
            action=f"remove {plural(len(rows), 'row')} from the validation file",
            drops=True,
        )


class IdenticalTexts(Check):
    """All prompts, or all completions, are the same (legacy: an error; a single row is none)."""

    id = "identical-texts"
    stage = "form"

    def judge(self, state: State) -> Verdict | None:
        if state.remaining < 2 or state.task == "open-ended generation":
            return None
        profile = state.profile
        # The longest text is as long as what all begin with: all are that.
        prompts = 0 < profile.prompt.longest == len(profile.prompt.prefix)
        completions = 0 < profile.completion.longest == len(profile.completion.prefix)
        if prompts:
            return Verdict(
                "error",
                "all prompts are the same; leave them empty for open-ended generation, or make them differ",
            )
        if completions:
            return Verdict("error", "all completions are the same; the model would only learn to repeat them")
        return None


class NearLeakage(Check):
    """A validation prompt that differs from a training prompt by case, spaces, punctuation or forms of characters only.

    Prompts are compared after Unicode's NFKC, folding of case, and removal of all but letters and digits; signs
    between two digits stay.
    """

    id = "near-leakage"
    shapes = EVERY

    def judge(self, state: State) -> Verdict | None:
        exact = set(state.repeats.leaks)
        rows = [at for at in state.repeats.near_leaks if at not in exact]
        if not rows or state.task == "open-ended generation":
            return None
        return Verdict(
            "warning",
            f"{plural(len(rows), 'validation prompt differs', 'validation prompts differ')} from a training prompt "
            "only by case, spaces or punctuation",
            rows,
            level="optional",
            action=f"remove {plural(len(rows), 'row')} from the validation file",
            drops=True,
        )
