"""An input whose first bytes are known: what the formats are opened with."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

from fttool.dataset.formats.base import ReadOptions
from fttool.dataset.formats.encoding import Text, find_encoding
from fttool.dataset.formats.source import Source, open_source

#: So much of the content is looked at to find out what it is: enough for the first lines of nearly any file.
HEAD_BYTES = 1024 * 1024


@dataclass
class Opened:
    """An input, the start of its content, and how the user wants it read."""

    source: Source
    head: bytes
    options: ReadOptions

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def complete(self) -> bool:
        """Whether the head is all there is."""
        return len(self.head) < HEAD_BYTES

    @cached_property
    def text(self) -> Text:
        """The input as text in a known encoding. Raises what `find_encoding` does."""
        return Text(self.source, find_encoding(self.head, self.options.encoding, self.name))

    @cached_property
    def sample(self) -> str:
        """The start of the text, bytes that are no text replaced."""
        encoding = self.text.encoding
        decoder = codecs.getincrementaldecoder(encoding.codec)("replace")
        return decoder.decode(self.head[encoding.bom :]).removeprefix("\ufeff")

    @property
    def suffix(self) -> str:
        """The ending of the file's name in lower case, without that of its packer: ".csv" for data.csv.gz."""
        path = PurePath(self.name.lower())
        return PurePath(path.stem).suffix if path.suffix in (".gz", ".gzip", ".zst", ".zstd") else path.suffix


def look(path: str, options: ReadOptions) -> Opened:
    """Open an input far enough to see how it begins. DataError when that is not possible."""
    source = open_source(path)
    return Opened(source, source.head(HEAD_BYTES), options)
