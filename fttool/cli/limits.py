"""What the checks of examples must know of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fttool.rules.limits import Limits

if TYPE_CHECKING:
    from fttool.jobs.services.base import Service


def limits_of(service: Service) -> Limits:
    """How much a service takes of what the rules count."""
    return Limits(images=service.images, file_bytes=service.largest_file, service=service.name)
