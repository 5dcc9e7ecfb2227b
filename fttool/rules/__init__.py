"""What a training example must be: the rules of each shape, on one decoded row.

`prepare_data` makes findings of the faults, `create` refuses files that have errors before a byte is sent, and fttool's
own service refuses the same rows with the same ids. Nothing here reads files or knows of services.

A rule is a row of the table in `table.py` and a few lines in the module of its subject; `faults` finds all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fttool.rules.base import Fault
from fttool.rules.limits import DEFAULT, Limits
from fttool.rules.quick import is_plain_chat
from fttool.rules.table import RULES, Rule

__all__ = ["RULES", "Fault", "Limits", "Rule", "errors", "faults"]


def faults(row: Mapping[str, Any], shape: str, limits: Limits = DEFAULT) -> Iterator[Fault]:
    """Everything that is wrong with a row of a shape: chat, preference, reinforcement or completion.

    Numbers of the row may be int, float or Decimal. Never raises, whatever the row holds.
    """
    if shape == "chat":
        if is_plain_chat(row):
            return iter(())
        from fttool.rules.chat import chat_faults

        return chat_faults(row, limits)
    if shape == "preference":
        from fttool.rules.preference import preference_faults

        return preference_faults(row, limits)
    if shape == "reinforcement":
        from fttool.rules.reinforcement import reinforcement_faults

        return reinforcement_faults(row, limits)
    from fttool.rules.completion import completion_faults

    return completion_faults(row)


def errors(row: Mapping[str, Any], shape: str, limits: Limits = DEFAULT) -> Iterator[Fault]:
    """The faults that a service refuses a file for, or that would be trained on as garbage."""
    return (fault for fault in faults(row, shape, limits) if RULES[fault.rule].severity == "error")
