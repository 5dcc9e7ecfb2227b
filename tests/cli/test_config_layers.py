"""Option > environment > project file > user file > default; each value knows its source."""

from __future__ import annotations

import pytest

from fttool.config import Config, Secret, load
from fttool.errors import ConfigError, KeyMissingError


@pytest.fixture
def user(isolated):
    """Write the user's settings."""

    def write(text: str) -> None:
        isolated.mkdir(exist_ok=True)
        (isolated / "config.toml").write_text(text, encoding="utf-8")

    return write


@pytest.fixture
def project(work):
    """Write the project's settings."""

    def write(text: str, name: str = "fttool.toml") -> None:
        (work / name).write_text(text, encoding="utf-8")

    return write


def where(config: Config, name: str) -> tuple[object, str]:
    setting = config.setting(name)
    return setting.value, setting.origin


def test_each_source_goes_before_the_next(user, project, monkeypatch):
    assert where(load(), "model") == (None, "default")
    user('model = "of-user"')
    assert where(load(), "model") == ("of-user", "user")
    project('model = "of-project"')
    assert where(load(), "model") == ("of-project", "project")
    monkeypatch.setenv("FTTOOL_MODEL", "of-environment")
    assert where(load(), "model") == ("of-environment", "environment")
    assert where(load({"model": "of-option"}), "model") == ("of-option", "option")
    assert where(load({"model": None}), "model") == ("of-environment", "environment")


def test_sources_are_named(user, project, monkeypatch, isolated, work):
    user('organization = "a"\n[profiles.p]\nservice = "s"')
    project('model = "m"\nprofile = "p"')
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj")
    config = load({"seed": 3})
    assert {name: config.setting(name).source for name in config.settings} == {
        "profile": f"{work / 'fttool.toml'}",
        "base_url": "default",
        "api_key_env": "not set",
        "organization": f"{isolated / 'config.toml'}",
        "project": "environment variable OPENAI_PROJECT_ID",
        "service": f"{isolated / 'config.toml'} [profiles.p]",
        "model": f"{work / 'fttool.toml'}",
        "seed": "option --seed",
        "valid_fraction": "not set",
        "ask_above": "default",
    }


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("base_url", ["OPENAI_BASE_URL", "OPENAI_API_BASE"]),
        ("organization", ["OPENAI_ORG_ID", "OPENAI_ORGANIZATION"]),
    ],
)
def test_today_s_variable_goes_before_the_legacy_one(monkeypatch, name, variables):
    new, legacy = variables
    monkeypatch.setenv(legacy, "https://legacy.example")
    assert load().get(name) == "https://legacy.example"
    monkeypatch.setenv(new, "https://new.example")
    assert load().get(name) == "https://new.example"
    monkeypatch.setenv(new, "  ")  # empty counts as not set
    assert load().get(name) == "https://legacy.example"


def test_a_profile_in_a_file_has_the_rank_of_that_file(user, project, monkeypatch):
    user('profile = "work"\nmodel = "top"\n[profiles.work]\nmodel = "of-profile"\norganization = "of-profile"')
    assert load().get("model") == "of-profile"
    project('model = "of-project"')
    assert load().get("model") == "of-project"
    monkeypatch.setenv("OPENAI_ORG_ID", "of-environment")
    assert load().get("organization") == "of-environment"


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_profile_chosen_for_this_run_goes_before_the_environment(user, monkeypatch, how):
    user('[profiles.work]\nbase_url = "https://work.example/v1"')
    monkeypatch.setenv("OPENAI_BASE_URL", "https://other.example/v1")
    options = {"profile": "work"} if how == "option" else {}
    if how == "environment":
        monkeypatch.setenv("FTTOOL_PROFILE", "work")
    assert load(options).get("base_url") == "https://work.example/v1"
    assert load({**options, "base_url": "http://typed.example"}).get("base_url") == "http://typed.example"


def test_profiles_of_project_and_user_add_up(user, project):
    user('[profiles.p]\nmodel = "of-user"\nbase_url = "https://user.example"')
    project('profile = "p"\n[profiles.p]\nmodel = "of-project"')
    config = load()
    assert (config.get("model"), config.get("base_url")) == ("of-project", "https://user.example")


def test_the_nearest_project_file_counts(project, work, monkeypatch):
    project('model = "outer"')
    inner = work / "a" / "b"
    inner.mkdir(parents=True)
    assert load(cwd=inner).get("model") == "outer"
    (inner.parent / "pyproject.toml").write_text('[tool.fttool]\nmodel = "pyproject"\n')
    assert load(cwd=inner).get("model") == "pyproject"
    (inner.parent / "fttool.toml").write_text('model = "own"\n')
    assert load(cwd=inner).get("model") == "own"


