"""`fttool files`: list, show, upload, download and delete files of the service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fttool.cli import deleting, downloading, file_views, options, output
from fttool.cli.connection import Connection, connected
from fttool.cli.job_ids import some_ids
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.jobs.sending import Uploaded
    from fttool.jobs.sources import Source

_MB = 1_000_000

#: OpenAI's contract: a file may be kept from an hour to 30 days.
_LEAST_EXPIRY, _MOST_EXPIRY = 3_600, 2_592_000

_Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="The files.")]
_Id = Annotated[list[str] | None, typer.Option("-i", "--id", metavar="ID", help="The same, as an option.")]
_Purpose = Annotated[str | None, typer.Option(metavar="WORD", help="Only files for this, e.g. fine-tune.")]
_Limit = Annotated[int | None, typer.Option(metavar="N", min=1, help="At most so many.")]
_Paths = Annotated[list[Path] | None, typer.Argument(metavar="FILE…", help="The files to send; `-` is standard input.")]
_File = Annotated[
    Path | None, typer.Option("-f", "--file", metavar="FILE", help="The same, as the legacy command spells it.")
]
_UploadPurpose = Annotated[str, typer.Option("-p", "--purpose", metavar="WORD", help="What it is for.")]
_ExpiresAfter = Annotated[
    int | None,
    typer.Option(metavar="SECONDS", min=_LEAST_EXPIRY, max=_MOST_EXPIRY, help="Have the service delete it by then."),
]
_PartSize = Annotated[
    float | None,
    typer.Option(metavar="MB", help="Send it in parts of that size, each kept if the upload is cut (64 at most)."),
]
_NoReuse = Annotated[
    bool,
    typer.Option(
        *("--no-check-if-files-exist", "--no_check_if_files_exist"), help="Send it even if it is there already."
    ),
]
_Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What it is called on the service.")]
_Force = Annotated[bool, typer.Option("--force", help="Replace the file that is there.")]


@connected
def list_(
    connection: Connection,
    purpose: _Purpose = None,
    limit: _Limit = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """List files, newest first."""
    from fttool.jobs.files import all_files

    found = list(all_files(connection.open(), purpose=purpose, limit=limit))
    if json:
        output.answer_json(file_views.document([view.raw for view in found]))
    elif quiet:
        for view in found:
            output.answer(view.id)
    else:
        file_views.table(found)
        if not found:
            output.note("no files")


@connected
def get(connection: Connection, ids: _Ids = None, id_: _Id = None, json: options.Json = False) -> None:
    """Show files."""
    from fttool.jobs.files import get_file

    wanted = some_ids(ids, id_, "file")
    client = connection.open()
    found = [get_file(client, each) for each in wanted]
    if json:
        output.answer_json(file_views.document([view.raw for view in found], alone=len(wanted) == 1))
        return
    for at, view in enumerate(found):
        if at:
            output.answer("")
        file_views.lines(view)


@connected
def upload(
    connection: Connection,
    paths: _Paths = None,
    file: _File = None,
    purpose: _UploadPurpose = "fine-tune",
    name: _Name = None,
    expires_after: _ExpiresAfter = None,
    part_size: _PartSize = None,
    no_check_if_files_exist: _NoReuse = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_input: options.NoInput = False,
) -> None:
    """Send files to the service, unless it has them already.

    A file of more than 512 MB, or any with --part-size, is sent in parts. If that is cut, the same command goes on
    where it stopped. Prints the ids.
    """
    from fttool.cli import uploading
    from fttool.jobs.sending import Wish

    given = [str(path) for path in [*(paths or ()), *([file] if file else ())]]
    if not given:
        raise UsageError("upload what?", hint="`fttool files upload FILE`")
    if name is not None and len(given) > 1:
        raise UsageError("--name goes with one file")
    if part_size is not None and not 0 < part_size < 1e6:
        raise UsageError(f"--part-size must be above 0, not {part_size:g}")
    sources = [_local(each) for each in given]
    client = connection.open()
    tell = uploading.listener(quiet=quiet or json)
    wish = Wish(
        purpose=purpose,
        part_size=None if part_size is None else max(1, int(part_size * _MB)),
        expires_after=expires_after,
        reuse=not no_check_if_files_exist,
        choose=None if no_check_if_files_exist else uploading.chooser(no_input=no_input, json=json or quiet),
    )
    done: list[Uploaded] = []
    for source in sources:
        with uploading.on_disk(source, 0) as path:
            done.append(uploading.send(client, path, wish, tell, filename=name))
        if quiet or not (json or output.is_terminal(sys.stdout)):  # on a terminal it was told
            output.answer(done[-1].file.id)
    if json:
        output.answer_json(file_views.document([each.file.raw for each in done], alone=len(given) == 1))


@connected
def download(
    connection: Connection,
    file_id: Annotated[str | None, typer.Argument(metavar="ID", help="The file.")] = None,
    id_: Annotated[str | None, typer.Option("-i", "--id", metavar="ID", help="The same, as an option.")] = None,
    output_: options.Output = None,
    force: _Force = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Get the content of a file.

    In a pipe, or with `-o -`, it goes to standard output; else into the file that -o names, or one of its own name
    here. A file is there whole or not at all, and none is replaced without --force.
    """
    wanted = some_ids([each for each in (file_id, id_) if each is not None], None, "file")
    if len(wanted) > 1:
        raise UsageError("download takes one file at a time")
    to_stdout = str(output_) == "-" or (output_ is None and not json and not output.is_terminal(sys.stdout))
    if str(output_) == "-" and json:
        raise UsageError("standard output takes either the file or the JSON about it")
    view, target = downloading.run(connection, wanted[0], output_, to_stdout=to_stdout, force=force)
    if target is None:
        return
    if json:
        output.answer_json({**view.raw, "path": str(target)})
    elif quiet:
        output.answer_path(str(target))
    else:
        output.answer(output.paint("wrote", "green"), f" {target}")


