"""The profile `local`: there without being defined, and what goes before it."""

from __future__ import annotations

import pytest

from fttool.config import load
from fttool.errors import ConfigError

URL = "https://gateway.example/v1"


@pytest.fixture
def settings(isolated):
    """Write the user's settings."""

    def write(text: str) -> None:
        isolated.mkdir(exist_ok=True)
        (isolated / "config.toml").write_text(text, encoding="utf-8")

    return write


def test_it_needs_no_definition(monkeypatch):
    assert load({"profile": "local"}).means_own_service
    assert not load().means_own_service
    monkeypatch.setenv("FTTOOL_PROFILE", "local")
    assert load().means_own_service
    load().check_address()


def test_others_still_need_one():
    with pytest.raises(ConfigError, match="there is no profile `locl`"):
        load({"profile": "locl"})


def test_a_profile_of_that_name_with_an_address_is_that_address(settings):
    settings(f'[profiles.local]\nbase_url = "{URL}"')
    config = load({"profile": "local"})
    assert not config.means_own_service
    assert config.get("base_url") == URL


def test_a_profile_of_that_name_without_one_is_fttools(settings):
    settings('[profiles.local]\nmodel = "baseline"')
    config = load({"profile": "local"})
    assert config.means_own_service
    assert config.get("model") == "baseline"


@pytest.mark.parametrize(
    ("text", "environ", "options", "own"),
    [
        ('profile = "local"', {}, {}, True),
        ('profile = "local"\nbase_url = "https://x.example"', {}, {}, True),  # a profile goes before what is outside
        ('profile = "local"', {"OPENAI_BASE_URL": URL}, {}, False),  # one chosen in a file does not: docs
        ("", {"OPENAI_BASE_URL": URL, "FTTOOL_PROFILE": "local"}, {}, True),
        ("", {"OPENAI_BASE_URL": URL}, {"profile": "local"}, True),
        ("", {}, {"profile": "local", "base_url": URL}, False),
        ('service = "local"', {}, {}, True),
        ('service = "local"', {"OPENAI_BASE_URL": URL}, {}, False),
        (f'service = "local"\nbase_url = "{URL}"', {}, {}, False),
        (f'base_url = "{URL}"', {"FTTOOL_SERVICE": "local"}, {}, True),
        ('[profiles.dev]\nservice = "local"', {"OPENAI_BASE_URL": URL}, {"profile": "dev"}, True),
        (f'[profiles.dev]\nservice = "local"\nbase_url = "{URL}"', {}, {"profile": "dev"}, False),
        ('service = "openai"', {}, {}, False),
    ],
)
def test_what_goes_before_what(settings, monkeypatch, text, environ, options, own):
    settings(text)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert load(options).means_own_service is own


def test_a_project_may_choose_it(work):
    (work / "fttool.toml").write_text('profile = "local"', encoding="utf-8")
    assert load().means_own_service


def test_it_can_be_made_the_usual_one(call):
    assert call("config", "set", "profile", "local").code == 0
    shown = call("config", "show")
    assert shown.code == 0
    assert "fttool's own service on this machine" in shown.err


@pytest.mark.parametrize("other", [["--base-url", URL], ["--profile", "work"], ["-b", URL]])
def test_local_excludes_other_services(call, other):
    result = call("list", "--local", *other)
    assert result.code == 2
    assert "exclude each other" in result.err
