"""The table of rules: every id that a fault may have, how serious it is, and what it is called in a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "hint"]

CHAT, PREFERENCE, REINFORCEMENT = "chat", "preference", "reinforcement"
#: Shapes whose rows are kept whole, and have messages somewhere.
ROW_SHAPES = (CHAT, PREFERENCE, REINFORCEMENT)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `one` and `many` say of so many rows what is wrong with them."""

    id: str
    severity: Severity
    one: str
    many: str
    shapes: tuple[str, ...] = ROW_SHAPES


def _rule(
    id: str,  # noqa: A002
    severity: Severity,
    has: str,
    have: str | None = None,
    shapes: tuple[str, ...] = ROW_SHAPES,
) -> Rule:
    """A rule about rows that "have" something: the plural is made by the verb."""
    return Rule(id, severity, f"row {has}", f"rows {have or has.replace('has ', 'have ', 1)}", shapes)


_ALL: tuple[Rule, ...] = (
    # the frame of a row
    _rule("chat-messages", "error", "has no usable list of messages"),
    _rule("unknown-key", "warning", "has a key that means nothing to a service"),
    _rule("null-key", "error", "has a null that services do not take"),
    # messages
    _rule("chat-role", "error", "has an unknown role"),
    _rule("chat-role-case", "error", "has a role in capitals or with white space"),
    _rule("chat-content", "error", "has a message without usable content"),
    _rule("empty-content", "warning", "has a message that is empty or white space"),
    _rule("chat-name", "error", "has a name that services do not take"),
    _rule("chat-weight", "error", "has a weight that is not 0 or 1, or not an answer's"),
    _rule("chat-order", "warning", "has its messages out of order", "have their messages out of order"),
    _rule("chat-turns", "warning", "has two assistant messages in a row", "have two assistant messages in a row"),
    _rule(
        "chat-last", "error", "does not end with an assistant message", "do not end with an assistant message", (CHAT,)
    ),
    _rule("chat-no-answer", "error", "has no assistant message to learn from", shapes=(CHAT,)),
    _rule("chat-surrogate", "error", "holds half a character", "hold half a character"),
    # parts of a content
    _rule("content-part", "error", "has a part of a content that is none"),
    _rule("part-not-trained", "warning", "has sound or files, which fine-tuning does not take"),
    _rule("image-role", "error", "has an image outside of a user message"),
    _rule("image-url", "error", "has an image without a usable address"),
    _rule("image-format", "error", "has an image of a format that services do not take"),
    _rule("image-size", "error", "has an image that is too large"),
    _rule("image-count", "error", "has too many images"),
    # tools
    _rule("tool-definition", "error", "has a tool that is not defined as services want it"),
    _rule("tool-schema", "error", "has a tool whose parameters are no JSON Schema of an object"),
    _rule("tool-duplicate", "error", "defines two tools of one name", "define two tools of one name"),
    _rule(
        "tool-legacy",
        "hint",
        "uses `functions`, which services call deprecated",
        "use `functions`, which services call deprecated",
    ),
    _rule("tool-call", "error", "has a call of a tool that is not as services want it"),
    _rule("tool-undeclared", "error", "calls a tool that it does not define", "call a tool that they do not define"),
    _rule(
        "tool-arguments",
        "error",
        "calls a tool with arguments that are no JSON object",
        "call a tool with arguments that are no JSON object",
    ),
    _rule("tool-arguments-encoding", "error", "has arguments of a tool that are not encoded once"),
    _rule(
        "tool-arguments-schema",
        "warning",
        "calls a tool with arguments that its schema does not allow",
        "call a tool with arguments that its schema does not allow",
    ),
    _rule("tool-answer", "error", "has a tool's answer to a call that is not there"),
    _rule("tool-unanswered", "warning", "has a call of a tool that is not answered"),
    _rule("tool-call-id", "warning", "uses one id for two calls", "use one id for two calls"),
    _rule("parallel-tool-calls", "error", "has a `parallel_tool_calls` that is not true or false"),
    _rule(
        "parallel-calls-off",
        "warning",
        "makes calls at once although it forbids them",
        "make calls at once although they forbid them",
    ),
    # preference
    _rule("preference-input", "error", "has no usable input", shapes=(PREFERENCE,)),
    _rule("preference-output", "error", "has an output that is not one assistant message", shapes=(PREFERENCE,)),
    _rule(
        "preference-text",
        "error",
        "compares something else than text",
        "compare something else than text",
        shapes=(PREFERENCE,),
    ),
    _rule(
        "preference-same", "error", "prefers an output to itself", "prefer an output to itself", shapes=(PREFERENCE,)
    ),
    # reinforcement
    _rule(
        "reinforcement-last",
        "error",
        "does not end with a user message",
        "do not end with a user message",
        shapes=(REINFORCEMENT,),
    ),
    _rule("reference-missing", "warning", "has nothing to grade answers by", shapes=(REINFORCEMENT,)),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL} | {
    # what prepare_data finds by its own checks of prompt and completion
    rule.id: rule
    for rule in (
        _rule("missing-prompt", "error", "has no prompt", shapes=("completion",)),
        _rule("value-type", "error", "has a prompt or completion that is no text", shapes=("completion",)),
        _rule("empty-completion", "error", "has an empty completion", shapes=("completion",)),
    )
}
