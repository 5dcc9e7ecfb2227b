"""Examples of kinds that cannot become training examples: better said than mistaken for something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_Columns = Sequence[str]
_First = Mapping[str, Any]

#: What the names of columns and keys that rank answers have in them.
_GRADES = ("rank", "score", "rating")

_THUMBS = (
    "these look like single answers that people liked or not (KTO): there is no pair to compare, and learning all of "
    "them would teach the bad ones",
    "keep the rows with good answers, or make pairs with `chosen` and `rejected`",
)
_RANKED = (
    "these look like ranked answers: which two to compare is not said",
    "make pairs with `chosen` and `rejected` of them",
)
_BATCH_INPUT = (
    "these are requests for the Batch API: there are no answers to learn from",
    "join them with the answers, as `request` and `response`",
)
_BATCH_OUTPUT = (
    "these are answers of the Batch API: the questions are in the file that was sent",
    "join both by `custom_id`, as `request` and `response`",
)


def _is_thumbs(columns: _Columns, first: _First) -> bool:
    return "kto_tag" in columns or (
        {"prompt", "completion", "label"} <= set(columns) and isinstance(first.get("label"), bool)
    )


def _is_ranked(columns: _Columns, first: _First) -> bool:
    """A list of outputs to one instruction; or of answers, with a column or a key that ranks them."""
    if {"prompt", "completion"} <= set(columns) or not {"instruction", "prompt", "question"} & set(columns):
        return False
    if "instruction" in columns and isinstance(first.get("output"), list):
        return True
    lists = [first[name] for name in ("answers", "responses", "completions") if isinstance(first.get(name), list)]
    inside = [key for one in lists for item in one if isinstance(item, dict) for key in item]
    return bool(lists) and any(word in name.lower() for name in (*columns, *inside) for word in _GRADES)


def _is_batch_output(columns: _Columns, first: _First) -> bool:
    return {"custom_id", "response"} <= set(columns) and "request" not in columns


#: Who recognises it, what is wrong, what to do.
REFUSED: tuple[tuple[Callable[[_Columns, _First], bool], str, str], ...] = (
    (_is_thumbs, *_THUMBS),
    (_is_ranked, *_RANKED),
    (lambda columns, first: {"custom_id", "method", "url", "body"} <= set(columns), *_BATCH_INPUT),
    (_is_batch_output, *_BATCH_OUTPUT),
)
