"""Settings for a command: loaded, with the warnings told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fttool.cli import output

if TYPE_CHECKING:
    from fttool.config import Config


def load_config(*, api_key: str | None = None, api_key_file: Path | None = None, **options: object) -> Config:
    """The settings for this run; `options` are setting names (profile, base_url, seed …), None where not given."""
    from fttool.config import load

    if api_key is not None:
        output.warn("other users of this machine can see `--api-key`; rather use `--api-key-file` or `fttool login`")
    config = load(options, api_key=api_key, api_key_file=api_key_file)
    for warning in config.warnings:
        output.warn(warning)
    return config
