"""`fttool complete`: how a model goes on from a prompt."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fttool.cli import answer_views, asking, options, output
from fttool.cli.connection import Connection, connected
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.jobs.inputs import Prompt

COMPLETE_EXAMPLES = """\b
Examples:
  fttool complete "I like it ->" -m ft:baseline:local::a1b2c3d4 --local
  fttool complete "I like it\\n\\n###\\n\\n" -e --max-tokens 1 --logprobs 2
  fttool complete -f valid.jsonl --max-tokens 5 --stop "\\n" > answers.txt
  printf 'I like it ->' | fttool complete --json | jq -r '.choices[0].text'"""

_Prompt = Annotated[str | None, typer.Argument(metavar="[PROMPT]", help="The prompt; else it is standard input.")]
_PromptOption = Annotated[
    str | None, typer.Option("-p", "--prompt", metavar="PROMPT", help="The same, as the legacy command has it.")
]
_File = Annotated[
    Path | None,
    typer.Option(
        "-f", "--file", metavar="FILE", help="Many prompts: one a line, or the `prompt` of each row of a .jsonl file."
    ),
]
_Echo = Annotated[bool, typer.Option("--echo", help="Put the prompt before the answer.")]
_BestOf = Annotated[
    int | None,
    typer.Option("--best-of", "--best_of", metavar="N", min=1, max=20, help="Have N made, show the likeliest."),
]
_Logprobs = Annotated[
    int | None,
    typer.Option("--logprobs", metavar="N", min=0, max=5, help="Show how likely each token was, and N others."),
]


@connected
def complete(
    connection: Connection,
    prompt: _Prompt = None,
    prompt_: _PromptOption = None,
    file: _File = None,
    model: asking.Model = None,
    escapes: asking.Escapes = False,
    stop: asking.Stop = None,
    max_tokens: asking.MaxTokens = None,
    temperature: asking.Temperature = None,
    top_p: asking.TopP = None,
    n: asking.Number = None,
    best_of: _BestOf = None,
    logprobs: _Logprobs = None,
    echo: _Echo = False,
    seed: asking.Seed = None,
    stream: asking.Stream = None,
    json: options.Json = False,
) -> None:
    """Complete prompts with a model.

    Standard output gets the answer alone: the text as the model wrote it, with `--logprobs` a table of its tokens
    below. With `-f` there is one line for each prompt, in their order (with `-n`, the answers are between tabs; line
    ends in them are written \\n). `--json` prints what the service answered, with `-f` one document a line. What is
    not given is left to the service: most stop after 16 tokens, and draw with temperature 1.
    """
    wanted = asking.sampling(
        stop=stop,
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        n=n,
        logprobs=logprobs,
        seed=seed,
        best_of=best_of,
        echo=echo,
    )
    given = [each for each in (prompt, prompt_, file) if each is not None]
    if len(given) > 1:
        raise UsageError("a prompt, an option with one, a file of them: only one of these can be given")
    prompt = prompt_ if prompt is None else prompt
    streaming = asking.check_streaming(stream, file is not None, wanted) and not (json and stream is None)
    prompts, name = _prompts(prompt, file, escapes)
    client, model = asking.open_for(connection, model, tell=not json)
    from fttool.jobs import inference

    if streaming:
        shown = answer_views.Shown()
        answer_views.show_stream(inference.stream_completion(client, model, prompts[0].text, wanted), shown, json=json)
        answer_views.tell_cut({shown.reason}, wanted)
        return
    ask = partial(inference.complete, client, model, sampling=wanted)
    if file is not None:
        ends = answer_views.show_many(prompts, lambda each: ask(each.text), lambda each: each.line, name, json=json)
        answer_views.tell_cut(ends, wanted)
        return
    answer = ask(prompts[0].text)
    if json:
        output.answer_json(answer.raw)
    else:
        answer_views.show(answer)
    answer_views.tell_cut(answer_views.reasons(answer), wanted)


def _prompts(prompt: str | None, file: Path | None, escapes: bool) -> tuple[list[Prompt], str]:
    """The prompts to complete, and what to call where they are from."""
    from fttool.jobs import inputs

    if prompt is None and file is None and output.is_terminal(sys.stdin):
        raise UsageError("there is no prompt", hint='give one: `fttool complete "…"`, or a file of them with `-f`')
    if prompt is not None:
        found, name = [inputs.Prompt(prompt, 1)], "the command line"
    elif file is None:
        data, name = asking.read(None)
        found = [inputs.Prompt(inputs.decode(data, name).removesuffix("\n"), 1)]
        if not found[0].text:
            raise UsageError("standard input holds no prompt", hint='to complete nothing: `fttool complete ""`')
    else:
        data, name = asking.read(file)
        rows = None if str(file) == "-" else file.suffix.lower() in (".jsonl", ".ndjson")
        found = inputs.prompts(inputs.decode(data, name), name, rows=rows)
    return [inputs.Prompt(inputs.unescaped(each.text), each.line) if escapes else each for each in found], name