@pytest.mark.parametrize("text", ["[tool.other]\nx = 1\n", "broken ["])
def test_a_pyproject_that_is_not_for_us_is_left_alone(project, work, text):
    project('model = "outer"')
    inner = work / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text(text)
    assert load(cwd=inner).get("model") == "outer"


def test_a_deleted_current_folder_is_no_crash(work, monkeypatch):
    def gone():
        raise FileNotFoundError

    monkeypatch.setattr("pathlib.Path.cwd", gone)
    assert load().project is None


def test_unknown_settings_are_named_with_the_nearest(user, project, isolated, work):
    user('modle = "x"\n\n[profiles.p]\nbase_ulr = "y"\nseed = 1\n[other]\nx = 1')
    project("[tool.fttool]\nsede = 1", "pyproject.toml")
    assert list(load().warnings) == [
        f"{work / 'pyproject.toml'}:2: unknown setting `sede`; did you mean `seed`?",
        f"{isolated / 'config.toml'}:1: unknown setting `modle`; did you mean `model`?",
        f"{isolated / 'config.toml'}:6: unknown setting `other`",
        f"{isolated / 'config.toml'}:4: unknown setting `base_ulr`; did you mean `base_url`?",
        f"{isolated / 'config.toml'}:5: `seed` is not a setting of a profile",
    ]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('model = "a"\nseed = "three"', "`seed` must be a whole number, not `three`", 2),
        ("seed = true", "`seed` must be a whole number, not `True`", 1),
        ("valid_fraction = 1.5", "`valid_fraction` must be a number from 0 to below 1, not `1.5`", 1),
        ("model = 3", "`model` must be a text, not `3`", 1),
        ('base_url = "example.com"', "`base_url` must be an address that begins with http:// or https://, not", 1),
        ('[profiles.p]\nmodel = ""', "`model` must be a text, not ``", 2),
        ("profiles = 3", "profiles are tables", 1),
        ('[profiles]\nwork = "x"', "profiles are tables", 1),
        ("a = 1\nb = = 2", "not valid TOML: invalid value", 2),
        ("a = 1\nb = [1,", "not valid TOML: ", 2),
        ('api_key_env = "sk-abcdefgh"', "`api_key_env` names an environment variable; it is not the key itself", 1),
    ],
)
def test_bad_values_are_errors_with_file_and_line(user, isolated, text, message, line):
    user(text)
    with pytest.raises(ConfigError) as caught:
        load()
    assert caught.value.message.startswith(message)
    assert (caught.value.file, caught.value.line) == (str(isolated / "config.toml"), line)
    assert "sk-abcdefgh" not in str(caught.value)


def test_a_file_that_is_not_text_is_an_error(isolated):
    isolated.mkdir()
    (isolated / "config.toml").write_bytes(b'model = "\xff"')
    with pytest.raises(ConfigError, match="not UTF-8"):
        load()
    (isolated / "config.toml").write_bytes(b'\xef\xbb\xbfmodel = "bom"')
    assert load().get("model") == "bom"


def test_bad_environment_values_name_the_variable(monkeypatch):
    monkeypatch.setenv("FTTOOL_SEED", "x")
    with pytest.raises(ConfigError, match="environment variable `FTTOOL_SEED`: `seed` must be a whole number"):
        load()


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "https://a b", "https://a\n.b", "https://a\x1b", "x", "http://["]
)
def test_addresses_are_checked(url):
    with pytest.raises(ConfigError):
        load({"base_url": url})


def test_a_profile_that_does_not_exist(user):
    user("[profiles.work]\n[profiles.home]")
    with pytest.raises(ConfigError, match=r"no profile `wrok` \(option --profile\)") as caught:
        load({"profile": "wrok"})
    assert caught.value.hint == "did you mean `work`?"
    with pytest.raises(ConfigError) as caught:
        load({"profile": "zzz"})
    assert caught.value.hint == "your profiles are work, home"


def test_a_project_that_names_an_unknown_profile_stops_only_what_sends_a_key(project, monkeypatch, key):
    project('profile = "nowhere"')
    monkeypatch.setenv("OPENAI_API_KEY", key)
    config = load()  # prepare_data goes on
    with pytest.raises(ConfigError, match="no profile `nowhere`"):
        config.require_api_key()


# --- a hostile repository -------------------------------------------------------------------------------------------

