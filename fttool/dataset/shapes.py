"""The shapes of an example, and where in the columns of an input its fields are found."""

from __future__ import annotations

import difflib
import shlex
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fttool.errors import DataError, MissingColumnError, UsageError
from fttool.records.dataset import Shape

FIELDS = ("prompt", "completion")

#: Columns that mark examples of a shape that is not prepared yet: better said than mistaken for a missing prompt.
_OTHER_SHAPES = {"preferred_output": "preference (DPO)", "non_preferred_output": "preference (DPO)"}

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
    `system` is the system message to add (`--to chat`) or to expect (`--to completion`).
    """

    shape: Shape
    to: Shape
    prompt: str | Template | None = None
    completion: str | Template | None = None
    renamed: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    system: str | None = None

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
    def is_chat(self) -> bool:
        """Whether examples stay chats from input to output, and are written as they are."""
        return self.shape == self.to == "chat"


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


def find_layout(columns: Sequence[str], mapping: Mapping, *, to: Shape | None, system: str | None, file: str) -> Layout:
    """Decide where prompt and completion, or messages, come from.

    Raises:
        DataError: a needed column is missing; names the columns there are and the nearest one.
        UsageError: options that contradict each other or the data.
    """
    mapped = mapping.given("prompt") is not None or mapping.given("completion") is not None
    if "messages" in columns and not mapped and not set(FIELDS) <= {name.lower() for name in columns}:
        target: Shape = to or "chat"
        if system is not None and target == "chat":
            raise UsageError(
                "--system goes with prompt and completion examples; these are chats already",
                hint="leave --system out, or add the system message to the data",
            )
        return Layout("chat", target, system=system)
    if system is not None and to != "chat":
        raise UsageError("--system needs --to chat", hint="add `--to chat`")
    for column in columns:
        if column in _OTHER_SHAPES and not mapped:
            raise DataError(
                f"these look like {_OTHER_SHAPES[column]} examples, which prepare_data does not prepare yet",
                file=file,
                hint="prompt/completion and chat (`messages`) examples are prepared",
            )
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
