"""POST /chat/completions: the assistant's next message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fttool.service.api.routes.inference import find_model, reply

if TYPE_CHECKING:
    from fttool.service.inference.answers import Answers
    from fttool.service.inference.bodies import ChatBody


async def create_chat_completion(request: Request) -> Response:
    """Answer a chat."""
    from fttool.service.inference.requests import DEFAULT_CHAT_TOKENS, chat_body, chat_prompt, settings

    body = chat_body(await request.body())
    model = await find_model(request, body.model)

    from fttool.service.inference.answers import Answers

    report = body.report
    limit = body.max_completion_tokens or body.max_tokens or DEFAULT_CHAT_TOKENS
    answers = Answers(model, [chat_prompt(body)], settings(body, limit, report), n=body.n or 1, report=report)
    return await reply(request, _chunks(body, answers) if body.stream else _whole(body, answers), bool(body.stream))


def _whole(body: ChatBody, answers: Answers) -> Iterator[dict[str, Any] | None]:
    """The answer; None after each step on the way to it."""
    from fttool.service.inference.shapes import chat_choice, new_answer, usage

    whole = new_answer("chatcmpl-", "chat.completion", body.model)
    choices = []
    for choice in answers.choices():
        if choice is not None:
            choices.append(chat_choice(choice, body.report))
        yield None
    yield {**whole, "choices": choices, "usage": usage(answers)}


def _chunks(body: ChatBody, answers: Answers) -> Iterator[dict[str, Any]]:
    """The answer in chunks: who speaks, then what the choices grow by, then why they ended."""
    from fttool.service.inference.shapes import chat_deltas, chat_opening, new_answer, usage

    common = new_answer("chatcmpl-", "chat.completion.chunk", body.model)
    unused = {"usage": None} if body.with_usage else {}
    for index in range(answers.n):
        yield {**common, "choices": [chat_opening(index)], **unused}
    for index, piece in answers.pieces():
        for choice in chat_deltas(index, piece, body.report):
            yield {**common, "choices": [choice], **unused}
    if body.with_usage:
        yield {**common, "choices": [], "usage": usage(answers)}


routes = [Route("/chat/completions", create_chat_completion, methods=["POST"])]
