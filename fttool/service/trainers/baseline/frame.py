"""What all prompts of a file begin and end with: instructions, roles, the separator. It tells nothing apart."""

from __future__ import annotations

import msgspec

from fttool.service.trainers.baseline.history import USER, split

#: What is cut off begins or ends at white space, so never within a word.
_MOST = 100_000


class Frame(msgspec.Struct, frozen=True):
    """The constant beginning and end of the prompts. Either may be missing from a prompt that is asked later."""

    prefix: str = ""
    suffix: str = ""

    def inner(self, prompt: str) -> str:
        """The prompt without its frame. In a chat that has gone on for some time it is the last question's frame."""
        before, asked = split(prompt)
        prefix = self.prefix.rpartition(USER)[2] if before else self.prefix
        if prefix and asked.startswith(prefix):
            asked = asked[len(prefix) :]
        if self.suffix and asked.endswith(self.suffix):
            asked = asked[: -len(self.suffix)]
        return f"{before}{USER}{asked}" if before else asked


def frame_of(prefix: str, suffix: str, examples: int) -> Frame:
    """The frame of prompts that share so much. Words are not cut; one example has no frame."""
    if examples < 2:
        return Frame()
    start = max((at + 1 for at, character in enumerate(prefix) if character.isspace()), default=0)
    end = next((at for at, character in enumerate(suffix) if character.isspace()), len(suffix))
    kept = suffix[end:]
    return Frame(prefix[:start] if start <= _MOST else "", kept if len(kept) <= _MOST and kept.strip() else "")
