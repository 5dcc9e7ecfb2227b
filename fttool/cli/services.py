"""Which kind of service is meant, without a word to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fttool.config import Config
    from fttool.jobs.services.base import Service

#: What fttool's own service trains if no model is named.
OWN_MODEL = "baseline"


def chosen(config: Config, *, local: bool = False) -> tuple[Service, bool]:
    """The service of the settings, or of `--local`, and whether it is fttool's own on this machine.

    Raises ConfigError for one that is not known.
    """
    from fttool.jobs.services import named, of_settings

    if local or config.means_own_service:
        return named("local"), True
    return of_settings(config), False
