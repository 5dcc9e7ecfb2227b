"""Help and completion are light: they import nothing that is only needed to work."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from fttool.cli import app

HEAVY = {
    *("rich", "openai", "pandas", "pyarrow", "openpyxl", "tiktoken", "sklearn", "torch", "numpy", "msgspec", "tomlkit"),
    *("platformdirs", "filelock", "tomllib", "tomli", "json", "ijson", "zstandard", "xxhash", "click"),
    *("python_calamine", "httpx", "httpx2", "pydantic", "asyncio", "http", "ssl", "email", "starlette", "uvicorn"),
    *("sqlite3", "scipy", "wandb", "mlflow"),
}

PROBE = """
import atexit, sys
from fttool.cli import main
atexit.register(lambda: sys.stderr.write(" ".join(sorted({name.partition(".")[0] for name in sys.modules}))))
sys.exit(main())
"""

HELPS = [
    [],
    *([name] for name in app.COMMANDS),
    *(["config", name] for name in ("show", "path", "set", "unset")),
    *(["files", name] for name in ("list", "get", "upload", "download", "delete")),
    *(["models", name] for name in ("list", "get", "delete")),
    ["tools", "fine_tunes.prepare_data"],
    ["wandb", "sync"],
    ["mlflow", "sync"],
]


def loaded(args, **env) -> set[str]:
    import os

    probe = subprocess.run(
        [sys.executable, "-c", PROBE, *args], capture_output=True, text=True, env={**os.environ, **env}, check=False
    )
    assert probe.returncode == 0, probe.stderr
    assert probe.stdout
    return set(probe.stderr.split())


@pytest.mark.parametrize("args", HELPS, ids=" ".join)
def test_help_is_light(args):
    assert loaded([*args, "--help"]) & HEAVY == set()


def test_version_is_light():
    assert loaded(["--version"]) & HEAVY == set()


@pytest.mark.parametrize("words", ["fttool ", "fttool prepare_data --", "fttool config "])
def test_completion_is_light(words):
    count = str(len(words.split(" ")) - 1)
    bash = loaded([], _FTTOOL_COMPLETE="complete_bash", COMP_WORDS=words.replace(" ", "\n"), COMP_CWORD=count)
    assert bash & HEAVY <= {"json"}
    assert "rich" not in loaded([], _FTTOOL_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS=words)


def test_printing_a_script_is_light():
    assert loaded(["completion", "zsh"]) & HEAVY == set()


@pytest.mark.parametrize("name", app.COMMANDS)
def test_the_one_line_of_help_is_the_functions_own(name):
    module_name, line = app.COMMANDS[name]
    function = getattr(import_module(module_name), name, None)
    if function is not None:
        assert line == (function.__doc__ or "").splitlines()[0]


@pytest.mark.parametrize("args", HELPS, ids=" ".join)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_helps(call, args, option):
    result = call(*args, option)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Usage: fttool")


def test_help_lists_every_command(call):
    shown = call("--help").out
    for name in app.COMMANDS:
        assert f"\n  {name}  " in shown


def test_the_hyphenated_spelling_works_and_is_not_listed(call):
    result = call("prepare-data", "--help")
    assert result.code == 0
    assert "prepare-data" not in call("--help").out


@pytest.mark.parametrize("args", [args for args in HELPS if args], ids=" ".join)
def test_help_ends_with_examples(call, args):
    text = call(*args, "--help").out
    assert "Example" in text or args in (
        [each] for each in ("config", "files", "models", "mlflow", "tools", "api", "completion")
    )
