"""Models in memory: loaded when first asked for, once however many ask, the least used forgotten first."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fttool.service.refusals import SERVER, Refusal

if TYPE_CHECKING:
    from fttool.service.records import ModelRow
    from fttool.service.state import StateDir
    from fttool.service.trainers import Model

_log = logging.getLogger(__name__)

MOST_MODELS = 8
MOST_BYTES = 512 * 1024 * 1024


class _Loaded(NamedTuple):
    model: Model
    size: int


class ModelCache:
    """Holds at most `most_models` models whose files have at most `most_bytes` together; the one in use always.

    `load` makes a model of a trainer's name and a folder. Thread-safe; `get` blocks while a model is loaded, so it is
    for worker threads.
    """

    def __init__(
        self,
        state: StateDir,
        *,
        most_models: int = MOST_MODELS,
        most_bytes: int = MOST_BYTES,
        load: Callable[[str, Path], Model] | None = None,
    ) -> None:
        self._state = state
        self._most_models = most_models
        self._most_bytes = most_bytes
        self._load = load or _load
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._loading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def peek(self, row: ModelRow) -> Model | None:
        """The model if it is in memory. Never blocks for long."""
        with self._lock:
            found = self._loaded.get(row.id)
            if found is None:
                return None
            self._loaded.move_to_end(row.id)
            return found.model

    def get(self, row: ModelRow) -> Model:
        """The model, loaded if need be.

        Raises:
            Refusal: (500) its files are damaged or gone, or its trainer is not there.
        """
        found = self.peek(row)
        if found is not None:
            return found
        with self._lock:
            loading = self._loading.setdefault(row.id, threading.Lock())
        with loading:
            found = self.peek(row)  # whoever waited for the lock finds what the first one loaded
            if found is None:
                try:
                    found = self._read(row)
                finally:
                    with self._lock:
                        self._loading.pop(row.id, None)
            return found

    def forget(self, model_id: str) -> None:
        """Let a model go; requests that use it still have it until they end."""
        with self._lock:
            self._loaded.pop(model_id, None)

    def _read(self, row: ModelRow) -> Model:
        try:
            folder = self._state.model(row.folder)
            model = self._load(row.trainer, folder)
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        except MemoryError:
            raise Refusal(500, f"There is no memory for the model '{row.id}'", type=SERVER, code="no_memory") from None
        except Exception as problem:
            _log.exception("the model %s in the folder %s cannot be loaded", row.id, row.folder)
            raise Refusal(
                500,
                f"The files of the model '{row.id}' are damaged or missing; train it again",
                type=SERVER,
                code="model_damaged",
                param="model",
            ) from problem
        with self._lock:
            self._loaded[row.id] = _Loaded(model, size)
            self._make_room()
        return model

    def _make_room(self) -> None:
        """Forget the models used least lately, never the last one."""
        total = sum(loaded.size for loaded in self._loaded.values())
        while len(self._loaded) > 1 and (len(self._loaded) > self._most_models or total > self._most_bytes):
            _, gone = self._loaded.popitem(last=False)
            total -= gone.size


def _load(trainer: str, folder: Path) -> Model:
    from fttool.service.trainers import get_trainer

    return get_trainer(trainer).load(folder)
