"""Settings and API keys. Each value knows where it comes from.

    config = load({"profile": profile, "base_url": base_url}, api_key=api_key, api_key_file=api_key_file)
    config.get("base_url")            the value
    config.setting("base_url")        Setting(name, value, source, origin, from_profile)
    config.require_api_key()          Secret; `.reveal()` only where it is sent
    config.warnings                   for the command line to show

See docs/configuration.md for the order of sources and what a project file may not do.
"""

from __future__ import annotations

from fttool.config.layers import Setting
from fttool.config.load import Config, load
from fttool.config.secrets import Secret

__all__ = ["Config", "Secret", "Setting", "load"]
