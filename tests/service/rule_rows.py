"""For each rule that is an error: a row that has it, and nothing else wrong; and its twin, which nearly has it."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
GIF = base64.b64encode(b"GIF89a" + bytes(18)).decode()

ASKED = {"role": "user", "content": "q"}
ANSWERED = {"role": "assistant", "content": "r"}
WEB = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


class Pair(NamedTuple):
    """A rule, the shape, the row that has the fault, and the one that nearly has it. Bytes are a line as it is."""

    rule: str
    shape: str
    bad: dict[str, Any] | bytes
    good: dict[str, Any]


def chat(*messages: Any, **more: Any) -> dict[str, Any]:
    """A chat of these messages."""
    return {"messages": list(messages), **more}


def answered(**change: Any) -> dict[str, Any]:
    """A chat whose answer has these keys too."""
    return chat(ASKED, {**ANSWERED, **change})


def shown(*parts: Any, role: str = "user") -> dict[str, Any]:
    """A chat that begins with a message of these parts."""
    return chat({"role": role, "content": list(parts)}, ANSWERED)


def image(url: Any, **more: Any) -> dict[str, Any]:
    """An image."""
    return {"type": "image_url", "image_url": {"url": url, **more}}


def tool(name: str = "f", **more: Any) -> dict[str, Any]:
    """A tool."""
    return {"type": "function", "function": {"name": name, **more}}


def call(arguments: Any = "{}", name: str = "f", **more: Any) -> dict[str, Any]:
    """A call of a tool."""
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def called(*calls: Any, then: tuple[Any, ...] = (), **more: Any) -> dict[str, Any]:
    """A chat that calls tools."""
    return chat(ASKED, {"role": "assistant", "content": None, "tool_calls": list(calls)}, *then, **more)


def pair(better: Any = ANSWERED, worse: Any = None, **more: Any) -> dict[str, Any]:
    """A preference."""
    worse = {"role": "assistant", "content": "s"} if worse is None else worse
    return {"input": chat(ASKED), "preferred_output": [better], "non_preferred_output": [worse], **more}


def answer(identifier: str) -> dict[str, Any]:
    """A tool's answer."""
    return {"role": "tool", "tool_call_id": identifier, "content": ""}


LARGE = 13_333_336  # characters of base64 that are 10,000,002 bytes

PAIRS = (
    Pair("chat-messages", "chat", chat(), chat(ANSWERED)),
    Pair("null-key", "chat", answered(tool_calls=None), answered(refusal=None)),
    Pair(
        "chat-role",
        "chat",
        chat({"role": "bot", "content": "q"}, ANSWERED),
        chat({**ASKED, "role": "developer"}, ANSWERED),
    ),
    Pair("chat-role-case", "chat", chat({**ASKED, "role": "User"}, ANSWERED), chat(ASKED, ANSWERED)),
    Pair(
        "chat-content",
        "chat",
        chat({"role": "user", "content": 1}, ANSWERED),
        chat({"role": "user", "content": ""}, ANSWERED),
    ),
    Pair("chat-name", "chat", chat({**ASKED, "name": "a b"}, ANSWERED), chat({**ASKED, "name": "a_b"}, ANSWERED)),
    Pair("chat-weight", "chat", answered(weight=0.5), answered(weight=1.0)),
    Pair("chat-last", "chat", chat(ASKED, ANSWERED, ASKED), chat(ASKED, ANSWERED, ASKED, ANSWERED)),
    Pair("chat-no-answer", "chat", answered(weight=0), chat(ASKED, {**ANSWERED, "weight": 0}, ASKED, ANSWERED)),
    Pair(
        "chat-surrogate",
        "chat",
        b'{"messages": [{"role": "user", "content": "\\ud83d"}, {"role": "assistant", "content": "r"}]}',
        chat({"role": "user", "content": "\U0001f600"}, ANSWERED),
    ),
    Pair("content-part", "chat", shown({"type": "text"}), shown({"type": "text", "text": "q", "more": 1})),
    Pair("image-role", "chat", shown(WEB, role="system"), shown(WEB)),
    Pair("image-url", "chat", shown(image("a.png")), shown(image("http://example.org/a", detail="low"))),
    Pair(
        "image-format",
        "chat",
        shown(image(f"data:image/gif;base64,{GIF}")),
        shown(image(f"data:image/png;base64,{PNG}")),
    ),
    Pair(
        "image-size",
        "chat",
        shown(image("data:image/png;base64," + PNG[:20] + "A" * (LARGE - 20))),
        shown(image("data:image/png;base64," + PNG[:20] + "A" * (LARGE - 24))),
    ),
    Pair("image-count", "chat", shown(*[WEB] * 11), shown(*[WEB] * 10)),
    Pair("tool-definition", "chat", answered() | {"tools": [tool("a b")]}, answered() | {"tools": [tool("a-b")]}),
    Pair(
        "tool-schema",
        "chat",
        answered() | {"tools": [tool(parameters={"type": "list"})]},
        answered() | {"tools": [tool(parameters={"type": "object", "x-own": 1.5})]},
    ),
    Pair(
        "tool-duplicate",
        "chat",
        answered() | {"tools": [tool(), tool()]},
        answered() | {"tools": [tool(), tool("g")]},
    ),
    Pair("tool-call", "chat", called(call(id=""), tools=[tool()]), called(call(), tools=[tool()])),
    Pair("tool-undeclared", "chat", called(call(name="g"), tools=[tool()]), called(call(), tools=[tool()])),
    Pair("tool-arguments", "chat", called(call("[]"), tools=[tool()]), called(call('{"a": [1e400]}'), tools=[tool()])),
    Pair(
        "tool-arguments-encoding",
        "chat",
        called(call({}), tools=[tool()]),
        called(call('{"a": "{}"}'), tools=[tool()]),
    ),
    Pair(
        "tool-answer",
        "chat",
        called(call(), then=(answer("c2"), ANSWERED), tools=[tool()]),
        called(call(), then=(answer("c1"), ANSWERED), tools=[tool()]),
    ),
    Pair(
        "parallel-tool-calls",
        "chat",
        answered() | {"parallel_tool_calls": "no"},
        answered() | {"parallel_tool_calls": False},
    ),
    Pair("preference-input", "preference", pair(input="q"), pair(input=chat(ASKED), more=1)),
    Pair(
        "preference-output",
        "preference",
        pair() | {"preferred_output": [ANSWERED] * 2},
        pair({**ANSWERED, "name": "a"}),
    ),
    Pair(
        "preference-text",
        "preference",
        pair(input=chat({"role": "user", "content": [WEB]})),
        pair({"role": "assistant", "content": [{"type": "text", "text": "r"}]}),
    ),
    Pair("preference-same", "preference", pair(worse=ANSWERED), pair(worse={"role": "assistant", "content": "R"})),
    Pair("missing-prompt", "completion", {"prompt": None, "completion": "b"}, {"prompt": "", "completion": "b"}),
    Pair("value-type", "completion", {"prompt": "a", "completion": 5}, {"prompt": "a", "completion": "5"}),
    Pair("empty-completion", "completion", {"prompt": "a", "completion": " \n"}, {"prompt": "a", "completion": " b"}),
)

METHODS = {"chat": "supervised", "completion": "supervised", "preference": "dpo"}
