"""CHECKS: every check, in the order of the legacy tool; what it did not have stands where it belongs."""

from __future__ import annotations

from fttool.dataset.checks.base import Check
from fttool.dataset.checks.beginnings import CompletionPrefix, LeadingSpace, PromptPrefix
from fttool.dataset.checks.case import UpperCaseCompletion, UpperCasePrompt
from fttool.dataset.checks.characters import ControlCharacters, CutOff, EdgeSpace, LoneSurrogate, Mojibake
from fttool.dataset.checks.chat import CHAT_CHECKS
from fttool.dataset.checks.classes import FirstToken, SmallClasses
from fttool.dataset.checks.columns import (
    ColumnCase,
    EmptyCompletion,
    EmptyPrompt,
    ExtraColumns,
    MissingPrompt,
    ValueType,
)
from fttool.dataset.checks.repeats import DuplicateRows, IdenticalTexts, Leakage, PromptConflict
from fttool.dataset.checks.separators import PromptSeparator, SeparatorInside, StopSequence
from fttool.dataset.checks.size import FewExamples, ModelShape, OverLong

CHECKS: tuple[Check, ...] = (
    FewExamples(),
    ModelShape(),
    ColumnCase(),
    ExtraColumns(),
    MissingPrompt(),
    ValueType(),
    EmptyCompletion(),
    EmptyPrompt(),
    *CHAT_CHECKS,
    LoneSurrogate(),
    ControlCharacters(),
    Mojibake(),
    CutOff(),
    EdgeSpace(),
    UpperCasePrompt(),
    UpperCaseCompletion(),
    DuplicateRows(),
    PromptConflict(),
    Leakage(),
    OverLong(),
    IdenticalTexts(),
    SeparatorInside(),
    PromptSeparator(),
    PromptPrefix(),
    CompletionPrefix(),
    StopSequence(),
    LeadingSpace(),
    SmallClasses(),
    FirstToken(),
)

BY_ID: dict[str, Check] = {check.id: check for check in CHECKS}

__all__ = ["BY_ID", "CHECKS", "Check"]
