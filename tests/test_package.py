"""The package as others see it: its names, its version, what is in it."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomlkit

import fttool

ROOT = Path(__file__).parent.parent
PROJECT = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()


def test_the_public_names():
    assert set(fttool.__all__) == {
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
    }
    for name in fttool.__all__:
        assert getattr(fttool, name) is not None
    assert dir(fttool) == sorted(fttool.__all__)


def test_check_is_prepare_that_writes_nothing(tmp_path):
    path = tmp_path / "people.jsonl"
    path.write_text('{"prompt": "a ->", "completion": " b"}\n{"prompt": "a ->", "completion": " b"}\n')
    report = fttool.check(path, tokens="off")
    assert report.needs_work and not report.outputs
    assert report == fttool.prepare(path, check=True, tokens="off")
    assert [each.name for each in tmp_path.iterdir()] == ["people.jsonl"]
    with pytest.raises(TypeError, match="takes no `output`"):
        fttool.check(path, output="other.jsonl")
    with pytest.raises(TypeError, match="shpae"):
        fttool.check(path, shpae="chat")


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="has no attribute 'prepaer'"):
        _ = fttool.prepaer


def test_importing_is_cheap():
    code = "import sys, fttool; print([name for name in sys.modules if name.startswith('fttool.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_module_can_be_imported():
    for module in pkgutil.walk_packages(fttool.__path__, "fttool."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def test_types_are_shipped():
    assert (Path(fttool.__file__).parent / "py.typed").is_file()


def test_the_console_script_is_there():
    module, _, name = PROJECT["project"]["scripts"]["fttool"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_the_source_archive_names_what_exists():
    for name in PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]:
        assert (ROOT / name).exists(), name


def test_the_version_is_told(run):
    assert run("--version").out == f"fttool {fttool.__version__}\n"