@connected
def delete(
    connection: Connection,
    ids: _Ids = None,
    id_: _Id = None,
    yes: options.Yes = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_input: options.NoInput = False,
) -> int:
    """Delete files."""
    wanted = some_ids(ids, id_, "file")
    return deleting.run(
        connection,
        wanted,
        ["fttool", "files", "delete"],
        only="file",
        yes=yes,
        json=json,
        quiet=quiet,
        no_input=no_input,
    )


def _local(text: str) -> Source:
    """A file on this machine, or standard input."""
    from fttool.jobs.sources import Source, find_source

    if text in ("-", "/dev/stdin"):
        return Source("stdin", "-")
    if Path(text).is_file():
        return Source("path", text)
    found = find_source(f"./{text}" if not Path(text).is_absolute() else text, "upload")
    return Source("path", found.text)


#: name -> (function, examples)
COMMANDS: dict[str, tuple[Any, str]] = {
    "list": (
        list_,
        "\b\nExamples:\n  fttool files list\n  fttool files list --purpose fine-tune --limit 20\n"
        "  fttool files list --local --json | jq -r '.data[].filename'",
    ),
    "get": (get, "\b\nExample:\n  fttool files get file-abc123"),
    "upload": (
        upload,
        "\b\nExamples:\n  fttool files upload train.jsonl\n  fttool files upload big.jsonl --part-size 16\n"
        "  fttool files upload a.jsonl b.jsonl --local -q",
    ),
    "download": (
        download,
        "\b\nExamples:\n  fttool files download file-abc123 -o train.jsonl\n  fttool files download file-abc123 | head",
    ),
    "delete": (
        delete,
        "\b\nExamples:\n  fttool files delete file-abc123\n  fttool files delete file-abc123 file-def456 --yes",
    ),
}
