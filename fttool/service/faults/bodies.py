"""Faults that change what an answer says: fields that are null, pages that repeat, models that come late."""

from __future__ import annotations

from base64 import encodebytes
from collections import OrderedDict
from random import Random
from typing import Any

from fttool.service.faults.kinds import Faults

#: Fields that are null where Azure and Nebius were seen to send null; by the object's own name. Azure sends
#: `result_files: null` only as long as there are none.
NULLS = {
    "fine_tuning.job": ("organization_id", "integrations", "estimated_finish", "trained_tokens", "error"),
    "fine_tuning.job.event": ("data",),
    "file": ("status",),
}

#: A page repeats so many items of the one before; so many pages are remembered.
REPEATED = 2
_PAGES = 10_000


class Alterations:
    """Changes answers as asked. It remembers pages and jobs, as some faults depend on what was sent before."""

    def __init__(self, faults: Faults, random: Random) -> None:
        self.faults = faults
        self._random = random
        self._tails: OrderedDict[tuple[str, str], list[Any]] = OrderedDict()
        self._withheld: dict[str, int] = {}

    @property
    def any(self) -> bool:
        """Whether answers are changed at all."""
        return bool(self.faults.flags or self.faults.late_model)

    def change(self, path: str, after: str | None, document: Any) -> Any:
        """What to send instead of `document`, the answer to GET `path` with that `after`; it may be changed itself."""
        if not isinstance(document, dict):
            return document
        flags = self.faults.flags
        items = document.get("data")
        if document.get("object") == "list" and isinstance(items, list):
            if "shuffle-events" in flags and path.endswith("/events"):
                self._random.shuffle(items)
            if "repeat-pages" in flags:
                document["data"] = items = self._repeat(path, after, items)
            if "no-has-more" in flags:
                for name in ("has_more", "first_id", "last_id"):
                    document.pop(name, None)
            for item in items:
                self._change_object(item, count=False)
        else:
            self._change_object(document, count=True)
        return document

    def encode(self, content: bytes) -> bytes:
        """A file's content as it is to be sent."""
        if "base64-results" in self.faults.flags and content.startswith(b"step,"):
            return encodebytes(content).replace(b"\n", b"")
        return content

    def _change_object(self, item: Any, count: bool) -> None:
        if not isinstance(item, dict):
            return
        kind = str(item.get("object"))
        if kind == "fine_tuning.job":
            self._withhold(item, count)
        if "null-fields" in self.faults.flags and kind in NULLS:
            for name in NULLS[kind]:
                if name in item and not (name == "data" and item.get("type") == "metrics"):
                    item[name] = None
            if not item.get("result_files", True):
                item["result_files"] = None

    def _withhold(self, job: dict[str, Any], count: bool) -> None:
        """The model's name stays away for some answers about the job alone; lists do not count."""
        if job.get("status") != "succeeded" or not self.faults.late_model:
            return
        seen = self._withheld.get(job["id"], 0)
        if seen < self.faults.late_model:
            job["fine_tuned_model"] = None
            if count:
                self._withheld[job["id"]] = seen + 1

    def _repeat(self, path: str, after: str | None, items: list[Any]) -> list[Any]:
        if after is not None:
            items = self._tails.get((path, after), []) + items
        if items and isinstance(items[-1], dict):
            self._tails[path, str(items[-1].get("id"))] = items[-REPEATED:]
            while len(self._tails) > _PAGES:
                self._tails.popitem(last=False)
        return items
