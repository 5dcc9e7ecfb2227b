"""Odd characters: controls, lone surrogates, mojibake, white space at the ends; and text that was cut off."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from fttool.dataset.checks.base import EVERY, Check, Spec, State, Verdict, plural
from fttool.dataset.ends import KNOWN_SEPARATORS
from fttool.dataset.examples import Pairs
from fttool.dataset.row_steps import CleanRows
from fttool.dataset.rows import Hit, Rows, texts_where
from fttool.dataset.steps import RemoveControls, ReplaceSurrogates, StripEdges
from fttool.dataset.texts import beyond_ascii

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: How control characters stand in JSON.
_ESCAPED_CONTROL = re.compile(rb"\\[ubf]")
_SURROGATE = re.compile("[\ud800-\udfff]")

#: UTF-8 read as Windows-1252 or Latin-1 (é as Ã©, ’ as â€™), and U+FFFD, left by a decoder that gave up.
_MOJIBAKE = re.compile("[ÃÂ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€[\u0080-\u00bf™œ\u009d“”˜¦¢]|ï¿½|ðŸ|�")
_MOJIBAKE_BYTES = tuple(mark.encode() for mark in ("Ã", "Â", "â€", "ï¿½", "ðŸ", "�"))

#: Places where programs cut texts: database columns, and the longest cell of a spreadsheet.
_USUAL_CUTS = (255, 256, 500, 512, 1000, 1024, 2000, 2048, 4000, 4096, 8000, 8192, 32_767, 65_535)


def _may_hold_control(data: bytes) -> bool:
    # A pattern with one way to begin is found ten times as fast as one with two.
    return b"\x7f" in data or _ESCAPED_CONTROL.search(data) is not None


def _may_be_mojibake(data: bytes) -> bool:
    foreign = beyond_ascii(data)
    return bool(foreign) and any(mark in foreign for mark in _MOJIBAKE_BYTES)


def _either(pairs: Pairs, matches: Callable[[str], object]) -> list[int]:
    """Examples of which prompt or completion matches."""
    return [
        at
        for at, (prompt, completion) in enumerate(zip(pairs.prompts, pairs.completions, strict=True))
        if matches(prompt) or matches(completion)
    ]


class ControlCharacters(Check):
    """NUL and other control characters but tab and line ends: left by exports, never meant."""

    id = "control-characters"
    shapes = EVERY

    def scan(self, pairs: Pairs, spec: Spec) -> Sequence[int]:
        between = max(0, len(pairs.prompts) - 1)  # the NULs between the texts
        if pairs.prompt_kinds.control == pairs.completion_kinds.control == between:
            return ()
        return _either(pairs, _CONTROL.search)

    def row_hits(self, rows: Rows, spec: Spec) -> Iterator[Hit]:
        for at, path, text in texts_where(rows, _may_hold_control):
            if found := _CONTROL.search(text):
                yield Hit(at, path, f"holds U+{ord(found[0]):04X}")

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows:
            return None
        return Verdict(
            "warning",
            f"{plural(len(rows), 'row holds', 'rows hold')} control characters (NUL, escape, …)",
            rows,
            level="recommended",
            action="remove the control characters",
            steps=(RemoveControls("prompt"), RemoveControls("completion"), CleanRows()),
            merges=True,
        )


class LoneSurrogate(Check):
    """Half of a character (`"\\ud83d"` in JSON): no UTF-8 file can hold it; it is written as the same escape."""

    id = "lone-surrogate"

    def scan(self, pairs: Pairs, spec: Spec) -> Sequence[int]:
        # As UTF-8, surrogates begin with the byte ED.
        if b"\xed" not in pairs.prompt_kinds.foreign and b"\xed" not in pairs.completion_kinds.foreign:
            return ()
        return _either(pairs, _SURROGATE.search)

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows:
            return None
        return Verdict(
            "warning",
            f"{plural(len(rows), 'row holds', 'rows hold')} half a character (a lone surrogate); services refuse it",
            rows,
            level="recommended",
            action="replace each half character by U+FFFD (�)",
            steps=(ReplaceSurrogates("prompt"), ReplaceSurrogates("completion")),
            merges=True,
        )


class Mojibake(Check):
    """Text that was read in the wrong encoding before it came here."""

    id = "mojibake"
    shapes = EVERY

    def scan(self, pairs: Pairs, spec: Spec) -> Sequence[int]:
        for kinds in (pairs.prompt_kinds, pairs.completion_kinds):
            if any(mark in kinds.foreign for mark in _MOJIBAKE_BYTES):
                return _either(pairs, _MOJIBAKE.search)
        return ()

    def row_hits(self, rows: Rows, spec: Spec) -> Iterator[Hit]:
        for at, path, text in texts_where(rows, _may_be_mojibake):
            if found := _MOJIBAKE.search(text):
                yield Hit(at, path, f"holds `{found[0]}`")

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows:
            return None
        return Verdict(
            "warning",
            f"{plural(len(rows), 'row looks', 'rows look')} garbled (`Ã©` for `é`, `�`): the text was read in the "
            "wrong encoding before; export it again as UTF-8",
            rows,
        )


class CutOff(Check):
    """Several texts of exactly the greatest length, or texts of a usual limit, that end inside a word."""

    id = "cut-off"

    def judge(self, state: State) -> Verdict | None:
        rows: list[int] = []
        length = 0
        for stats in (state.profile.prompt, state.profile.completion):
            count = len(stats.at_longest)
            shared_form = stats.prefix and len(stats.prefix) * 2 > stats.longest
            if not shared_form and (count >= 3 or (count == 2 and stats.longest in _USUAL_CUTS)):
                distinct = stats.longest in _USUAL_CUTS or count >= 5
                if distinct and stats.shortest < stats.longest:
                    rows.extend(stats.at_longest)
                    length = stats.longest
        if not rows:
            return None
        return Verdict(
            "hint",
            f"{plural(len(rows), 'text is', 'texts are')} exactly {length:,} characters long, the greatest length "
            "here: cut off by a length limit?",
            sorted(set(rows)),
            {"characters": length},
        )


class EdgeSpace(Check):
    """White space at the ends, beyond the separator, the stop sequence and the one leading space of a completion.

    In labels it makes two classes of one, so removing it is recommended there; elsewhere it may be meant.
    """

    id = "edge-space"

    def scan(self, pairs: Pairs, spec: Spec) -> Sequence[int]:
        ends, stop = _prompt_ends(spec), spec.stop
        found = {
            at
            for at, text in enumerate(pairs.prompts)
            if text.strip() is not text and _loose(text.removesuffix(next(filter(text.endswith, ends), "")))
        }
        found.update(
            at
            for at, text in enumerate(pairs.completions)
            if text.strip() is not text and _loose(text.removesuffix(stop).removeprefix(" "))
        )
        return sorted(found)

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows:
            return None
        labels = state.task == "classification"
        spec = state.spec
        return Verdict(
            "warning" if labels else "hint",
            f"{plural(len(rows), 'row has', 'rows have')} white space at the beginning or end of a text",
            rows,
            level="recommended" if labels else "optional",
            action="remove white space at both ends",
            steps=(
                StripEdges("prompt", _prompt_ends(spec)),
                StripEdges("completion", (spec.stop,), keep_space=True),
            ),
            merges=True,
        )


def _prompt_ends(spec: Spec) -> tuple[str, ...]:
    """Separators, which may end with white space: that of all prompts, and any that only some have yet."""
    return (spec.separator, *KNOWN_SEPARATORS) if spec.separator else KNOWN_SEPARATORS


def _loose(text: str) -> bool:
    return bool(text) and (text[0].isspace() or text[-1].isspace())
