"""`fttool chat`: one question to a model, a file of them, or a conversation on the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fttool.cli import answer_views, asking, options, output, prompts
from fttool.cli.connection import Connection, connected
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.jobs.inference import Sampling
    from fttool.jobs.inputs import Conversation as Asked

CHAT_EXAMPLES = """\b
Examples:
  fttool chat -m ft:baseline:local::a1b2c3d4 --local
  fttool chat "When do you open?" --system "You answer in one sentence."
  fttool chat --messages valid.jsonl --temperature 0 > answers.txt
  git diff | fttool chat --system "Write a commit message." --max-tokens 100"""

_Message = Annotated[str | None, typer.Argument(metavar="[MESSAGE]", help="The message; else it is standard input.")]
_System = Annotated[
    str | None, typer.Option("-s", "--system", metavar="TEXT", help="What the model is told before the conversation.")
]
_Messages = Annotated[
    Path | None,
    typer.Option(
        "--messages", metavar="FILE", help="A conversation as .json, or one in each line as training files have them."
    ),
]
_NoInput = Annotated[bool, typer.Option("--no-input", help="No conversation: a message, a file or a pipe is needed.")]


@connected
def chat(
    connection: Connection,
    message: _Message = None,
    messages: _Messages = None,
    system: _System = None,
    model: asking.Model = None,
    escapes: asking.Escapes = False,
    stop: asking.Stop = None,
    max_tokens: asking.MaxTokens = None,
    temperature: asking.Temperature = None,
    top_p: asking.TopP = None,
    n: asking.Number = None,
    logprobs: asking.Logprobs = None,
    seed: asking.Seed = None,
    stream: asking.Stream = None,
    json: options.Json = False,
    no_input: _NoInput = False,
) -> None:
    """Talk to a model.

    With a message (or one in a pipe) it is answered, and that is all. With none, on a terminal, you talk until /exit
    or Ctrl-D; Ctrl-C stops an answer. `--messages` asks a conversation from a file; of a training file, each line
    is asked without its answer, and answered on a line (line ends are written \\n). `--json` prints what the service
    answered.
    """
    wanted = asking.sampling(
        stop=stop, max_tokens=max_tokens, temperature=temperature, top_p=top_p, n=n, logprobs=logprobs, seed=seed
    )
    if message is None and messages is None and output.is_terminal(sys.stdin):
        if not prompts.can_ask(no_input) or json:
            raise UsageError("there is no message", hint='give one: `fttool chat "…"`, or a file with `--messages`')
        if n not in (None, 1) or logprobs is not None:
            raise UsageError("`-n` and `--logprobs` need a message: in a conversation there is one answer to each")
        from fttool.cli.conversation import Conversation

        client, name = asking.open_for(connection, model)
        Conversation(client, name, system, wanted, stream=stream is not False).talk()
        return
    found, where = _conversations(message, messages, system, escapes)
    many = len(found) > 1
    streaming = asking.check_streaming(stream, many, wanted) and not (json and stream is None)
    client, name = asking.open_for(connection, model, tell=not json)
    _ask(client, name, found, where, wanted, streaming=streaming, json=json)


def _ask(
    client: Client,
    model: str,
    found: list[Asked],
    where: str,
    wanted: Sampling,
    *,
    streaming: bool,
    json: bool,
) -> None:
    from fttool.jobs import inference

    if streaming:
        shown = answer_views.Shown()
        answer_views.show_stream(inference.stream_chat(client, model, found[0].messages, wanted), shown, json=json)
        answer_views.tell_cut({shown.reason}, wanted)
        return
    if len(found) > 1:
        ends = answer_views.show_many(
            found,
            lambda each: inference.chat(client, model, each.messages, wanted),
            lambda each: each.line,
            where,
            json=json,
        )
        answer_views.tell_cut(ends, wanted)
        return
    answer = inference.chat(client, model, found[0].messages, wanted)
    if json:
        output.answer_json(answer.raw)
    else:
        answer_views.show(answer)
    answer_views.tell_cut(answer_views.reasons(answer), wanted)


def _conversations(
    message: str | None, file: Path | None, system: str | None, escapes: bool
) -> tuple[list[Asked], str]:
    """What is to be answered, and what to call where it is from."""
    from fttool.jobs import inputs

    if file is not None:
        data, name = asking.read(file)
        found = inputs.conversations(inputs.decode(data, name), name)
        if message is not None and len(found) > 1:
            raise UsageError(f"`{name}` holds {len(found)} conversations; a message can go on with one only")
    else:
        found, name = [inputs.Conversation([], 1)], "the command line"
        if message is None:
            data, name = asking.read(None)
            message = inputs.decode(data, name).removesuffix("\n")
            if not message:
                raise UsageError("the message is empty")
    before: list[dict[str, Any]] = [{"role": "system", "content": system}] if system is not None else []
    after: list[dict[str, Any]] = []
    if message is not None:
        after = [{"role": "user", "content": inputs.unescaped(message) if escapes else message}]
    return [each._replace(messages=[*before, *each.messages, *after]) for each in found], name
