"""What the checks of examples must know of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fttool.rules.limits import Limits

if TYPE_CHECKING:
    from fttool.config import Config
    from fttool.jobs.services.base import Service


def limits_of(service: Service) -> Limits:
    """How much a service takes of what the rules count."""
    return Limits(images=service.images, file_bytes=service.largest_file, service=service.name)


def service_of(config: Config) -> Service:
    """The service that the settings mean, without a word to it. Raises ConfigError for one that is not known."""
    from fttool.jobs.services import named, recognise

    if config.means_own_service:
        return named("local")
    kind = config.get("service")
    return named(kind) if kind else recognise(config.get("base_url"))
