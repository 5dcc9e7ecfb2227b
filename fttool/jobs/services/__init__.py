"""The services fttool knows, one module each, and how one is recognised.

To add one: a module with a SERVICE, and a line in SERVICES.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fttool.errors import ConfigError
from fttool.jobs.services import azure, crusoe, generic, local, nebius, openai
from fttool.jobs.services.base import Service

if TYPE_CHECKING:
    from fttool.config import Config

SERVICES: dict[str, Service] = {
    module.SERVICE.name: module.SERVICE for module in (openai, azure, nebius, crusoe, local, generic)
}

#: us.api.openai.com and the other regional hosts.
_OPENAI_REGION = re.compile(r"[a-z]{2}\.api\.openai\.com")


def named(name: str) -> Service:
    """The service of that name. Raises ConfigError that names those there are."""
    try:
        return SERVICES[name.lower()]
    except KeyError:
        raise ConfigError(f"unknown service `{name}`", hint=f"the services are {', '.join(SERVICES)}") from None


def of_settings(config: Config) -> Service:
    """The service that the settings name, else the one behind their address. Raises ConfigError as `named`."""
    kind = config.get("service")
    return named(kind) if kind else recognise(config.get("base_url"))


def recognise(base_url: str) -> Service:
    """The service behind an address, by its host; `generic` for any other."""
    host = (urlsplit(base_url).hostname or "").lower()
    if _OPENAI_REGION.fullmatch(host):
        return openai.SERVICE
    for service in SERVICES.values():
        if any(host == end or host.endswith(end if end.startswith(".") else f".{end}") for end in service.hosts):
            return service
    return generic.SERVICE
