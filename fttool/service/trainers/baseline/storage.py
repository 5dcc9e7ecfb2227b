"""Models on disk: arrays as .npy and one JSON document, never pickle, and nothing believed when read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers import DamagedModel

FORMAT = "fttool-baseline"
VERSION = 1

#: The largest document that is read.
_MOST_JSON = 512 * 1024 * 1024

T = TypeVar("T", bound=msgspec.Struct)


class Header(msgspec.Struct):
    """What each document begins with."""

    format: str
    version: int
    kind: str


def write_document(folder: Path, name: str, content: msgspec.Struct) -> None:
    """Write a JSON document. Lone surrogates are kept, as \\u escapes."""
    plain = msgspec.to_builtins(content)
    (folder / f"{name}.json").write_text(json.dumps(plain, ensure_ascii=True, indent=1), "ascii", newline="\n")


def read_document(folder: Path, name: str, kind: type[T]) -> T:
    """Read a JSON document. Raises DamagedModel unless it has that type."""
    path = folder / f"{name}.json"
    try:
        if path.stat().st_size > _MOST_JSON:
            raise DamagedModel(f"{path} is too large")
        return msgspec.convert(json.loads(path.read_bytes()), kind)
    except (OSError, ValueError, RecursionError) as problem:
        raise DamagedModel(f"{path} cannot be read: {problem}") from problem


def read_header(folder: Path, name: str) -> Header:
    """What kind of model a document is of. Raises DamagedModel unless this version wrote it."""
    header = read_document(folder, name, Header)
    if header.format != FORMAT or header.version != VERSION:
        raise DamagedModel(f"{folder} was written by {header.format} {header.version}, not {FORMAT} {VERSION}")
    return header


def write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write each array to a file of its name."""
    for name, array in arrays.items():
        with (folder / f"{name}.npy").open("wb") as file:
            np.lib.format.write_array(file, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)


def read_array(folder: Path, name: str, dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """Read an array. Raises DamagedModel unless it has that type and shape, and is all there.

    The header and the size of the file are checked before memory is taken.
    """
    path = folder / f"{name}.npy"
    wanted = np.dtype(dtype)
    try:
        with path.open("rb") as file:
            if np.lib.format.read_magic(file) != (1, 0):
                raise DamagedModel(f"{path} has another version")
            found, fortran, kind = np.lib.format.read_array_header_1_0(file, max_header_size=1_000)
            if kind != wanted or found != shape or fortran:
                raise DamagedModel(f"{path} holds {kind} {found}, not {wanted} {shape}")
            size = int(np.prod(shape, dtype=np.int64)) * wanted.itemsize
            if path.stat().st_size - file.tell() != size:
                raise DamagedModel(f"{path} is cut off or too long")
            return np.fromfile(file, wanted, size // wanted.itemsize).reshape(shape)
    except DamagedModel:
        raise
    except (OSError, ValueError, SyntaxError, TypeError, MemoryError, OverflowError) as problem:
        raise DamagedModel(f"{path} cannot be read: {problem}") from problem


def check(holds: bool, what: str) -> None:
    """Raises DamagedModel if something about a model does not hold."""
    if not holds:
        raise DamagedModel(f"the model is damaged: {what}")
