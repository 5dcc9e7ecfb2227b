"""Answers as OpenAI's JSON: choices, log-probabilities, usage, for completions and chats, whole or in chunks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from fttool.service.ids import new_id
from fttool.service.inference.answers import Answers, Choice
from fttool.service.inference.decoding import Piece, Token
from fttool.service.inference.sampling import LEAST_LOGPROB
from fttool.service.trainers import END

#: How the end of a text is written where it is one of the candidates: OpenAI's name for it.
END_SHOWN = "<|endoftext|>"


def new_answer(prefix: str, kind: str, model: str) -> dict[str, Any]:
    """What all parts of an answer share: id, object, created (unix seconds), model."""
    return {"id": new_id(prefix), "object": kind, "created": int(time.time()), "model": model}


def usage(answers: Answers) -> dict[str, Any]:
    """What was used, in tokens of the model."""
    return {
        "prompt_tokens": answers.prompt_tokens,
        "completion_tokens": answers.completion_tokens,
        "total_tokens": answers.prompt_tokens + answers.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def completion_choice(index: int, grown: Choice | Piece, prompt_length: int, top: int | None) -> dict[str, Any]:
    """A choice of a completion, or what it grew by. `top` None: without log-probabilities."""
    return {
        "text": grown.text,
        "index": index,
        "logprobs": None if top is None else completion_logprobs(grown.tokens, prompt_length, top),
        "finish_reason": grown.finish,
    }


def completion_logprobs(tokens: Sequence[Token], prompt_length: int, top: int) -> dict[str, Any]:
    """The parallel lists of the older endpoint. Offsets count from the start of the prompt, echoed or not.

    `top_logprobs` has the `top` best candidates and the token itself; an empty object at each place for 0.
    """
    best: list[dict[str, float] | None] = []
    for token in tokens:
        if token.logprob is None:
            best.append(None)
            continue
        candidates = {_shown(text): logprob for text, logprob in token.top[:top]}
        if top:
            candidates.setdefault(token.text, token.logprob)
        best.append(candidates)
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": best,
        "text_offset": [prompt_length + token.start for token in tokens],
    }


def chat_choice(choice: Choice, top: int | None) -> dict[str, Any]:
    """A choice of a chat."""
    return {
        "index": choice.index,
        "message": {"role": "assistant", "content": choice.text, "refusal": None, "annotations": []},
        "logprobs": chat_logprobs(choice.tokens, top),
        "finish_reason": choice.finish,
    }


def chat_opening(index: int) -> dict[str, Any]:
    """The first chunk of a choice of a chat: who speaks."""
    delta = {"role": "assistant", "content": "", "refusal": None}
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}


def chat_deltas(index: int, piece: Piece, top: int | None) -> Iterator[dict[str, Any]]:
    """What a choice of a chat grew by: its text, and its end in a chunk of its own, as OpenAI sends them."""
    if piece.text or piece.tokens:
        logprobs = chat_logprobs(piece.tokens, top)
        yield {"index": index, "delta": {"content": piece.text}, "logprobs": logprobs, "finish_reason": None}
    if piece.finish is not None:
        yield {"index": index, "delta": {}, "logprobs": None, "finish_reason": piece.finish}


def chat_logprobs(tokens: Sequence[Token], top: int | None) -> dict[str, Any] | None:
    """The list of the newer endpoint, with the `top` best candidates; None where none were asked for."""
    if top is None:
        return None
    return {
        "content": [
            {
                **_chat_token(token.text, LEAST_LOGPROB if token.logprob is None else token.logprob),
                "top_logprobs": [_chat_token(text, logprob) for text, logprob in token.top[:top]],
            }
            for token in tokens
        ],
        "refusal": None,
    }


def _chat_token(text: str, logprob: float) -> dict[str, Any]:
    return {"token": _shown(text), "logprob": logprob, "bytes": None if text == END else list(text.encode())}


def _shown(text: str) -> str:
    return END_SHOWN if text == END else text
