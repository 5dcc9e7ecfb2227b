"""The shapes of an example, and where in the columns of an input its fields are found."""

from __future__ import annotations

import difflib
import shlex
import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from fttool.dataset.conversions import CONVERSIONS
from fttool.errors import MissingColumnError, UsageError
from fttool.records.dataset import Shape
from fttool.rules.base import nearest
from fttool.rules.chat import ROW_KEYS
from fttool.rules.reinforcement import ends_with_user

FIELDS = ("prompt", "completion")

#: One decoded row.
Row = dict[str, Any]

_PLURALS = {"chat": "chats", "preference": "preferences", "reinforcement": "prompts for reinforcement"}

_ESCAPES = {"\\n": "\n", "\\t": "\t"}


@dataclass(frozen=True, slots=True)
class Template:
    """Text with column names in braces: alternating literals and columns, `texts[0] columns[0] texts[1] …`."""

    texts: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields come from: a column name or a template each, or `messages` for chat.

    `renamed` are columns taken although their case differs; `extra` those that are left out.
    `system` is the system message to add (`--to chat`) or to expect (`--to completion`). `conversion` names how rows
    of another form become rows of `shape`.
    """

    shape: Shape
    to: Shape
    prompt: str | Template | None = None
    completion: str | Template | None = None
    renamed: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    system: str | None = None
    conversion: str | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """The columns that examples are made of."""
        sources = (self.prompt, self.completion)
        return tuple(
            name
            for source in sources
            if source is not None
            for name in (source.columns if isinstance(source, Template) else (source,))
        )

    @property
    def keeps_rows(self) -> bool:
        """Whether rows are written as they are, but for what fixes change in them; not made of a prompt and more."""
        return self.shape == self.to != "completion"

    @property
    def judged_as(self) -> Shape:
        """The shape whose checks hold: what is, or becomes, prompt and completion is judged as that."""
        return self.shape if self.keeps_rows else "completion"


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the user said about columns (`--prompt-column`, `--prompt-template`, …); None means by their names."""

    prompt_column: str | None = None
    completion_column: str | None = None
    prompt_template: str | None = None
    completion_template: str | None = None

    def given(self, field: Literal["prompt", "completion"]) -> str | None:
        """The column or template named for a field."""
        column = self.prompt_column if field == "prompt" else self.completion_column
        template = self.prompt_template if field == "prompt" else self.completion_template
        if column is not None and template is not None:
            raise UsageError(f"--{field}-column and --{field}-template exclude each other")
        return column if column is not None else template


def find_layout(
    columns: Sequence[str],
    mapping: Mapping,
    *,
    to: Shape | None,
    system: str | None,
    file: str,
    shape: Shape | None = None,
    rows: Sequence[Row] = (),
    conversion: str | None = None,
) -> Layout:
    """Decide what shape the examples have, and where prompt and completion come from. `rows` are the first ones.

    `shape` is what the user says it is; None means by the columns. `conversion` is how the rows become another shape.

    Raises:
        DataError: a needed column is missing; names the columns there are and the nearest one.
        UsageError: options that contradict each other or the data.
    """
    if conversion is not None:
        return replace(_row_layout(CONVERSIONS[conversion].shape, to, system), conversion=conversion)
    mapped = mapping.given("prompt") is not None or mapping.given("completion") is not None
    if shape is None:
        shape = "completion" if mapped else detect_shape(columns, rows)
    elif mapped and shape != "completion":
        raise UsageError(f"--shape {shape} and the options on prompt and completion exclude each other")
    if shape != "completion":
        return _row_layout(shape, to, system)
    if to not in (None, "chat", "completion"):
        raise UsageError(f"examples of a prompt and a completion cannot become {to} examples")
    if system is not None and to != "chat":
        raise UsageError("--system needs --to chat", hint="add `--to chat`")
    renamed: list[str] = []
    sources = {field: _find_source(field, columns, mapping, renamed, file) for field in FIELDS}
    used = set(renamed)
    for source in sources.values():
        used.update(source.columns if isinstance(source, Template) else (source,))
    return Layout(
        "completion",
        to or "completion",
        sources["prompt"],
        sources["completion"],
        tuple(name for name in renamed),
        tuple(name for name in columns if name not in used),
        system,
    )


