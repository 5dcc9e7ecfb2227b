"""From the encoding a file is in to UTF-8, with errors that say which byte is wrong."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from fttool.dataset.formats import base
from fttool.dataset.formats.source import Source
from fttool.errors import DataError, UsageError

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

#: Codecs of Python's that are not the encoding of any file.
_NO_CHARSETS = {
    "idna",
    "punycode",
    "unicode-escape",
    "unicode_escape",
    "raw-unicode-escape",
    "raw_unicode_escape",
    "undefined",
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec, and how many bytes of byte order mark stand before the text."""

    codec: str
    bom: int = 0

    @property
    def is_utf8(self) -> bool:
        return self.codec == "utf-8"

    def __str__(self) -> str:
        return f"{self.codec} with BOM" if self.bom else self.codec


@dataclass(frozen=True, slots=True)
class Text:
    """A source of text: where its bytes are and what encoding they are in."""

    source: Source
    encoding: Encoding

    @property
    def name(self) -> str:
        return self.source.name


def find_encoding(head: bytes, forced: str | None, name: str) -> Encoding:
    """The encoding from the byte order mark, or the one the user named; UTF-8 where neither says.

    `head` is the start of the file. Raises UsageError for an unknown `forced`, DataError for what looks like UTF-16
    or UTF-32 without a mark, where guessing the byte order could go wrong unseen.
    """
    if forced is not None:
        return _forced(head, forced)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise DataError("is in UTF-32", file=name, hint="read it with `--encoding utf-32`")
    for bom, codec in _BOMS:
        if head.startswith(bom):
            return Encoding(codec, len(bom))
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    if max(even, odd) > min(len(head), 4096) // 5 and min(even, odd) * 10 < max(even, odd):
        guess = "utf-16-le" if odd > even else "utf-16-be"
        raise DataError(
            "looks like UTF-16 without a byte order mark", file=name, hint=f"read it with `--encoding {guess}`"
        )
    return Encoding("utf-8")


def _forced(head: bytes, forced: str) -> Encoding:
    try:
        info = codecs.lookup(forced)
    except (LookupError, ValueError) as error:
        hint = "names such as utf-8, utf-16-le, cp1252, latin-1, shift_jis, gb18030 work"
        raise UsageError(f"unknown encoding `{forced}`", hint=hint) from error
    if info.name in _NO_CHARSETS or not getattr(info, "_is_text_encoding", True) or info.incrementaldecoder is None:
        raise UsageError(f"`{forced}` is not an encoding of text", hint="use one such as utf-8 or cp1252")
    codec = "utf-8" if info.name in ("utf-8", "utf-8-sig") else info.name
    if codec == "utf-16":
        codec = "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    for bom, marked in _BOMS:
        if marked == codec and head.startswith(bom):
            return Encoding(codec, len(bom))
    return Encoding(codec)


def utf8_chunks(text: Text) -> Iterator[tuple[bytes, int]]:
    """The text as UTF-8 without a mark, in pieces, each with the bytes read from disk for it.

    UTF-8 input comes as it is, not yet checked: whoever decodes it calls `bad_utf8` when that fails. Any other
    encoding is decoded here, and DataError says where that is not possible.
    """
    skip = text.encoding.bom
    raw = text.source.chunks()
    if not text.encoding.is_utf8:
        yield from _transcoded(text, raw)
        return
    for data, taken in raw:
        yield (data[skip:] if skip else data), taken
        skip = max(0, skip - len(data))


def _transcoded(text: Text, raw: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    decoder = codecs.getincrementaldecoder(text.encoding.codec)()
    fed = lines = 0
    first = True
    for data, taken in _then_end(raw):
        pending = len(decoder.getstate()[0])
        try:
            piece = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            before = bytes(error.object[: error.start]).decode(text.encoding.codec, "replace")
            offset = fed - pending + error.start
            raise _undecodable(text, offset, lines + before.count("\n") + 1, error) from error
        except UnicodeError as error:  # what UTF-16 and UTF-32 raise without a byte order mark
            raise DataError(f"is not {text.encoding.codec}: {error}", file=text.name) from error
        fed += len(data)
        lines += piece.count("\n")
        if first and piece:
            first = False
            piece = piece.removeprefix("\ufeff")
        yield piece.encode("utf-8", "surrogatepass"), taken


def _then_end(raw: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    yield from raw
    yield b"", 0


def bad_utf8(text: Text) -> DataError:
    """Read a file that is not UTF-8 again, to say where it is not. To be called when decoding has failed."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    fed = lines = 0
    for data, _ in _then_end(text.source.chunks()):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            line = lines + bytes(error.object[: error.start]).count(b"\n") + 1
            return _undecodable(text, fed - pending + error.start, line, error)
        fed += len(data)
        lines += data.count(b"\n")
    return DataError("changed while it was being read", file=text.name)


def bad_utf8_at(name: str, data: bytes, error: UnicodeDecodeError, offset: int, first_line: int) -> DataError:
    """The same, for a part of a file that begins at `offset` and `first_line`, where `data` failed to decode."""
    line = first_line + data.count(b"\n", 0, error.start)
    return _undecodable_at(name, "utf-8", offset + error.start, line, error)


def _undecodable(text: Text, offset: int, line: int, error: UnicodeDecodeError) -> DataError:
    return _undecodable_at(text.name, text.encoding.codec, offset, line, error)


def _undecodable_at(name: str, codec: str, offset: int, line: int, error: UnicodeDecodeError) -> DataError:
    byte = error.object[error.start] if error.start < len(error.object) else 0
    label = codec.upper() if codec.startswith("utf") else codec
    return DataError(
        f"byte 0x{byte:02x} at offset {offset:,} is not valid {label} ({error.reason})",
        file=name,
        line=line,
        offset=offset,
        hint="name the encoding the file is in: `--encoding cp1252` for most files from Windows and Excel",
    )


def line_blocks(text: Text) -> Iterator[tuple[bytes, int, int]]:
    """Whole lines of UTF-8 in blocks of about BLOCK_BYTES: (bytes, line number of the first, bytes from disk).

    The last line may lack its newline. Raises DataError for a line longer than MAX_LINE_BYTES before it is all read.
    """
    line = 1
    pieces: list[bytes] = []
    held = taken = 0
    for data, size in utf8_chunks(text):
        taken += size
        cut = data.rfind(b"\n") + 1
        if not cut:
            pieces.append(data)
            held += len(data)
            if held > base.MAX_LINE_BYTES:
                raise too_long(text.name, line)
            continue
        pieces.append(data[:cut])
        block = b"".join(pieces)
        yield block, line, taken
        line += len(block.replace(b"\n", b"\n\n")) - len(block)  # several times faster than count()
        pieces, held, taken = [data[cut:]], len(data) - cut, 0
    rest = b"".join(pieces)
    if rest:
        yield rest, line, taken


def too_long(name: str, line: int | None) -> DataError:
    """The error for a line that no example could be."""
    limit = base.MAX_LINE_BYTES // 1024**2
    size = f"{limit} MiB" if limit else f"{base.MAX_LINE_BYTES:,} bytes"
    return DataError(f"a line longer than {size}", file=name, line=line, hint="put one example on each line")
