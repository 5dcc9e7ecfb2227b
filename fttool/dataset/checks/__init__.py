"""CHECKS: every check, in the order of the legacy tool; what it did not have stands where it belongs."""

from __future__ import annotations

from fttool.dataset.checks.base import Check
from fttool.dataset.checks.beginnings import CompletionPrefix, LeadingSpace, PromptPrefix
from fttool.dataset.checks.case import UpperCaseCompletion, UpperCasePrompt
from fttool.dataset.checks.characters import ControlCharacters, CutOff, EdgeSpace, LoneSurrogate, Mojibake
from fttool.dataset.checks.classes import ClassBalance, FirstToken, SmallClasses
from fttool.dataset.checks.columns import (
    ColumnCase,
    EmptyCompletion,
    EmptyPrompt,
    ExtraColumns,
    MissingPrompt,
    ValueType,
)
from fttool.dataset.checks.conversion import CannotConvert, Converted
from fttool.dataset.checks.fields import GraderField, ReferenceUniform
from fttool.dataset.checks.repeats import DuplicateRows, IdenticalTexts, Leakage, NearLeakage, PromptConflict
from fttool.dataset.checks.rules import ROW_CHECKS
from fttool.dataset.checks.scripts import OtherScript
from fttool.dataset.checks.separators import PromptSeparator, SeparatorInside, StopSequence
from fttool.dataset.checks.size import FewExamples, FileSize, ImageExamples, ModelShape, OverLong
from fttool.dataset.checks.texts import InvisibleCharacters, Secret, SpecialToken

CHECKS: tuple[Check, ...] = (
    FewExamples(),
    FileSize(),
    ModelShape(),
    Converted(),
    CannotConvert(),
    ColumnCase(),
    ExtraColumns(),
    MissingPrompt(),
    ValueType(),
    EmptyCompletion(),
    EmptyPrompt(),
    ControlCharacters(),  # before the rules: a role may be one without them
    *ROW_CHECKS,
    ImageExamples(),
    ReferenceUniform(),
    GraderField(),
    LoneSurrogate(),
    Mojibake(),
    InvisibleCharacters(),
    OtherScript(),
    SpecialToken(),
    Secret(),
    CutOff(),
    EdgeSpace(),
    UpperCasePrompt(),
    UpperCaseCompletion(),
    DuplicateRows(),
    PromptConflict(),
    Leakage(),
    NearLeakage(),
    OverLong(),
    IdenticalTexts(),
    SeparatorInside(),
    PromptSeparator(),
    PromptPrefix(),
    CompletionPrefix(),
    StopSequence(),
    LeadingSpace(),
    SmallClasses(),
    ClassBalance(),
    FirstToken(),
)

BY_ID: dict[str, Check] = {check.id: check for check in CHECKS}

__all__ = ["BY_ID", "CHECKS", "ROW_CHECKS", "Check"]
