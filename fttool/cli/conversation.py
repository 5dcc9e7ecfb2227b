"""A conversation with a model on the terminal."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fttool.cli import answer_views, output
from fttool.errors import ServiceError

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.jobs.inference import Sampling

_HELP = """/new    forget what was said, and begin anew
/exit   end (so does Ctrl-D)
Ctrl-C  stop the answer that is coming; twice, end
A line that ends with \\ goes on in the next one. To begin a message with /, type //."""


class Conversation:
    """Asks what is typed, with all that was said before, and prints what is answered."""

    def __init__(self, client: Client, model: str, system: str | None, wanted: Sampling, *, stream: bool) -> None:
        self._client, self._model, self._wanted, self._stream = client, model, wanted, stream
        self._first: list[dict[str, Any]] = [{"role": "system", "content": system}] if system is not None else []
        self._history = list(self._first)
        self._interrupted = False  # by Ctrl-C, with nothing typed since
        self._answered = False

    def talk(self) -> None:
        """Go on until the user has enough.

        Raises KeyboardInterrupt when Ctrl-C is typed twice, and what the first question raises: if that one cannot be
        answered, the next cannot either. Later failures are told, and the question is forgotten.
        """
        with suppress(ImportError):
            import readline  # noqa: F401 - once imported, it lets `input` edit lines and remember them

        output.note("/help tells what there is; /exit or Ctrl-D ends")
        while (typed := self._typed()) is not None:
            if typed in ("/exit", "/quit"):
                return
            if typed == "/new":
                self._history = list(self._first)
                output.note("what was said is forgotten")
            elif typed == "/help":
                output.note(_HELP)
            elif typed.startswith("/") and not typed.startswith("//"):
                output.note(f"there is no `{typed.split()[0]}`; /help tells what there is")
            elif typed.strip():
                self._ask(typed[1:] if typed.startswith("//") else typed)

    def _ask(self, message: str) -> None:
        self._history.append({"role": "user", "content": message})
        said = ""
        try:
            said = self._answer()
            self._answered = True
        except ServiceError as error:
            if not self._answered:
                raise
            output.error(error)
        if said:
            self._history.append({"role": "assistant", "content": said})
        else:
            self._history.pop()

    def _answer(self) -> str:
        """Print the answer; its text, or as much of it as had come when Ctrl-C was typed."""
        from fttool.jobs import inference

        shown = answer_views.Shown()
        try:
            if self._stream:
                pieces = inference.stream_chat(self._client, self._model, self._history, self._wanted)
                answer_views.show_stream(pieces, shown)
            else:
                answer = inference.chat(self._client, self._model, self._history, self._wanted)
                shown.text, shown.reason = answer.choices[0].text, answer.choices[0].finish_reason
                answer_views.show(answer)
        except KeyboardInterrupt:
            self._interrupted = True
            output.note("stopped; Ctrl-C again ends")
            return shown.text
        answer_views.tell_cut({shown.reason}, self._wanted)
        return shown.text

    def _typed(self) -> str | None:
        """The next message; None at the end. Raises KeyboardInterrupt at the second Ctrl-C."""
        lines: list[str] = []
        while True:
            try:
                line = _line("... " if lines else "> ")
            except KeyboardInterrupt:
                output.note("")
                if self._interrupted:
                    raise
                self._interrupted = True
                lines = []
                output.note("Ctrl-C again ends")
                continue
            except EOFError:
                output.note("")
                return None
            except UnicodeDecodeError:
                output.note("that was not text; type it again")
                continue
            self._interrupted = False
            lines.append(line.removesuffix("\\"))
            if not line.endswith("\\"):
                return "\n".join(lines)


def _line(prompt: str) -> str:
    """A line that is typed, without its end. Raises EOFError."""
    output.flush()
    if output.is_terminal(sys.stdout):
        return input(prompt)
    output.question(prompt)  # `input` would write it to stdout, where only answers go
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.removesuffix("\n")
