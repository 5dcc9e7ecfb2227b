"""POST /completions: text goes on where the prompt ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fttool.service.api.routes.inference import find_model, reply

if TYPE_CHECKING:
    from fttool.service.inference.answers import Answers
    from fttool.service.inference.bodies import CompletionBody


async def create_completion(request: Request) -> Response:
    """Complete one or several prompts."""
    from fttool.service.inference.requests import DEFAULT_COMPLETION_TOKENS, completion_body, settings

    body = completion_body(await request.body())
    model = await find_model(request, body.model)

    from fttool.service.inference.answers import Answers

    limit = DEFAULT_COMPLETION_TOKENS if body.max_tokens is None else body.max_tokens
    answers = Answers(
        model,
        body.prompts,
        settings(body, limit, body.logprobs),
        n=body.n or 1,
        best_of=body.best_of or 1,
        echo=bool(body.echo),
        report=body.logprobs,
    )
    return await reply(request, _chunks(body, answers) if body.stream else _whole(body, answers), bool(body.stream))


def _whole(body: CompletionBody, answers: Answers) -> Iterator[dict[str, Any] | None]:
    """The answer; None after each step on the way to it."""
    from fttool.service.inference.shapes import completion_choice, new_answer, usage

    whole = new_answer("cmpl-", "text_completion", body.model)
    choices = []
    for choice in answers.choices():
        if choice is not None:
            length = len(answers.prompt_of(choice.index))
            choices.append(completion_choice(choice.index, choice, length, body.logprobs))
        yield None
    yield {**whole, "choices": choices, "usage": usage(answers)}


def _chunks(body: CompletionBody, answers: Answers) -> Iterator[dict[str, Any]]:
    """The answer in chunks, as the choices grow."""
    from fttool.service.inference.shapes import completion_choice, new_answer, usage

    common = new_answer("cmpl-", "text_completion", body.model)
    unused = {"usage": None} if body.with_usage else {}
    for index, piece in answers.pieces():
        choice = completion_choice(index, piece, len(answers.prompt_of(index)), body.logprobs)
        yield {**common, "choices": [choice], **unused}
    if body.with_usage:
        yield {**common, "choices": [], "usage": usage(answers)}


routes = [Route("/completions", create_completion, methods=["POST"])]
