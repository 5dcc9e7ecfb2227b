"""How much services take of what rules count. The defaults are OpenAI's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Images an example, and bytes of a training file, of a service (by its name, where one is meant).

    Source: OpenAI's guide on vision fine-tuning (10 images; Azure's says 64), and its API reference (uploads in parts
    of up to 8 GB).
    """

    images: int = 10
    file_bytes: int = 8_000_000_000
    service: str | None = None


DEFAULT = Limits()
