"""Completion: the scripts are those checked in, and they really complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fttool.cli import app
from fttool.cli.completion import FILES, Shell

CHECKED_IN = Path(__file__).parents[2] / "completions"


@pytest.mark.parametrize("shell", Shell)
def test_the_scripts_are_those_checked_in(call, shell):
    result = call("completion", shell.value)
    assert (result.code, result.err) == (0, "")
    assert (CHECKED_IN / FILES[shell]).read_bytes() == result.out.encode()


def test_every_script_has_a_file():
    assert {path.name for path in CHECKED_IN.iterdir()} == set(FILES.values())


@pytest.fixture
def ask(run):
    """What a shell is told after these words (the last one is being typed)."""

    def ask(shell: str, *words: str) -> list[str]:
        line = " ".join(words)
        env = {
            "_FTTOOL_COMPLETE": f"complete_{shell}",
            "COMP_WORDS": "\n".join(words),
            "COMP_CWORD": str(len(words) - 1),
            "_TYPER_COMPLETE_ARGS": line,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1],
        }
        result = run(env=env)
        assert (result.code, result.err) == (0, "")
        return result.out.splitlines()

    return ask


def test_bash_is_told_commands_options_and_values(ask):
    assert ask("bash", "fttool", "") == list(app.COMMANDS)
    assert ask("bash", "fttool", "log") == ["login", "logout"]
    assert ask("bash", "fttool", "config", "") == ["show", "path", "set", "unset"]
    assert ask("bash", "fttool", "tools", "") == ["fine_tunes.prepare_data"]
    assert "--check" in ask("bash", "fttool", "prepare_data", "--")
    assert "--check" in ask("bash", "fttool", "prepare-data", "--")
    assert {"--training-file", "--local"} <= set(ask("bash", "fttool", "create", "--"))
    assert ask("bash", "fttool", "files", "") == ["list", "get", "upload", "download", "delete"]
    assert ask("bash", "fttool", "config", "show", "--pro") == ["--profile"]
    assert ask("bash", "fttool", "completion", "") == ["bash", "zsh", "fish", "powershell"]
    assert "--version" in ask("bash", "fttool", "-")


@pytest.mark.parametrize("words", [["prepare_data", ""], ["prepare_data", "--output", ""], ["prepare_data", "pe"]])
def test_for_files_the_shell_is_left_to_itself(ask, words):
    assert [line for line in ask("bash", "fttool", *words) if line] == []


def test_the_other_shells_get_help_with_each_word(ask):
    help_line = "Forget a stored API key."
    assert f"logout\t{help_line}" in ask("fish", "fttool", "log")
    assert f"logout:::{help_line}" in ask("powershell", "fttool", "log")
    assert f'"logout":"{help_line}"' in "\n".join(ask("zsh", "fttool", "log"))


def test_an_unknown_shell_is_no_traceback(run):
    for instruction in ("complete_tcsh", "nonsense", "other_bash"):
        result = run(env={"_FTTOOL_COMPLETE": instruction, "COMP_WORDS": "fttool", "COMP_CWORD": "0"})
        assert result.code == 1
        assert "Traceback" not in result.err


@pytest.fixture
def program(tmp_path):
    """A folder with an `fttool` to put in front of PATH, and files to complete."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "fttool"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fttool "$@"\n')
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def having(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None or sys.platform == "win32", reason=f"needs {shell}")


@having("bash")
def test_in_bash(program):
    def complete(*words: str) -> list[str]:
        quoted = " ".join(f"'{word}'" for word in words)
        script = f"""
            source '{CHECKED_IN / "fttool.bash"}'
            COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
            _fttool_completion fttool "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        done = subprocess.run(
            ["bash", "--norc", "-c", script], env=program, capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stderr == ""
        return [line for line in done.stdout.splitlines() if line]

    assert complete("fttool", "prep") == ["prepare_data"]
    assert complete("fttool", "config", "s") == ["show", "set"]
    assert "--no-input" in complete("fttool", "prepare_data", "--no")
    assert complete("fttool", "prepare_data", "") == []  # `-o default`: bash completes file names itself


@having("zsh")
@pytest.mark.parametrize("how", ["source", "autoload"])
def test_in_zsh(program, tmp_path, how):
    load = f"source {CHECKED_IN / '_fttool'}"
    if how == "autoload":
        load = f"fpath=({CHECKED_IN} $fpath); compinit -u -D"
    first = "_fttool_completion" if how == "source" else "_fttool"
    # outside of the line editor there is no `_arguments`: this one shows what it would offer
    script = f"""
        autoload -Uz compinit; compinit -u -D; {load}
        _arguments() {{ print -r -- "OFFER $@" }}; _files() {{ print FILES }}
        words=(fttool log); CURRENT=2
        {first}
        words=(fttool prepare_data ''); CURRENT=3
        _fttool_completion
    """
    done = subprocess.run(
        ["zsh", "-f", "-c", script], env=program, capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path
    )
    assert done.stderr == ""
    assert "OFFER" in done.stdout
    assert '"logout":"Forget a stored API key."' in done.stdout
    assert done.stdout.splitlines()[-1] == "FILES"


@having("fish")
def test_in_fish(program, tmp_path):
    (tmp_path / "people.csv").write_text("")

    def complete(line: str) -> list[str]:
        script = f"source {CHECKED_IN / 'fttool.fish'}; complete --do-complete '{line}'"
        done = subprocess.run(
            ["fish", "--no-config", "-c", script],
            env=program,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            cwd=tmp_path,
        )
        return done.stdout.splitlines()

    assert complete("fttool log") == [
        "login\tStore an API key where only you can read it.",
        "logout\tForget a stored API key.",
    ]
    assert any(line.startswith("people.csv") for line in complete("fttool prepare_data peo"))


@having("pwsh")
def test_in_powershell(program):
    script = (
        f". '{CHECKED_IN / 'fttool.ps1'}'; "
        "(TabExpansion2 -inputScript 'fttool log' -cursorColumn 10).CompletionMatches.CompletionText"
    )
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-Command", script], env=program, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == ["login", "logout"]
