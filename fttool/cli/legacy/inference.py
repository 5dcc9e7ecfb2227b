"""`fttool api completions.create`, `chat_completions.create` (0.28.1) and `chat.completions.create` (1.x)."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from fttool.cli import answer_views, asking, output
from fttool.cli.legacy import printing
from fttool.cli.legacy.grammar import Entry, number, whole
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.jobs.inference import Answer, Piece, Sampling

#: Of 1.x; fttool does not send them.
_UNSENT = ("frequency_penalty", "presence_penalty", "suffix", "user")


def _sampling_options(parser: ArgumentParser) -> None:
    parser.add_argument("--stream", action="store_true", help="Show the answer as it comes.")
    parser.add_argument("-M", "--max-tokens", metavar="N", type=whole, help="How long an answer may be.")
    parser.add_argument("-t", "--temperature", metavar="T", type=number, help="0: always the likeliest answer.")
    parser.add_argument("-P", "--top_p", metavar="P", type=number, help="Draw from the likeliest P of all only.")
    parser.add_argument("-n", "--n", metavar="N", type=whole, help="How many answers.")
    parser.add_argument("--stop", metavar="TEXT", help="Stop before this text; it is taken as it is.")


def _completions_options(parser: ArgumentParser) -> None:
    parser.add_argument("-e", "--engine", metavar="MODEL", help="What models were called once.")
    parser.add_argument("-m", "--model", metavar="MODEL", help="The model.")
    parser.add_argument("-p", "--prompt", metavar="TEXT", help="The prompt.")
    _sampling_options(parser)
    parser.add_argument("--logprobs", metavar="N", type=whole, help="How likely each token was: shown with --json.")
    parser.add_argument("--best_of", metavar="N", type=whole, help="Have N made, show the likeliest.")
    parser.add_argument("--echo", action="store_true", help="Print the prompt before the answer (as it does anyway).")
    parser.add_argument("--no_echo", action="store_true", help="Print the answer alone.")
    for name in _UNSENT:
        parser.add_argument(f"--{name}", metavar="X", help="Refused: fttool does not send it.")


def _chat_options(parser: ArgumentParser, *, engine: bool) -> None:
    parser.add_argument(
        "-g",
        "--message",
        action="append",
        nargs=2,
        required=True,
        metavar=("ROLE", "CONTENT"),
        help="A message (repeat for more).",
    )
    if engine:
        group = parser.add_mutually_exclusive_group()
        group.add_argument("-e", "--engine", metavar="MODEL", help="What models were called once.")
        group.add_argument("-m", "--model", metavar="MODEL", help="The model.")
    else:
        parser.add_argument("-m", "--model", required=True, metavar="MODEL", help="The model.")
        parser.set_defaults(engine=None)
    _sampling_options(parser)
    parser.set_defaults(logprobs=None, best_of=None)


def complete(given: Namespace, connection: Connection) -> None:
    """Complete a prompt, and print both."""
    from fttool.jobs import inference

    wanted = _sampling(given)
    for name in _UNSENT:
        if getattr(given, name) is not None:
            raise UsageError(f"`--{name}` is not sent by fttool", hint="leave it out, or use the `openai` package")
    client, model = asking.open_for(connection, _model(given))
    prompt = given.prompt or ""
    # 0.28.1 always asked for the prompt to be repeated. Not every service does that, and the text is here.
    before = "" if given.no_echo else prompt
    if given.stream:
        _stream(inference.stream_completion(client, model, prompt, wanted), wanted, before, json=given.json, end="")
        return
    answer = inference.complete(client, model, prompt, wanted)
    if given.logprobs is not None and not given.json:
        output.hint("`--json` shows the log-probabilities")
    _show(answer, wanted, before, "Completion", json=given.json, end="")


def chat(given: Namespace, connection: Connection, *, end: str) -> None:
    """Ask a model for the next message. `end` is what ends an answer without a line end."""
    from fttool.jobs import inference

    wanted = _sampling(given)
    messages = [{"role": role, "content": content} for role, content in given.message]
    client, model = asking.open_for(connection, _model(given))
    if given.stream:
        _stream(inference.stream_chat(client, model, messages, wanted), wanted, "", json=given.json, end=end)
        return
    answer = inference.chat(client, model, messages, wanted)
    _show(answer, wanted, "", "Chat Completion", json=given.json, end=end)


def _sampling(given: Namespace) -> Sampling:
    from fttool.jobs.inference import Sampling

    if given.stream and given.n is not None and given.n > 1:
        raise UsageError("`--stream` shows one answer, and `-n` asks for more")
    return Sampling(
        () if given.stop is None else (given.stop,),
        given.max_tokens,
        given.temperature,
        given.top_p,
        given.n,
        given.logprobs,
        best_of=given.best_of,
    )


def _model(given: Namespace) -> str | None:
    if given.engine is not None:
        output.note("engines are called models today: `-e` is taken for `-m`")
        if given.model is not None:
            output.warn(f"both are given: model {given.model} it is")
    named: str | None = given.model or given.engine
    return named


def _show(answer: Answer, wanted: Sampling, before: str, what: str, *, json: bool, end: str) -> None:
    if json:
        printing.show(answer.raw)
        return
    several = len(answer.choices) > 1
    for at, choice in enumerate(answer.choices):
        if several:
            output.answer(f"===== {what} {at} =====")
        output.answer_piece(f"{before}{choice.text}" + ("\n" if several else _end(choice.text, end)))
    answer_views.tell_cut(answer_views.reasons(answer), wanted)


def _stream(pieces: Iterator[Piece], wanted: Sampling, before: str, *, json: bool, end: str) -> None:
    text, reason = "", None
    for piece in pieces:
        reason = piece.finish_reason or reason
        if json:
            output.answer_json_line(piece.raw)
            continue
        output.answer_piece(piece.text if text else before + piece.text)
        text += piece.text or " "
    if not json:
        output.answer_piece(_end(text, end))
    answer_views.tell_cut({reason}, wanted)


def _end(text: str, end: str) -> str:
    """What comes after an answer: 0.28.1 put nothing there, which is of no good on a terminal."""
    return "" if text.endswith("\n") else "\n" if output.is_terminal(sys.stdout) else end


COMMANDS = (
    Entry(
        "completions.create",
        "Complete a prompt with a model.",
        complete,
        _completions_options,
        "fttool api completions.create -m ft:baseline:local::a1b2c3d4 -p 'I like it ->'",
    ),
    Entry(
        "chat_completions.create",
        "Ask a model for the next message.",
        partial(chat, end=""),
        partial(_chat_options, engine=True),
        "fttool api chat_completions.create -m gpt-4.1-mini-2025-04-14 -g user 'When do you open?'",
    ),
    Entry(
        "chat.completions.create",
        "Ask a model for the next message.",
        partial(chat, end="\n"),
        partial(_chat_options, engine=False),
        "fttool api chat.completions.create -m gpt-4.1-mini-2025-04-14 -g user 'When do you open?'",
    ),
)
