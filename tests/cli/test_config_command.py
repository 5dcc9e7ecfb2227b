"""`fttool config show|path|set|unset`."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest


def test_show_in_a_pipe_is_tab_separated(call, isolated):
    result = call("config", "show")
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "profile\t\tnot set\n"
        "base_url\thttps://api.openai.com/v1\tdefault\n"
        "api_key_env\t\tnot set\n"
        "organization\t\tnot set\n"
        "project\t\tnot set\n"
        "service\t\tnot set\n"
        "model\t\tnot set\n"
        "seed\t\tnot set\n"
        "valid_fraction\t\tnot set\n"
        "ask_above\t10\tdefault\n"
        "api_key\t\tnot set\n"
    )


def test_show_on_a_terminal_is_aligned(terminal):
    shown = terminal("config", "show", env={"NO_COLOR": "1"}).err.splitlines()
    assert shown[0] == "setting         value                      source"
    assert shown[2] == "base_url        https://api.openai.com/v1  default"


def test_show_masks_the_key(call, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    result = call("config", "show")
    assert f"api_key\tsk-…{key[-4:]}\tenvironment variable OPENAI_API_KEY\n" in result.out
    assert key not in result.out + result.err


def test_show_as_json(call, monkeypatch, key, isolated):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("FTTOOL_SEED", "7")
    (isolated).mkdir()
    (isolated / "config.toml").write_text('modle = "x"')
    result = call("config", "show", "--json")
    shown = json.loads(result.out)
    assert shown["settings"]["seed"] == {"value": 7, "source": "environment variable FTTOOL_SEED"}
    assert shown["settings"]["api_key"]["value"] == f"sk-…{key[-4:]}"
    assert shown["settings"]["model"] == {"value": None, "source": "not set"}
    assert shown["warnings"] == [f"{isolated / 'config.toml'}:1: unknown setting `modle`; did you mean `model`?"]
    assert "warning: " in result.err
    assert result.out.count("\n") == 1


def test_show_takes_what_a_run_would_take(call, key, tmp_path):
    (tmp_path / "key").write_text(key)
    options = ["-b", "https://x.example/v1", "--api-key-file", str(tmp_path / "key")]
    out = call("config", "show", *options).out
    assert "base_url\thttps://x.example/v1\toption --base-url\n" in out
    assert f"\toption --api-key-file {tmp_path / 'key'}\n" in out


def test_a_key_on_the_command_line_is_warned_of(call, key):
    result = call("config", "show", "-k", key)
    assert (
        result.err == "warning: other users of this machine can see `--api-key`; rather use `--api-key-file` or"
        " `fttool login`\n"
    )
    assert key not in result.out


def test_a_password_in_an_address_is_not_shown(call, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:hunter2@proxy.example:8443/v1")
    result = call("config", "show")
    assert "hunter2" not in result.out
    assert "https://…@proxy.example:8443/v1" in result.out


def test_show_warns_of_a_hostile_project_and_shows_what_would_be_used(call, work):
    (work / "fttool.toml").write_text('base_url = "https://evil.example"\n')
    result = call("config", "show")
    assert result.code == 0
    assert "base_url\thttps://api.openai.com/v1\tdefault\n" in result.out
    assert result.err == (f"warning: {work / 'fttool.toml'}:1: a project file may not set `base_url`; it is not used\n")


def test_path(call, isolated, work):
    assert call("config", "path").out == (
        f"project\tfttool.toml\tno\nuser\t{isolated / 'config.toml'}\tno\n"
        f"credentials\t{isolated / 'credentials.toml'}\tno\n"
    )
    (work / "fttool.toml").write_text("")
    found = json.loads(call("config", "path", "--json").out)
    assert found["project"] == {"path": str(work / "fttool.toml"), "exists": True}
    assert found["user"] == {"path": str(isolated / "config.toml"), "exists": False}


def test_path_without_the_variable_is_the_platforms(call, monkeypatch):
    from platformdirs import user_config_path

    monkeypatch.delenv("FTTOOL_CONFIG_DIR")
    found = json.loads(call("config", "path", "--json").out)
    assert found["user"]["path"] == str(user_config_path("fttool", appauthor=False) / "config.toml")


def test_set_keeps_comments_and_unset_takes_away(call, isolated):
    isolated.mkdir()
    file = isolated / "config.toml"
    file.write_text('# mine\nmodel = "a"  # why\n')
    result = call("config", "set", "seed", "7")
    assert (result.code, result.out) == (0, "")
    assert result.err == f"set `seed` to `7` in {file}\n"
    call("config", "set", "base_url", "https://x.example/v1", "--profile", "work")
    call("config", "set", "profile", "work")
    call("config", "set", "model", "b")
    text = file.read_text()
    assert "# mine" in text
    assert "# why" in text
    shown = json.loads(call("config", "show", "--json").out)["settings"]
    assert (shown["model"]["value"], shown["seed"]["value"]) == ("b", 7)
    assert shown["base_url"] == {"value": "https://x.example/v1", "source": f"{file} [profiles.work]"}
    assert call("config", "unset", "base_url", "--profile", "work").err.startswith(
        "removed `profiles.work.base_url` from"
    )
    assert call("config", "unset", "seed").code == 0
    assert "seed" not in file.read_text()
    assert call("config", "unset", "seed").err == "`seed` was not set\n"
    assert "# mine" in file.read_text()


def test_unset_without_a_file_makes_none(call, isolated):
    assert call("config", "unset", "seed").code == 0
    assert not isolated.exists()


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        (["modle", "x"], "error: unknown setting `modle`\nhint: did you mean `model`?\n"),
        (["zzz", "x"], "error: unknown setting `zzz`\nhint: the settings are profile, base_url,"),
        (["seed", "x"], "error: `seed` must be a whole number, not `x`\n"),
        (["valid_fraction", "nan"], "error: `valid_fraction` must be a number from 0 to below 1, not `nan`\n"),
        (["base_url", "x"], "error: `base_url` must be an address that begins with http:// or https://, not `x`\n"),
        (["model", " "], "error: `model` must be a text, not ``\n"),
        (["profile", "x"], "error: there is no profile `x`\nhint: `fttool config set base_url URL --profile x` makes"),
        (["seed", "1", "--profile", "x"], "error: `seed` is not a setting of a profile\nhint: a profile may set base_"),
        (["model", "m", "--profile", " "], "error: the name of the profile is empty\n"),
        (["api_key", "sk-x"], "error: an API key is not a setting\nhint: `fttool login` stores a key where only you"),
    ],
)
def test_set_refuses(call, isolated, args, shown):
    result = call("config", "set", *args)
    assert result.code == 2
    assert result.err.startswith(shown)
    assert not isolated.exists()


def test_set_does_not_repeat_a_key_given_by_mistake(call, key):
    for name in ("api_key", "api_key_env", "seed"):
        result = call("config", "set", name, key)
        assert result.code == 2
        assert key not in result.err


def test_a_broken_file_is_not_touched(call, isolated):
    isolated.mkdir()
    (isolated / "config.toml").write_text("a = 1\nb = = 2\n")
    for args in (["set", "seed", "1"], ["unset", "seed"], ["show"]):
        result = call("config", *args)
        assert result.code == 2
        assert result.err.startswith(f"error: {isolated / 'config.toml'}:2:5: not valid TOML: invalid value\n")
    assert (isolated / "config.toml").read_text() == "a = 1\nb = = 2\n"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_cannot_be_written(call, isolated):
    isolated.mkdir(mode=0o500)
    result = call("config", "set", "seed", "1")
    assert (result.code, "permission denied" in result.err) == (3, True)


def test_a_file_in_the_way_of_the_folder(call, isolated):
    isolated.write_text("")
    result = call("config", "set", "seed", "1")
    assert result.code in (2, 3)
    assert result.err.startswith("error: ")
    assert "Traceback" not in result.err


def test_a_failed_write_leaves_the_old_file_and_no_other(call, isolated, monkeypatch):
    call("config", "set", "seed", "1")
    before = {path.name: path.read_bytes() for path in isolated.iterdir()}

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = call("config", "set", "seed", "2")
    assert (result.code, result.err) == (
        3,
        f"error: {isolated / 'config.toml'}: cannot be written: no space left on device\n",
    )
    assert {path.name: path.read_bytes() for path in isolated.iterdir()} == before


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")
def test_the_file_keeps_its_rights_and_a_link_stays_a_link(call, isolated, tmp_path):
    isolated.mkdir()
    real = tmp_path / "dotfiles.toml"
    real.write_text("seed = 1\n")
    real.chmod(0o640)
    (isolated / "config.toml").symlink_to(real)
    call("config", "set", "seed", "2")
    assert (isolated / "config.toml").is_symlink()
    assert real.read_text() == "seed = 2\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_two_at_once_lose_nothing(isolated):
    names = ["model", "organization", "project", "service"]
    processes = [
        subprocess.Popen([sys.executable, "-m", "fttool", "config", "set", name, name], stderr=subprocess.DEVNULL)
        for name in names
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    text = (isolated / "config.toml").read_text()
    assert all(f'{name} = "{name}"' in text for name in names)