def detect_shape(columns: Sequence[str], rows: Sequence[Row]) -> Shape:
    """The shape that the columns speak of; where they leave it open, the first rows tell.

    Prompts for reinforcement look like chats that nobody answers, with something beside them to grade by.
    """
    if set(FIELDS) <= {name.lower() for name in columns}:
        return "completion"
    if {"preferred_output", "non_preferred_output"} & set(columns):
        return "preference"
    if "messages" in columns:
        references = [name for name in columns if name not in ROW_KEYS]
        asked = sum(map(ends_with_user, rows))
        return "reinforcement" if references and asked * 2 > len(rows) else "chat"
    # `mesages`: better judged as a chat, key by key, than refused for want of a prompt.
    alone = not any(name.lower() in FIELDS for name in columns)
    return "chat" if alone and any(nearest("messages", [name]) for name in columns) else "completion"


def _row_layout(shape: Shape, to: Shape | None, system: str | None) -> Layout:
    if shape != "chat" and to not in (None, shape):
        raise UsageError(f"{shape} examples cannot become {to} examples", hint="leave out --to")
    if to not in (None, "completion", shape):
        raise UsageError(f"{shape} examples cannot become {to} examples", hint="leave out --to")
    if system is not None and to != "completion":
        raise UsageError(
            f"--system goes with prompt and completion examples; these are {_PLURALS[shape]} already",
            hint="leave --system out, or add the system message to the data",
        )
    return Layout(shape, to or shape, system=system)


def _find_source(field: str, columns: Sequence[str], mapping: Mapping, renamed: list[str], file: str) -> str | Template:
    is_prompt = field == "prompt"
    template = mapping.prompt_template if is_prompt else mapping.completion_template
    if template is not None:
        return parse_template(template, columns, field=field, file=file)
    named = mapping.prompt_column if is_prompt else mapping.completion_column
    if named is not None:
        if named not in columns:
            raise _missing(field, named, columns, file, f"--{field}-column")
        return named
    if field in columns:
        return field
    for column in columns:
        if column.strip().lower() == field:
            renamed.append(column)
            return column
    raise _missing(field, field, columns, file, None)


def _missing(field: str, name: str, columns: Sequence[str], file: str, option: str | None) -> MissingColumnError:
    listed = ", ".join(f"`{column}`" for column in columns[:20]) + (", …" if len(columns) > 20 else "")
    near = difflib.get_close_matches(name.lower(), [column.lower() for column in columns], n=1)
    nearest = next((column for column in columns if near and column.lower() == near[0]), None)
    message = f"there is no column `{name}`; the columns are {listed}"
    if option is not None and option.endswith("template"):
        hint = f"did you mean `{{{nearest}}}`?" if nearest else "name these columns in braces"
    elif option is not None:
        hint = f"did you mean `{option} {shlex.quote(nearest)}`?" if nearest else f"give {option} one of these names"
    else:
        example = nearest or (columns[0] if name == "prompt" else columns[-1])
        hint = f"say which column holds the {name}s: `--{name}-column {shlex.quote(example)}`"
        if name == "prompt":
            hint += "; for open-ended generation give an empty prompt: `--prompt-template ''`"
    return MissingColumnError(message, field=field, columns=columns, file=file, hint=hint)


def parse_template(template: str, columns: Sequence[str], *, field: str, file: str) -> Template:
    r"""Parse `{title}\n{body}`: columns in braces, `{{` and `}}` for braces, `\n` and `\t` for line end and tab.

    Raises:
        UsageError: not a template.
        DataError: a column that does not exist.
    """
    option = f"--{field}-template"
    texts, names, pending = [], [], ""
    try:
        for literal, name, spec, conversion in string.Formatter().parse(template):
            for escape, character in _ESCAPES.items():
                literal = literal.replace(escape, character)
            pending += literal
            if name is None:
                continue
            if spec or conversion or not name:
                raise ValueError("only column names may stand in braces")
            if name not in columns:
                raise _missing(field, name, columns, file, option)
            texts.append(pending)
            names.append(name)
            pending = ""
    except ValueError as error:
        raise UsageError(
            f"{option} {template!r}: {error}", hint="example: --prompt-template '{title}\\n{body}'"
        ) from None
    return Template((*texts, pending), tuple(names))
