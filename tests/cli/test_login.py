"""`fttool login` and `logout`: the key is stored for its owner only, and never shown."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")


def credentials(isolated: Path) -> Path:
    return isolated / "credentials.toml"


@pytest.mark.parametrize("options", [[], ["--with-token"]])
@pytest.mark.parametrize("end", ["\n", "\r\n", "", "\nmore\n"])
def test_from_a_pipe(call, isolated, key, options, end):
    result = call("login", *options, stdin=f"  {key} {end}")
    assert (result.code, result.out) == (0, "")
    assert result.err == f"stored the key sk-…{key[-4:]} in {credentials(isolated)}\n"
    assert credentials(isolated).read_text() == f'api_key = "{key}"\n'


@posix
def test_only_its_owner_can_read_it_whatever_the_umask(isolated, key):
    script = f'umask 000; echo {key} | "{sys.executable}" -m fttool login'
    subprocess.run(["/bin/sh", "-c", script], check=True, capture_output=True)
    assert stat.S_IMODE(credentials(isolated).stat().st_mode) == 0o600
    assert stat.S_IMODE(isolated.stat().st_mode) == 0o700
    for path in isolated.iterdir():
        assert key not in path.read_text() or path == credentials(isolated)


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_file_that_others_can_read_is_refused(call, isolated, key, mode):
    call("login", stdin=key)
    credentials(isolated).chmod(mode)
    for args in (["config", "show"], ["login"], ["logout"]):
        result = call(*args, stdin=key)
        assert result.code == 2
        assert f"others can reach it (mode {mode:04o})" in result.err
        assert f"hint: `chmod 600 {credentials(isolated)}`" in result.err
        assert key not in result.out + result.err


def test_on_a_terminal_the_key_is_not_echoed(terminal, isolated, key):
    result = terminal("login", answers=[("API key", key)])
    assert result.code == 0
    assert key not in result.err
    assert "API key (not shown): " in result.err
    assert credentials(isolated).read_text() == f'api_key = "{key}"\n'


def test_a_terminal_can_be_told_not_to_ask(terminal, isolated):
    for args, env in ((["--no-input"], {}), ([], {"FTTOOL_NO_INPUT": "1"})):
        result = terminal("login", *args, env=env)
        assert result.code == 2
        assert "a key was needed and no one is there" in result.err
    assert not credentials(isolated).exists()


def test_ctrl_c_and_ctrl_d_at_the_question(terminal, isolated):
    assert terminal("login", answers=[("API key", "\x03")]).code == 130
    stopped = terminal("login", answers=[("API key", "\x04")])
    assert (stopped.code, "Traceback" in stopped.err) == (2, False)
    assert not credentials(isolated).exists()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("", "error: the API key is empty\n"),
        ("  \n", "error: the API key is empty\n"),
        ("two words\n", "error: the API key holds white space\n"),
        ("OPENAI_API_KEY = sk-x\n", "error: the API key holds white space\n"),
        ("schlüssel\n", "error: the API key holds characters that no key has\n"),
        (b"\xff\xfe\n", "error: what came on standard input is not text\n"),
    ],
)
def test_what_is_no_key_is_refused(call, isolated, given, shown):
    result = call("login", stdin=given)
    assert result.code in (2, 4)
    assert result.err.startswith(shown)
    assert not credentials(isolated).exists()


@posix
def test_a_closed_standard_input_does_not_wait(isolated):
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m fttool login <&-'], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard input is closed\n")


def test_one_key_per_profile(call, isolated, key):
    assert call("login", stdin="default-key").code == 0
    result = call("login", "--profile", "work", stdin=key)
    assert result.err.splitlines()[-1] == (
        "hint: profile `work` has no settings yet: `fttool config set base_url URL --profile work`"
    )
    text = credentials(isolated).read_text()
    assert 'api_key = "default-key"' in text
    assert f'[profiles.work]\napi_key = "{key}"' in text
    call("config", "set", "base_url", "https://x.example", "--profile", "work")
    assert f"api_key\tsk-…{key[-4:]}\t" in call("config", "show", "--profile", "work").out
    assert call("logout", "--profile", "work").err == "forgot the key of profile `work`\n"
    assert key not in credentials(isolated).read_text()
    assert call("logout").err == "forgot the key\n"
    assert "key" not in credentials(isolated).read_text()


def test_logging_in_again_replaces_the_key(call, isolated, key):
    call("login", stdin="old-key")
    call("login", stdin=key)
    assert credentials(isolated).read_text() == f'api_key = "{key}"\n'


def test_logout_without_a_key(call, isolated):
    result = call("logout")
    assert (result.code, result.err) == (0, "there was no stored key\n")
    assert not isolated.exists()


def test_what_goes_before_a_stored_key_is_told(call, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", "other")
    for command in ("login", "logout"):
        result = call(command, stdin=key)
        assert result.err.endswith(
            "warning: the environment variable `OPENAI_API_KEY` is set; it goes before a stored key\n"
        )


def test_a_broken_credentials_file_does_not_show_its_keys(call, isolated, key):
    isolated.mkdir()
    credentials(isolated).write_text(f'api_key = "{key}\n')
    credentials(isolated).chmod(0o600)
    result = call("config", "show")
    assert result.code == 2
    assert f"{credentials(isolated)}:1:" in result.err
    assert key not in result.err


def test_a_key_in_odd_characters_survives(call, isolated):
    odd = 'a"b\\c#d=e]f'
    call("login", stdin=odd)
    from fttool.config import load

    assert load().require_api_key().reveal() == odd
