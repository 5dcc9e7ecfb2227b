"""Errors become messages and exit codes in one place."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from fttool.cli import failures, wants_json
from fttool.errors import DataError, KeyMissingError, OutputError, ServiceError, UsageError


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def logout(profile: str | None = None, json: bool = typer.Option(False, "--json")) -> None:
        raise error

    monkeypatch.setattr("fttool.cli.login.logout", logout)


@pytest.mark.parametrize(
    ("error", "code", "shown"),
    [
        (DataError("no rows", file="a.csv", line=3, hint="add some"), 3, "error: a.csv:3: no rows\nhint: add some\n"),
        (UsageError("not so", hint="one\ntwo"), 2, "error: not so\nhint: one\nhint: two\n"),
        (KeyMissingError("no API key"), 4, "error: no API key\n"),
        (ServiceError("refused"), 5, "error: refused\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (typer.Exit(1), 1, ""),
        (typer.Abort(), 2, "error: an answer was needed and no one is there\n"),
        (SystemExit(7), 7, ""),
        (SystemExit(None), 0, ""),
        (OSError(errno.ENOSPC, "No space left on device", "x"), 3, "error: x: no space left on device\n"),
    ],
)
def test_each_error_has_its_message_and_code(call, monkeypatch, error, code, shown):
    raising(monkeypatch, error)
    result = call("logout")
    assert (result.code, result.out, result.err) == (code, "", shown)


def test_errors_as_json(call, monkeypatch):
    raising(monkeypatch, DataError("no rows", file="a.csv", line=3))
    result = call("logout", "--json")
    assert result.code == 3
    assert result.out == ""
    assert json.loads(result.err) == {
        "error": {"type": "data", "message": "no rows", "file": "a.csv", "line": 3, "exit_code": 3}
    }


def test_interrupted_as_json(call, monkeypatch):
    raising(monkeypatch, KeyboardInterrupt())
    result = call("logout", "--json")
    assert (result.code, json.loads(result.err)["error"]["type"]) == (130, "interrupted")


def test_a_bug_says_so_and_where_to_report_it(call, monkeypatch):
    raising(monkeypatch, ZeroDivisionError("division by zero"))
    result = call("logout")
    assert result.code == 70
    assert "Traceback" in result.err
    assert "error: this is a bug in fttool: ZeroDivisionError: division by zero\n" in result.err
    assert "https://github.com/fttool/fttool/issues" in result.err


def test_a_bug_as_json_is_one_object(call, monkeypatch):
    raising(monkeypatch, ZeroDivisionError("division by zero"))
    details = json.loads(call("logout", "--json").err)["error"]
    assert (details["type"], details["exit_code"]) == ("bug", 70)
    assert "Traceback" in details["traceback"]


@pytest.mark.parametrize("error", [ValueError, UsageError])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_key_is_blotted_out_of_errors(call, monkeypatch, key, error, options):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    raising(monkeypatch, error(f"illegal header Bearer {key}"))
    result = call("logout", *options)
    assert key not in result.err
    assert "[key hidden]" in result.err


def test_a_commands_int_is_the_exit_code(call, monkeypatch):
    for value, code in ((1, 1), (0, 0), (None, 0), (True, 0), ("done", 0)):
        monkeypatch.setattr("fttool.cli.login.logout", _returning(value))
        assert call("logout").code == code


def _returning(value):
    def logout() -> object:
        return value

    return logout


def test_keys_among_the_arguments_are_found():
    args = ["show", "-k", "one", "--api-key", "two", "--api-key=three", "-kfour", "--", "other"]
    assert failures.secrets_in(args) == ["one", "two", "three", "four"]


@pytest.mark.parametrize(
    "args", [["config", "show", "-k", "KEY", "--bad"], ["config", "show", "--api-key=KEY", "extra-KEY"], ["-kKEY"]]
)
def test_usage_errors_do_not_repeat_a_key(call, key, args):
    result = call(*[arg.replace("KEY", key) for arg in args])
    assert result.code == 2
    assert key not in result.out + result.err


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        (["prepar_data"], "error: no such command `prepar_data`\nhint: did you mean `prepare_data`?\n"),
        (["config", "shw"], "error: no such command `shw`\nhint: did you mean `show`?\n"),
        (["config", "show", "--jsn"], "error: no such option: --jsn\nhint: did you mean `--json`?\n"),
        (["config", "show", "--profile"], "error: option `--profile` requires an argument\n"),
        (["config", "set", "seed"], "error: missing argument `VALUE`\n"),
        (["completion", "tcsh"], "error: invalid value for `SHELL`: `tcsh` is not one of `bash`,"),
        (["logout", "more"], "error: got unexpected extra argument(s) (more)\n"),
    ],
)
def test_usage_errors_are_in_our_style(call, args, shown):
    result = call(*args)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(shown)
    assert result.err.splitlines()[-1].startswith("hint: `fttool")


def test_usage_errors_as_json(call):
    details = json.loads(call("config", "show", "--json", "--bad").err)["error"]
    assert (details["type"], details["message"], details["exit_code"]) == ("usage", "no such option: --bad", 2)


def test_after_two_dashes_nothing_is_an_option():
    assert wants_json(["show", "--json"])
    assert not wants_json(["show", "--", "--json"])


@pytest.mark.parametrize("args", [[], ["config"], ["tools"]])
def test_a_group_without_a_command_shows_its_help(call, args):
    result = call(*args)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: fttool")
    assert "error:" not in result.err


def test_version(run):
    result = run("--version")
    assert (result.code, result.out, result.err) == (0, "fttool 0.1.0\n", "")


def test_translate_leaves_bugs_alone():
    assert failures.translate(KeyError("x")) is None
    assert failures.translate(FileNotFoundError(errno.ENOENT, "no")) is None
    assert isinstance(failures.translate(OSError(errno.EROFS, "Read-only file system")), OutputError)


posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


def shell(script: str) -> subprocess.CompletedProcess[str]:
    command = f'fttool() {{ "{sys.executable}" -m fttool "$@"; }}\n{script}'
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)


@posix
@pytest.mark.parametrize("command", ["--version", "config show", "completion bash", "config show --json"])
def test_closed_streams_are_no_crash(command):
    for closing in ("<&-", "2>&-", "<&- 2>&-"):
        done = shell(f"fttool {command} {closing}")
        assert (done.returncode, done.stderr) == (0, ""), closing
        assert done.stdout
    assert shell(f"fttool {command} >&-").returncode == 0


@posix
def test_a_reader_that_goes_away_is_no_traceback():
    done = shell('{ fttool config show; echo "$?" >&2; } | true')
    assert done.stderr in ("141\n", "0\n")  # 0: the pipe took it all before the reader went
    done = shell('{ sleep 0.3; fttool config show --json; echo "$?" >&2; } | exec <&- sleep 0')
    assert done.stderr == "141\n"


@posix
def test_an_error_that_no_one_reads_still_sets_the_exit_code():
    done = shell('{ sleep 0.3; fttool nothing 2>&1; echo "$?" >&3; } 3>&2 | exec <&- sleep 0')
    assert done.stderr == "2\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told():
    done = shell("fttool config show >/dev/full")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "error: cannot write to standard output: no space left on device\n"


def test_ascii_only_streams_are_no_crash(run, work, isolated):
    env = {"PYTHONIOENCODING": "ascii"}
    (work / "fttool.toml").write_text('model = "größe"\n', encoding="utf-8")
    result = run("config", "show", env=env)
    assert (result.code, result.err) == (0, "")
    assert "gr\\xf6\\xdfe" in result.out
    parsed = json.loads(run("config", "show", "--json", env=env).out)
    assert parsed["settings"]["model"]["value"] == "größe"


def test_the_console_script_and_module_are_the_same(run):
    from fttool import cli

    assert callable(cli.entry)
    with pytest.raises(SystemExit) as stop:
        sys_argv, sys.argv = sys.argv, ["fttool", "--version"]
        try:
            cli.entry()
        finally:
            sys.argv = sys_argv
    assert stop.value.code == 0
    assert os.environ.get("_FTTOOL_COMPLETE") is None
