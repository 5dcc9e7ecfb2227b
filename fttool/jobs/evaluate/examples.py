"""The examples of a JSONL file as questions: prompt and completion, or a chat up to its last answer.

The file is read as a stream, twice: once to know what its completions have in common, once to ask.
"""

from __future__ import annotations

import hashlib
import json
import os.path
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fttool.errors import DataError
from fttool.records.evaluation import Question

Kind = Literal["completion", "chat"]

#: A completion longer than this is no label, and so many different ones are no classes (the numbers of prepare_data).
LABEL_CHARS = 100
MAX_LABELS = 20_000

#: Fields of a chat example that go into the request as they are (OpenAI's format of training files).
_BESIDE_MESSAGES = ("tools", "parallel_tool_calls", "functions")


@dataclass(slots=True)
class TextEnds:
    """What many texts have in common: how many there are, their common end, and their lengths.

    `shortest` counts characters without white space at the end, `longest` bytes of UTF-8.
    """

    texts: int = 0
    suffix: str = ""
    shortest: int = 0
    longest: int = 0

    def see(self, text: str) -> None:
        """One more text."""
        if not self.texts:
            self.suffix, self.shortest = text, len(text.rstrip())
        if not text.endswith(self.suffix):
            end = text[-len(self.suffix) :]
            self.suffix = os.path.commonprefix([self.suffix[::-1], end[::-1]])[::-1]  # noqa: RUF071 - characters are meant
        self.texts += 1
        self.shortest = min(self.shortest, len(text.rstrip()))
        self.longest = max(self.longest, len(text.encode("utf-8", "surrogatepass")))


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a file when it was read once.

    `labels` counts the completions (or answers) as they stand there; None if there are too many, or long ones.
    """

    path: Path
    name: str
    sha256: str
    rows: int
    kind: Kind
    labels: Mapping[str, int] | None
    prompts: TextEnds = field(default_factory=TextEnds)
    completions: TextEnds = field(default_factory=TextEnds)


def survey(path: Path, name: str | None = None) -> Survey:
    """Read the whole file once. Raises DataError as `questions` does, and for a file without examples."""
    name = name or str(path)
    digest = hashlib.sha256()
    labels: Counter[str] | None = Counter()
    prompts, completions = TextEnds(), TextEnds()
    kind: Kind = "completion"
    for question in _read(path, name, digest):
        kind = "completion" if question.messages is None else "chat"
        completions.see(question.expected)
        if question.prompt is not None:
            prompts.see(question.prompt)
        if labels is not None:
            labels[question.expected] += 1
            if len(question.expected) > LABEL_CHARS or len(labels) > MAX_LABELS:
                labels = None
    if not completions.texts:
        raise DataError("there is no example in it", file=name)
    return Survey(path, name, digest.hexdigest(), completions.texts, kind, labels, prompts, completions)


def holds_inside(found: Survey, stop: str) -> bool:
    """Whether a completion holds `stop` before its end too: stopping there would cut it."""
    if found.labels is not None:
        return any(stop in label.removesuffix(stop) for label in found.labels)
    return any(stop in question.expected.removesuffix(stop) for question in _read(found.path, found.name, None))


def questions(path: Path, name: str | None = None, *, stop: str | None = None) -> Iterator[Question]:
    """The examples, in their order; `stop` is taken off the end of what is expected.

    Raises DataError, with the line, for what is no JSON object with `prompt` and `completion`, or with `messages`
    among which the assistant says something.
    """
    for question in _read(path, name or str(path), None):
        yield _without(question, stop) if stop else question


def _without(question: Question, stop: str) -> Question:
    expected = question.expected.removesuffix(stop)
    return Question(
        question.index, question.line, expected, question.row, question.prompt, question.messages, question.extra
    )


def _read(path: Path, name: str, digest: Any) -> Iterator[Question]:
    index, first = 0, ""
    try:
        with path.open("rb") as file:
            for line, data in enumerate(file, 1):
                if digest is not None:
                    digest.update(data)
                if line == 1:
                    data = data.removeprefix(b"\xef\xbb\xbf")
                if data.isspace() or not data:
                    continue
                row = _row(data, name, line)
                kind = "messages" if "messages" in row else "prompt"
                first = first or kind
                if kind != first:
                    raise DataError("examples with `prompt` and chats are mixed in it", file=name, line=line)
                question = _chat(row, index, line, name) if kind == "messages" else _pair(row, index, line, name)
                index += 1
                yield question
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or str(error)).lower()}", file=name) from None


def _row(data: bytes, name: str, line: int) -> dict[str, Any]:
    hint = f"`fttool prepare_data {name}` makes a JSONL file of CSV, XLSX, JSON and others"
    try:
        row = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8: {error.reason}", file=name, line=line, hint=hint) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"this line is not JSON: {error}", file=name, line=line, hint=hint) from None
    if not isinstance(row, dict):
        raise DataError("this line is not a JSON object", file=name, line=line, hint=hint)
    return row


def _pair(row: dict[str, Any], index: int, line: int, name: str) -> Question:
    prompt, expected = row.get("prompt", ""), row.get("completion")
    if not isinstance(prompt, str) or not isinstance(expected, str):
        missing = "completion" if isinstance(prompt, str) else "prompt"
        what = "missing" if row.get(missing) is None else "no text"
        raise DataError(
            f"`{missing}` is {what}; an example has `prompt` and `completion`, or `messages`",
            file=name,
            line=line,
            hint=f"`fttool prepare_data {name}` takes columns of other names",
        )
    return Question(index, line, expected, _hash(prompt, expected), prompt=prompt)


def _chat(row: dict[str, Any], index: int, line: int, name: str) -> Question:
    messages = row["messages"]
    if not isinstance(messages, list) or not all(isinstance(each, dict) and "role" in each for each in messages):
        raise DataError("`messages` is a list of objects with `role` and `content`", file=name, line=line)
    last = max((at for at, each in enumerate(messages) if each["role"] == "assistant"), default=None)
    if not last:
        what = "no message of the assistant" if last is None else "nothing before the assistant's answer"
        raise DataError(f"there is {what}", file=name, line=line)
    asked = [{key: value for key, value in each.items() if key != "weight"} for each in messages[:last]]
    extra = {key: row[key] for key in _BESIDE_MESSAGES if row.get(key) is not None}
    expected = said(messages[last])
    return Question(index, line, expected, _hash(asked, expected), messages=asked, extra=extra)


def said(message: Mapping[str, Any]) -> str:
    """What a message says, in the way of `inference`: its text, else the tools it calls, as JSON."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if content is None and message.get("tool_calls"):
        return json.dumps(message["tool_calls"], ensure_ascii=False)
    return content if isinstance(content, str) else ""


def _hash(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
