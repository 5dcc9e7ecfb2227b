"""Models on disk: what is written can be read, and what was tampered with is refused, never run."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fttool.service.trainers import DamagedModel, get_trainer
from fttool.service.trainers.baseline.storage import read_array, write_arrays
from tests.service.trainers.helpers import answer, begin, finish, moods, questions, save


@pytest.fixture(scope="module", params=["labels", "text"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    run = begin(moods() if request.param == "labels" else questions(), folder / "scratch")
    finish(run)
    return save(run, folder / "model")


@pytest.fixture
def copied(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "copy"))


def load(folder: Path) -> Any:
    return get_trainer("baseline").load(folder)


def test_no_pickle(model: Path) -> None:
    assert {path.suffix for path in model.iterdir()} == {".json", ".npy"}
    for path in model.glob("*.npy"):
        assert np.load(path, allow_pickle=False).dtype.kind in "iuf"


def test_every_file_is_needed_and_must_be_whole(copied: Path) -> None:
    load(copied)
    for path in sorted(copied.iterdir()):
        if path.name == "progress.json":
            continue
        content = path.read_bytes()
        for damaged in (
            None,
            b"",
            content[:-1],
            content[: len(content) // 2],
            content + b"0" * 64,
            b"\x93NUMPY\x01\x00",
        ):
            path.unlink()
            if damaged is not None:
                path.write_bytes(damaged)
            if damaged is None or damaged != content:
                with pytest.raises(DamagedModel):
                    load(copied)
            path.write_bytes(content)
    load(copied)


class _Boom:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


def test_a_pickle_is_not_opened(copied: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for path in copied.glob("*.npy"):
        content = path.read_bytes()
        with path.open("wb") as file:
            np.save(file, np.array([_Boom()], dtype=object), allow_pickle=True)
        with pytest.raises(DamagedModel):
            load(copied)
        path.write_bytes(pickle.dumps(_Boom()))
        with pytest.raises(DamagedModel):
            load(copied)
        path.write_bytes(content)
    assert not Path("ran").exists()


def _others(array: np.ndarray) -> Iterator[np.ndarray]:
    """The same shape and type, other numbers."""
    for value in (-1, 2**31 - 1, np.iinfo(array.dtype).max if array.dtype.kind in "iu" else np.nan):
        if array.dtype.kind == "u" and value < 0:
            continue
        for at in {0, len(array) - 1} if len(array) else set():
            other = array.copy()
            other[at] = value
            yield other


def test_wrong_numbers_are_refused_or_harmless(copied: Path) -> None:
    """Nothing may be read outside an array, whatever the numbers say."""
    for path in copied.glob("*.npy"):
        content = path.read_bytes()
        for other in _others(np.load(path)):
            np.save(path, other)
            try:
                found = load(copied)
            except DamagedModel:
                continue
            for prompt in (questions()[0].prompt, "The phone was great ->", ""):
                answer(found, prompt, 20)
        path.write_bytes(content)


def test_wrong_shapes_and_types_are_refused(copied: Path) -> None:
    for path in copied.glob("*.npy"):
        content = path.read_bytes()
        array = np.load(path)
        for other in (array[:-1], array.view(np.int8), np.concatenate([array, array[:1]]), array[None]):
            np.save(path, other)
            with pytest.raises(DamagedModel):
                load(copied)
        path.write_bytes(content)


def test_a_huge_claim_takes_no_memory(copied: Path) -> None:
    document = json.loads((copied / "model.json").read_text())
    size = "features"
    for claim in (10**7, 10**15, -1, 1.5, "3", None):
        (copied / "model.json").write_text(json.dumps(document | {size: claim}))
        with pytest.raises(DamagedModel):
            load(copied)


@pytest.mark.parametrize(
    "change", [{"format": "other"}, {"version": 2}, {"kind": "x"}, {"frame": 3}, {"labels": [], "tokens": [""]}]
)
def test_wrong_documents_are_refused(copied: Path, change: dict[str, Any]) -> None:
    document = json.loads((copied / "model.json").read_text())
    (copied / "model.json").write_text(json.dumps(document | change))
    with pytest.raises(DamagedModel):
        load(copied)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"format": "fttool-baseline"}', "\xff"])
def test_no_document_at_all(copied: Path, text: str) -> None:
    (copied / "model.json").write_text(text, "latin-1")
    with pytest.raises(DamagedModel):
        load(copied)


def test_a_checkpoint_of_another_training_is_not_resumed(model: Path, tmp_path: Path) -> None:
    with pytest.raises(DamagedModel):
        begin(moods(labels=2), tmp_path / "a", resume=model)
    rows = moods() if (model / "weights.npy").exists() else questions()
    with pytest.raises(DamagedModel):
        begin(rows, tmp_path / "b", epochs=1, resume=model)


_ARRAYS = st.sampled_from([np.float32, np.float64, np.uint32, np.uint64, np.int64]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(max_dims=3, max_side=5, min_side=0))
)


@given(array=_ARRAYS)
@settings(max_examples=40, deadline=None)
def test_arrays_come_back_as_they_were(array: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("arrays")
    write_arrays(folder, {"some": array})
    back = read_array(folder, "some", array.dtype, array.shape)
    assert back.tobytes() == np.ascontiguousarray(array).tobytes()
    with pytest.raises(DamagedModel):
        read_array(folder, "some", array.dtype, (*array.shape, 2))
