"""What was said before the last question of a chat, apart from the question itself.

A prompt that is a chat has its messages as "role: text" lines (`fttool.service.examples.render`). What the user says
last decides most of the answer, and what was said before may be longer. So the two must not be one bag of words: a
model that was trained on single questions would take the words of earlier questions for those of this one.
"""

from __future__ import annotations

#: What a question of the user, and an answer of the assistant, begin with.
USER, _ASSISTANT = "\nuser: ", "\nassistant: "


def split(prompt: str) -> tuple[str, str]:
    """What was said before, and what is asked now. Without an answer of the assistant in between, all is asked now."""
    at = prompt.rfind(USER)
    if at < 0 or not (prompt.startswith(_ASSISTANT[1:]) or _ASSISTANT in prompt[: at + 1]):
        return "", prompt
    return prompt[:at], prompt[at + len(USER) :]
