"""fttool: prepare, check and fine-tune language models.

    from fttool import prepare
    report = prepare("people.csv", yes=True)

Names are imported when they are first used (PEP 562), so that the command line starts fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fttool.dataset.prepare import check, prepare
    from fttool.errors import ConfigError, DataError, FttoolError, OutputError, UsageError
    from fttool.records.dataset import Finding, Report

__version__ = "0.1.0"

_HOMES = {
    "check": "fttool.dataset.prepare",
    "prepare": "fttool.dataset.prepare",
    "Report": "fttool.records.dataset",
    "Finding": "fttool.records.dataset",
    "FttoolError": "fttool.errors",
    "UsageError": "fttool.errors",
    "ConfigError": "fttool.errors",
    "DataError": "fttool.errors",
    "OutputError": "fttool.errors",
}

__all__ = [
    "ConfigError",
    "DataError",
    "Finding",
    "FttoolError",
    "OutputError",
    "Report",
    "UsageError",
    "__version__",
    "check",
    "prepare",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
