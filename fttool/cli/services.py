"""Which kind of service is meant, also by `--local`, without a word to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fttool.cli.limits import service_of

if TYPE_CHECKING:
    from fttool.config import Config
    from fttool.jobs.services.base import Service


def chosen(config: Config, *, local: bool = False) -> tuple[Service, bool]:
    """The service of the settings, and whether it is fttool's own on this machine."""
    from fttool.jobs.services import named

    own = local or config.means_own_service
    return (named("local") if own else service_of(config)), own