EVIL = "https://evil.example/v1"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f'base_url = "{EVIL}"', "fttool.toml"),
        (f'[tool.fttool]\nbase_url = "{EVIL}"', "pyproject.toml"),
        (f'profile = "p"\n[profiles.p]\nbase_url = "{EVIL}"', "fttool.toml"),
        (f'profile = "p"\n[profiles.p]\nbase_url = "{EVIL}"\napi_key_env = "AWS_SECRET_ACCESS_KEY"', "fttool.toml"),
        (f'base_url = "{EVIL}"\nprofile = "mine"', "fttool.toml"),
    ],
)
@pytest.mark.parametrize("source", ["environment", "stored", "option", "file"])
def test_a_project_cannot_send_a_key_elsewhere(project, user, isolated, monkeypatch, key, tmp_path, text, name, source):
    user('[profiles.mine]\nmodel = "m"')
    project(text, name)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key)
    given = {}
    if source == "environment":
        monkeypatch.setenv("OPENAI_API_KEY", key)
    elif source == "option":
        given["api_key"] = key
    elif source == "file":
        given["api_key_file"] = tmp_path / "key"
        given["api_key_file"].write_text(key)
    else:
        from fttool.config.keys import store_key

        store_key(Secret(key))
        store_key(Secret(key), "mine")
    config = load(**given)
    assert config.get("base_url") == "https://api.openai.com/v1"
    assert any("a project file may not set `base_url`; it is not used" in warning for warning in config.warnings)
    for ask in (config.api_key, config.require_api_key, config.check_address):
        with pytest.raises(ConfigError) as caught:
            ask()
        assert EVIL in caught.value.message
        assert key not in str(caught.value)


def test_a_project_may_choose_among_the_users_own_profiles(project, user, monkeypatch, key):
    user('[profiles.gateway]\nbase_url = "https://gateway.example/v1"\napi_key_env = "GATEWAY_KEY"')
    project('profile = "gateway"\nmodel = "m"')
    monkeypatch.setenv("GATEWAY_KEY", key)
    config = load()
    assert config.get("base_url") == "https://gateway.example/v1"
    assert config.require_api_key().reveal() == key
    assert config.warnings == ()


@pytest.mark.parametrize("how", ["option", "environment", "user's own", "own profile"])
def test_what_the_user_says_goes_before_the_project(project, user, monkeypatch, key, how):
    project(f'base_url = "{EVIL}"')
    monkeypatch.setenv("OPENAI_API_KEY", key)
    options = {}
    if how == "option":
        options["base_url"] = "https://mine.example"
    elif how == "environment":
        monkeypatch.setenv("OPENAI_BASE_URL", "https://mine.example")
    elif how == "own profile":
        user('profile = "p"\n[profiles.p]\nbase_url = "https://mine.example"\napi_key_env = "OPENAI_API_KEY"')
    else:
        user(f'base_url = "{EVIL}"')  # trusted by the user
    config = load(options)
    assert config.require_api_key().reveal() == key
    assert config.get("base_url") == (EVIL if how == "user's own" else "https://mine.example")


def test_a_project_cannot_name_the_variable_that_is_sent(project, monkeypatch, key):
    project('api_key_env = "AWS_SECRET_ACCESS_KEY"')
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key)
    config = load()
    assert config.api_key() is None
    assert "may not set `api_key_env`" in config.warnings[0]


@pytest.mark.parametrize("name", ["project", "user"])
def test_a_key_in_a_settings_file_is_neither_used_nor_shown(project, user, key, name):
    (project if name == "project" else user)(f'api_key = "{key}"')
    config = load()
    assert config.api_key() is None
    assert "does not belong here" in config.warnings[0]
    assert key not in repr(config) + str(config.warnings)


def test_hints_quote_what_a_project_says(project):
    project('base_url = "https://x.example/$(touch${IFS}pwned);`id`"')
    with pytest.raises(ConfigError) as caught:
        load().check_address()
    assert "set base_url 'https://x.example/$(touch${IFS}pwned);`id`'`" in (caught.value.hint or "")


# --- where keys come from -------------------------------------------------------------------------------------------


def test_the_order_of_keys(monkeypatch, tmp_path, isolated):
    from fttool.config.keys import store_key

    def found(**given) -> tuple[str, str] | None:
        setting = load(**given).api_key()
        return setting and (setting.value.reveal(), setting.source)

    assert found() is None
    store_key(Secret("stored-key"))
    assert found() == ("stored-key", str(isolated / "credentials.toml"))
    path = tmp_path / "path-key"
    path.write_text("  path-key\n")
    monkeypatch.setenv("OPENAI_API_KEY_PATH", str(path))
    assert found() == ("path-key", "environment variable OPENAI_API_KEY_PATH")
    monkeypatch.setenv("OPENAI_API_KEY", "env-key")
    assert found() == ("env-key", "environment variable OPENAI_API_KEY")
    path.write_text("file-key\n")
    assert found(api_key_file=path) == ("file-key", f"option --api-key-file {path}")
    assert found(api_key="typed-key", api_key_file=path) == ("typed-key", "option --api-key")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("OPENAI_API_KEY_PATH", " ")
    assert found() == ("stored-key", str(isolated / "credentials.toml"))


