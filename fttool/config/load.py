"""Settings from all their sources: option > environment > project file > user file > default."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from fttool.config import files, prices
from fttool.config.keys import find_key, missing_key
from fttool.config.known import LOCAL, SETTINGS, nearest
from fttool.config.layers import File, Origin, Setting, from_environment, from_file, from_options
from fttool.config.secrets import Secret
from fttool.errors import ConfigError

#: Which source goes before which, strongest first.
_RANKS: tuple[Origin, ...] = ("option", "environment", "project", "user", "default")


@dataclass(frozen=True)
class Config:
    """Every setting with its value and source. `warnings` are for the caller to tell."""

    settings: Mapping[str, Setting]
    warnings: tuple[str, ...]
    user: File
    project: File | None
    environ: Mapping[str, str] = field(repr=False)  # it holds keys
    key_option: Secret | None = None
    key_file: Path | None = None
    #: The user's own prices, by `SERVICE/MODEL`.
    prices: Mapping[str, Setting] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """The value of a setting; None if nothing sets it."""
        return self.settings[name].value

    def setting(self, name: str) -> Setting:
        """The value of a setting and where it comes from."""
        return self.settings[name]

    def api_key(self) -> Setting | None:
        """The API key and its source, None if there is none. Raises ConfigError if it is unsafe to send one."""
        self.check_address()
        return find_key(self)

    def require_api_key(self) -> Secret:
        """The API key. Raises KeyMissingError, which says how to give one."""
        found = self.api_key()
        if found is None:
            raise missing_key(self)
        secret: Secret = found.value
        return secret

    @property
    def profile_has_address(self) -> bool:
        """Whether the profile in use names an address of its own."""
        return "base_url" in self.user.profiles.get(self.get("profile"), {})

    @property
    def means_own_service(self) -> bool:
        """Whether requests go to fttool's own service on this machine, which needs neither address nor key.

        So it is with the profile `local`, and where `service` is `local`, unless an address goes before that.
        """
        address, service, profile = self.setting("base_url"), self.setting("service"), self.setting("profile")
        if address.origin == "option" or address.from_profile:
            return False
        if profile.value == LOCAL or (service.value == LOCAL and service.from_profile):
            # a profile chosen for this run goes before the environment, one chosen in a file does not
            return address.origin != "environment" or profile.origin in ("option", "environment")
        return service.value == LOCAL and _RANKS.index(service.origin) < _RANKS.index(address.origin)

    def check_address(self) -> None:
        """Raise ConfigError if it is not clear where requests should go.

        A project file may not say where keys and data are sent, for it comes with a repository. To send them
        elsewhere than the project says would be as wrong: so this stops, and names the way out.
        """
        profile = self.get("profile")
        if profile is not None and not self.has_profile(profile):
            raise _no_profile(self.settings["profile"], self._profiles())
        refused = self._refused_address()
        if refused is None or refused.value == self.get("base_url"):
            return
        address = shlex.quote(refused.value)
        raise ConfigError(
            f"this project wants requests to go to {refused.value}, and a project file may not decide that: "
            "your API key and data would go there",
            hint=f"if you trust that address: `fttool config set base_url {address}`, "
            "or give it to a profile of your own (`--profile NAME`)\n"
            f"for one command: `--base-url {address}`",
            file=refused.source,
        )

    def _refused_address(self) -> Setting | None:
        """The project's base_url, unless something that goes before it says otherwise."""
        address = self.setting("base_url")
        if self.project is None or address.origin in ("option", "environment") or address.from_profile:
            return None
        refused = self.project.refused
        found = refused.get(self.get("profile"), {}).get("base_url")
        return found or refused.get(None, {}).get("base_url")

    def has_profile(self, profile: str) -> bool:
        """Whether there is a profile of that name."""
        return profile == LOCAL or profile in self._profiles()

    def near_profile(self, name: str) -> str | None:
        """The profile whose name is nearest to one that is none."""
        close = get_close_matches(name, [LOCAL, *self._profiles()], n=1, cutoff=0.75)
        return close[0] if close else None

    def _profiles(self) -> list[str]:
        return [*self.user.profiles, *(self.project.profiles if self.project else ())]


def load(
    options: Mapping[str, object] | None = None,
    *,
    api_key: str | None = None,
    api_key_file: Path | None = None,
    cwd: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Config:
    """Read all settings. `options` are those of the command line, by setting name (profile, base_url, seed …).

    Raises ConfigError for a file or a value that cannot be used. Reads no API key: `Config.api_key` does.
    """
    user_path = files.user_file(environ)
    content = files.read_toml(user_path)
    user = from_file(user_path, content, "user")
    found = files.find_project(cwd or files.current_folder())
    project = from_file(*found, "project") if found else None
    given = from_options(options or {})
    environment = from_environment(environ)
    tops = [given, environment, project.top if project else {}, user.top]
    profile = next((layer["profile"] for layer in tops if "profile" in layer), None)
    layers = list(_layers(given, environment, project, user, profile))
    settings = {
        known.name: next(
            (layer[known.name] for layer in layers if known.name in layer),
            Setting(known.name, known.default, "default" if known.default is not None else "not set"),
        )
        for known in SETTINGS.values()
    }
    given_key = None if api_key is None else Secret(api_key)
    warnings = (*(project.warnings if project else ()), *user.warnings)
    config = Config(
        settings, warnings, user, project, environ, given_key, api_key_file, prices.from_file(user_path, content)
    )
    if profile is not None and profile.origin == "option" and not config.has_profile(profile.value):
        raise _no_profile(profile, config._profiles())
    return config


def _layers(
    given: dict[str, Setting],
    environment: dict[str, Setting],
    project: File | None,
    user: File,
    profile: Setting | None,
) -> Iterator[dict[str, Setting]]:
    """The layers, strongest first.

    A profile that is chosen for this run (option or FTTOOL_PROFILE) goes before the other environment variables: who
    says `--profile work` does not mean what OPENAI_BASE_URL says. One chosen in a file has the rank of a file.
    """
    name = str(profile.value) if profile else ""
    of_project = project.profiles.get(name, {}) if project else {}
    of_user = user.profiles.get(name, {})
    yield given
    if profile is not None and profile.origin in ("option", "environment"):
        yield of_project
        yield of_user
    yield environment
    yield of_project
    yield project.top if project else {}
    yield of_user
    yield user.top


def _no_profile(profile: Setting, names: list[str]) -> ConfigError:
    hint = nearest(profile.value, names) or (
        f"your profiles are {', '.join(names)}"
        if names
        else "`fttool config set base_url URL --profile NAME` makes one"
    )
    return ConfigError(f"there is no profile `{profile.value}` ({profile.source})", hint=hint)
