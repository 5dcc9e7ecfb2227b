"""What the tables of all text formats share."""

from __future__ import annotations

from dataclasses import dataclass, field

from fttool.dataset.formats.encoding import Text


@dataclass(slots=True)
class TextTable:
    """A table in a text file. Subclasses read it; they keep no open file and are picklable."""

    text: Text
    skip_bad: bool
    format: str
    columns: list[str] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    name: str = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.text.name
        self.size = self.text.source.size
        self.details = {"encoding": str(self.text.encoding), **self.details}
        if self.text.source.compression:
            self.details["compression"] = self.text.source.compression
