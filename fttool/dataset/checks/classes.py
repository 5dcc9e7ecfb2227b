"""The classes of a classification."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from itertools import compress

from fttool.dataset.checks.base import Check, State, Verdict, plural
from fttool.dataset.steps import apply_steps
from fttool.dataset.texts import show
from fttool.dataset.tokens import first_token


def class_counts(answers: array[int], gone: bytearray) -> Counter[int]:
    """Examples of each class (by the hash of its label) among the rows that are not gone."""
    counts = Counter(answers)
    counts.subtract(compress(answers, gone))
    return +counts


def label_names(state: State, hashes: list[int], most: int = 8) -> str:
    """The first few labels for a message."""
    labels = state.profile.labels or {}
    known = sorted(labels[one].removeprefix(" ") for one in hashes if one in labels)
    return ", ".join(f"`{show(name, 30)}`" for name in known[:most]) + (", …" if len(hashes) > most else "")


class SmallClasses(Check):
    """The guide asks for at least 100 examples a class; a class with one example cannot be split."""

    id = "small-classes"
    stage = "form"
    least = 100

    def judge(self, state: State) -> Verdict | None:
        if state.task != "classification":
            return None
        counts = class_counts(state.profile.answers, state.gone)
        single = [one for one, count in counts.items() if count < 2]
        small = [one for one, count in counts.items() if count < self.least]
        labels = state.profile.labels or {}
        details = {"classes": {labels[one]: counts[one] for one in small if one in labels}}
        if single:
            return Verdict(
                "warning",
                f"{plural(len(single), 'class has', 'classes have')} a single example, which cannot stand in both "
                f"training and validation: {label_names(state, single)}",
                details=details,
            )
        if small:
            return Verdict(
                "hint",
                f"{len(small)} of {plural(len(counts), 'class', 'classes')} have fewer than {self.least} examples: "
                f"{label_names(state, small)}",
                details=details,
            )
        return None


class FirstToken(Check):
    """With `max_tokens=1`, as classification is used, labels must differ in their first token."""

    id = "first-token"
    stage = "form"

    def judge(self, state: State) -> Verdict | None:
        labels = state.profile.labels
        if state.task != "classification" or not labels:
            return None
        alive = class_counts(state.profile.answers, state.gone)
        _, texts = apply_steps(state.form_steps, [], [text for one, text in labels.items() if one in alive])
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for text in texts:
            bare = text if state.to_chat else " " + text.strip()
            groups[first_token(bare, state.spec.limit.encoding)[0]].append(text)
        shared = sorted((sorted(group) for group in groups.values() if len(group) > 1), key=len, reverse=True)
        if not shared:
            return None
        count = sum(map(len, shared))
        shown = ", ".join(f"`{show(text.removeprefix(' '), 30)}`" for text in shared[0][:4])
        more = ", …" if count > 4 else ""
        return Verdict(
            "warning" if not state.to_chat else "hint",
            f"{count} of {plural(len(texts), 'label')} share their first token with another label ({shown}{more}); to "
            "classify by one token give each class a label with a first token of its own, such as a number",
            details={"groups": shared, "exact": state.spec.limit.exact},
        )


class ClassBalance(Check):
    """One answer so often that always giving it is right most of the time: the model learns that first.

    Told where examples are classified and one class holds four of five examples or more; of chats, where their last
    answers are few and short.
    """

    id = "class-balance"
    stage = "form"
    shapes = ("completion", "chat")
    share, least = 0.8, 20

    def judge(self, state: State) -> Verdict | None:
        if state.layout.keeps_rows:
            endings = state.profile.endings
            if not endings or len(endings) * 3 > endings.total():
                return None
            (name, most), total, classes = endings.most_common(1)[0], endings.total(), len(endings)
        elif state.task == "classification":
            counts = class_counts(state.profile.answers, state.gone)
            (one, most), total, classes = counts.most_common(1)[0], counts.total(), len(counts)
            name = (state.profile.labels or {}).get(one, "?")
        else:
            return None
        if classes < 2 or total < self.least or most < self.share * total:
            return None
        return Verdict(
            "hint",
            f"{most / total:.0%} of the answers are `{show(name.strip(), 30)}`: a model that always says so is right "
            "as often",
            details={"label": name, "share": round(most / total, 4)},
        )
