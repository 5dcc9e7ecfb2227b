"""The zip archive an XLSX file is: is it safe to open, which sheets has it, what number formats.

A few megabytes can unpack to terabytes, and one stray cell in the last corner makes a sheet of 17 thousand million
cells, so sizes are looked at before calamine, which holds a sheet in memory, gets to see the file.
"""

from __future__ import annotations

import contextlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn
from xml.etree import ElementTree

from fttool.errors import DataError

MAX_TOTAL_BYTES = 4 * 1024**3
MAX_RATIO = 200
#: Below this size any ratio will do: spreadsheets full of repetition pack well.
RATIO_FROM_BYTES = 256 * 1024**2
#: workbook.xml and its like are small; whole sheets are streamed.
_MAX_PART_BYTES = 64 * 1024**2

_PIECE = 512 * 1024
_ZEROS = re.compile(r"0{2,}")
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, OSError)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name, the part of the archive it is in, and whether it is shown."""

    name: str
    part: str
    visible: bool = True


class Workbook:
    """The archive of an XLSX file, to be used as a context. Raises DataError for what is not a sound and safe one."""

    def __init__(self, path: str, name: str) -> None:
        self._name = name
        try:
            self._zip = zipfile.ZipFile(path)
        except _BROKEN_ZIP as error:
            self._fail(error)
        self._streams = contextlib.ExitStack()
        self._streams.callback(self._zip.close)
        self._parts = {info.filename: info for info in self._zip.infolist()}

    def __enter__(self) -> Workbook:
        try:
            self._check_size()
            self._check_kind()
        except DataError:
            self._streams.close()
            raise
        return self

    def __exit__(self, *args: object) -> None:
        self._streams.close()

    def sheets(self) -> list[Sheet]:
        """The worksheets in the order of their tabs; charts and macros are none."""
        targets = {
            relation.get("Id", ""): relation.get("Target", "")
            for relation in self._tree("xl/_rels/workbook.xml.rels")
            if relation.get("Type", "").endswith("/worksheet")
        }
        found = []
        for element in self._tree("xl/workbook.xml").iter():
            if _local(element.tag) != "sheet":
                continue
            link = next((value for key, value in element.items() if _local(key) == "id"), "")
            if link in targets:
                target = targets[link]
                part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                found.append(Sheet(element.get("name", ""), part, element.get("state", "visible") == "visible"))
        return found

    def padded_styles(self) -> dict[str, int]:
        """Cell styles whose number format is nothing but zeros ("000" shows 7 as 007), with how many."""
        if "xl/styles.xml" not in self._parts:
            return {}
        tree = self._tree("xl/styles.xml")
        formats = {
            element.get("numFmtId"): len(element.get("formatCode", ""))
            for element in tree.iter()
            if _local(element.tag) == "numFmt" and _ZEROS.fullmatch(element.get("formatCode", ""))
        }
        cells = next((element for element in tree if _local(element.tag) == "cellXfs"), None)
        if not formats or cells is None:
            return {}
        return {str(at): formats[xf.get("numFmtId")] for at, xf in enumerate(cells) if xf.get("numFmtId") in formats}

    def pieces(self, part: str) -> Iterator[bytes]:
        """A part of the archive as it unpacks. DataError when it is damaged or larger than it claims."""
        try:
            stream = self._streams.enter_context(self._zip.open(part))
            while data := stream.read(_PIECE):
                yield data
        except _BROKEN_ZIP as error:
            self._fail(error)

    def check_strings(self) -> None:
        """Unpack the shared texts once, which checks their claimed size, before they are held in memory."""
        for part in self._parts:
            if part.lower().endswith("sharedstrings.xml"):
                for _ in self.pieces(part):
                    pass

    def _check_size(self) -> None:
        total = sum(info.file_size for info in self._parts.values())
        packed = max(1, sum(info.compress_size for info in self._parts.values()))
        if total > MAX_TOTAL_BYTES or (total > RATIO_FROM_BYTES and total > MAX_RATIO * packed):
            raise DataError(
                f"unpacks to {total:,} bytes, {total // packed:,} times its size, which no honest spreadsheet does",
                file=self._name,
                hint="if it is one, save it as CSV",
            )

    def _check_kind(self) -> None:
        if "xl/workbook.xml" in self._parts:
            return
        names = list(self._parts)
        save = "save it as XLSX or CSV"
        if "xl/workbook.bin" in names:
            raise DataError("is a binary workbook (.xlsb)", file=self._name, hint=save)
        if "content.xml" in names or "mimetype" in names:
            raise DataError("is an OpenDocument file (.ods or the like)", file=self._name, hint=save)
        if any(name.startswith("word/") for name in names):
            raise DataError("is a Word document", file=self._name, hint="copy its table to a spreadsheet")
        inside = f", with `{names[0]}` in it" if names else ""
        raise DataError(f"is a zip archive{inside}, not a spreadsheet", file=self._name, hint="unpack it first")

    def _tree(self, part: str) -> ElementTree.Element:
        if part not in self._parts:
            raise DataError(f"is not a whole workbook: `{part}` is missing", file=self._name)
        if self._parts[part].file_size > _MAX_PART_BYTES:
            raise DataError(f"`{part}` in it is too large", file=self._name)
        data = b"".join(self.pieces(part))
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise DataError(f"`{part}` in it has a DTD, which no spreadsheet program writes", file=self._name)
        try:
            return ElementTree.fromstring(data)
        except ElementTree.ParseError as error:
            raise DataError(f"`{part}` in it is not valid XML: {error}", file=self._name) from error

    def _fail(self, error: Exception) -> NoReturn:
        if isinstance(error, RuntimeError) and "encrypted" in str(error):
            raise DataError("is an encrypted archive", file=self._name, hint="save it without a password") from error
        hint = "copy or download the file again"
        raise DataError(f"is a damaged spreadsheet ({error})", file=self._name, hint=hint) from error


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