def test_openais_key_is_not_sent_to_a_profile_with_an_address_of_its_own(user, monkeypatch, key):
    user('[profiles.nebius]\nbase_url = "https://nebius.example/v1"')
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(KeyMissingError) as caught:
        load({"profile": "nebius"}).require_api_key()
    assert caught.value.message == "no API key for profile `nebius`"
    assert (caught.value.hint or "").splitlines() == [
        "`fttool login --profile nebius` stores one",
        "`OPENAI_API_KEY` is not sent to https://nebius.example/v1 unless you say so: "
        "`fttool config set api_key_env OPENAI_API_KEY --profile nebius`",
    ]


def test_a_profiles_own_key(user, monkeypatch, isolated):
    from fttool.config.keys import store_key

    user(
        '[profiles.n]\nbase_url = "https://n.example/v1"\napi_key_env = "N_KEY"\n'
        '[profiles.same]\napi_key_env = "SAME_KEY"'
    )
    monkeypatch.setenv("OPENAI_API_KEY", "openai-key")
    store_key(Secret("stored-n"), "n")
    store_key(Secret("stored-default"))

    def found(profile: str | None) -> str | None:
        setting = load({"profile": profile}).api_key()
        return setting and setting.value.reveal()

    assert (found("n"), found("same"), found(None)) == ("stored-n", None, "openai-key")
    monkeypatch.setenv("N_KEY", "n-key")
    monkeypatch.setenv("SAME_KEY", "same-key")
    assert (found("n"), found("same"), found(None)) == ("n-key", "same-key", "openai-key")


def test_a_profiles_key_does_not_follow_the_environments_address(user, monkeypatch):
    user('profile = "n"\n[profiles.n]\nbase_url = "https://n.example/v1"\napi_key_env = "N_KEY"')
    monkeypatch.setenv("N_KEY", "n-key")
    monkeypatch.setenv("OPENAI_API_KEY", "openai-key")
    assert load().require_api_key().reveal() == "n-key"
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    assert load().require_api_key().reveal() == "openai-key"
    monkeypatch.delenv("OPENAI_API_KEY")
    assert load().api_key() is None
    assert load({"profile": "n"}).require_api_key().reveal() == "n-key"


def test_a_variable_named_for_the_users_own_address_is_not_for_profiles_with_another(user, monkeypatch):
    user(
        'base_url = "https://top.example"\napi_key_env = "TOP_KEY"\n[profiles.n]\nbase_url = "https://n.example/v1"\n'
        '[profiles.m]\nmodel = "m"'
    )
    monkeypatch.setenv("TOP_KEY", "top-key")
    assert load().require_api_key().reveal() == "top-key"
    assert load({"profile": "m"}).require_api_key().reveal() == "top-key"
    assert load({"profile": "n"}).api_key() is None


@pytest.mark.parametrize("text", ["", "   \n", "two words", "name=\tkey", "schlüssel", "sk-\x00"])
def test_what_cannot_be_a_key(monkeypatch, text, tmp_path):
    with pytest.raises(KeyMissingError) as caught:
        load(api_key=text).api_key()
    assert "(option --api-key)" in caught.value.message
    (tmp_path / "key").write_text(text, encoding="utf-8")
    with pytest.raises(KeyMissingError):
        load(api_key_file=tmp_path / "key").api_key()


def test_a_key_file_that_does_not_exist(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(api_key_file=tmp_path / "none").api_key()
    assert caught.value.file == str(tmp_path / "none")


# --- keys do not show themselves ------------------------------------------------------------------------------------


def test_a_secret_shows_itself_to_no_one(key):
    import pickle

    from fttool.cli.output import json_text

    secret = Secret(key)
    shown = [repr(secret), str(secret), f"{secret} {secret!r:>9}", f"{secret!s}", json_text({"key": secret})]
    assert all(key not in text for text in shown)
    assert str(secret) == "sk-…RtNm2"[:4] + key[-4:]
    assert str(Secret("abcdefghijklmnopqrst")) == "…qrst"
    assert str(Secret("sk-short")) == "(hidden)"
    assert secret == Secret(key)
    assert secret != key
    assert len({secret, Secret(key)}) == 1
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_config_does_not_show_its_keys(monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    assert key not in repr(load(api_key=key))


def test_redact():
    from fttool.config.secrets import redact

    assert redact("a secret-one b", ["secret-one"]) == "a [key hidden] b"
    assert redact("Bearer sk-proj-Ab3dEfGhIjKlMnOpQrStUv") == "Bearer [key hidden]"
    assert (
        redact("sk-learn-dataset-training-2024.jsonl and ab", ["ab"]) == "sk-learn-dataset-training-2024.jsonl and ab"
    )
