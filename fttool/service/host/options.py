"""How a service is to run: what `fttool serve` was told, or what a start on demand takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8455

#: A service that a command started ends after so many seconds without a request or a job.
ON_DEMAND_IDLE_EXIT = 30 * 60.0


@dataclass(frozen=True)
class Options:
    """`state`, `key_file`: paths; `port`: None is the usual one if free, else any; `idle_exit`: seconds, None is never.

    `jobs`: how many train at once; `aliases`: name of a model -> trainer; `allow_hosts`: names (besides this machine's
    own) that clients may call the service by; `on_demand`: a command starts it, not a person.
    """

    state: str
    host: str = DEFAULT_HOST
    port: int | None = None
    idle_exit: float | None = None
    key_file: str | None = None
    jobs: int = 1
    aliases: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[str] = ()
    allow_hosts: Sequence[str] = ()
    on_demand: bool = False
    log_level: str = "info"
