"""`fttool serve`: fttool's own service in the foreground, its state, its end."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fttool.cli import options, output
from fttool.errors import EXIT_BAD_RESULT, EXIT_OK, UsageError

if TYPE_CHECKING:
    from fttool.service.host.daemon import Status
    from fttool.service.host.running import Running
    from fttool.service.state import StateDir

EXAMPLES = """\b
Examples:
  fttool serve
  fttool serve --port 9000 --state ./state --idle-exit 2h
  fttool serve --alias gpt-4.1-mini=baseline --jobs 2
  FTTOOL_SERVE_KEY=… fttool serve --host 0.0.0.0 --allow-host gpu-box.example
  fttool serve --status --json | jq -r .base_url
  fttool serve --stop"""

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def serve(
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Address to listen on (127.0.0.1).")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="N", help="Port to listen on (8455); 0 is any free one.", min=0, max=65535),
    ] = None,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="DIR", help="State folder (also FTTOOL_STATE_DIR).")
    ] = None,
    idle_exit: Annotated[
        str, typer.Option("--idle-exit", metavar="TIME", help="End after that long without a request or job: 90, 30m.")
    ] = "never",
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", metavar="FILE", help="File with the key to ask for (also FTTOOL_SERVE_KEY)."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="Host name that clients may use, besides this machine's."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", help="How many jobs train at once.", min=1)] = 1,
    alias: Annotated[
        list[str] | None,
        typer.Option("--alias", metavar="NAME=TRAINER", help="Train this model name with that trainer."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="FAULT", help="Misbehave, to test clients: 429=0.1, slow=2 …"),
    ] = None,
    log_level: Annotated[
        str, typer.Option("--log-level", metavar="LEVEL", help="What to log: debug, info, warning or error.")
    ] = "info",
    status: Annotated[bool, typer.Option("--status", help="Tell whether the service runs, and where.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the running service and wait for its end.")] = False,
    json: options.Json = False,
) -> int:
    """Run fttool's own fine-tuning service on this machine.

    It speaks OpenAI's API, for fttool and for any other client, until Ctrl-C. You need not start it for `--local`:
    the first command that wants it does, and it ends by itself when no one needs it for half an hour.

    Its key is made at the first start and kept in the state folder, where only you can read it.
    """
    from fttool.service.state import StateDir

    folder = StateDir(state.expanduser() if state is not None else None)
    if status and stop:
        raise UsageError("`--status` and `--stop` are two things", hint="give one of them")
    if status:
        return _show(folder, json)
    if stop:
        return _stop(folder)
    from fttool.service.host import server
    from fttool.service.host.options import DEFAULT_HOST, DEFAULT_PORT, Options

    server.in_foreground(
        Options(
            state=str(folder.root),
            host=DEFAULT_HOST if host is None else host,
            port=DEFAULT_PORT if port is None else port,
            idle_exit=_seconds(idle_exit),
            key_file=str(key_file) if key_file is not None else None,
            jobs=jobs,
            aliases=_pairs(alias or []),
            faults=tuple(fault or ()),
            allow_hosts=tuple(allow_host or ()),
            log_level=_level(log_level),
        ),
        lambda running: _announce(running, folder, json),
    )
    output.note("stopped")
    return EXIT_OK


def _show(state: StateDir, json: bool) -> int:
    """The answer to `--status`. Exit 1 if no service runs."""
    from fttool.service.host import daemon

    found = daemon.status(state)
    if found is None:
        if json:
            output.answer_json({"running": False, "state": str(state.root)})
        output.note(f"no service runs on the state folder {state.root}")
        return EXIT_BAD_RESULT
    facts = _facts(found, state)
    if json:
        output.answer_json(facts)
    else:
        output.table(["fact", "value"], _lines(facts))
    return EXIT_OK


def _facts(found: Status, state: StateDir) -> dict[str, object]:
    return {
        "running": True,
        "base_url": found.running.base_url,
        "pid": found.running.pid,
        "state": str(state.root),
        "key_file": found.running.key_file,
        "version": found.health.version,
        "started_at": found.running.started_at,
        "on_demand": found.running.on_demand,
        "unfinished_jobs": found.health.unfinished,
    }


def _lines(facts: dict[str, object]) -> list[list[str]]:
    """The same for a person."""
    from datetime import datetime

    shown = {name: str(value) for name, value in facts.items() if name not in ("running", "started_at", "on_demand")}
    shown["started"] = datetime.fromtimestamp(int(str(facts["started_at"]))).isoformat(" ")
    shown["started_by"] = "a command with --local" if facts["on_demand"] else "you"
    return [[name, value] for name, value in shown.items()]


def _stop(state: StateDir) -> int:
    from fttool.service.host import daemon

    found = daemon.status(state)
    if daemon.stop(state):
        jobs = found.health.unfinished if found is not None else 0
        later = f"; its unfinished jobs ({jobs}) go on at the next start" if jobs else ""
        output.note(f"stopped the service on {state.root}{later}")
    else:
        output.note(f"no service runs on the state folder {state.root}")
    return EXIT_OK


def _announce(running: Running, state: StateDir, json: bool) -> None:
    """Where the service answers: the address on stdout, for scripts; the rest for a person."""
    key = f'"$(cat {shlex.quote(running.key_file)})"'
    if json:
        answer = {"base_url": running.base_url, "pid": running.pid, "state": str(state.root)}
        output.answer_json({**answer, "key_file": running.key_file, "version": running.version})
    else:
        output.answer(running.base_url)
    output.note(f"fttool's service answers there; Ctrl-C stops it. State: {state.root}")
    output.hint(f'curl -H "Authorization: Bearer $(cat {shlex.quote(running.key_file)})" {running.base_url}/models')
    output.hint(f"for any OpenAI SDK: export OPENAI_BASE_URL={running.base_url} OPENAI_API_KEY={key}")


def _seconds(text: str) -> float | None:
    """`never`, or a time such as `90`, `30m`, `1.5h`, in seconds."""
    if text.strip().lower() == "never":
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip().lower())
    if match is None or float(match[1]) == 0:
        raise UsageError(f"`--idle-exit {text}` is not a time", hint="give seconds, or `30m`, `2h`, `never`")
    return float(match[1]) * _UNITS[match[2]]


def _pairs(texts: list[str]) -> dict[str, str]:
    """`NAME=TRAINER` as a mapping."""
    from fttool.service.trainers import TRAINERS

    pairs = {}
    for text in texts:
        name, found, trainer = text.rpartition("=")
        if not found or not name.strip():
            raise UsageError(f"`--alias {text}` is not NAME=TRAINER", hint="e.g. `--alias gpt-4.1-mini=baseline`")
        if trainer not in TRAINERS:
            raise UsageError(f"there is no trainer `{trainer}`", hint=f"there is {', '.join(TRAINERS)}")
        pairs[name.strip()] = trainer
    return pairs


def _level(text: str) -> str:
    from fttool.service.logs import LEVELS

    if text.lower() not in LEVELS:
        raise UsageError(f"`--log-level {text}` does not exist", hint=f"it can be {', '.join(LEVELS)}")
    return text.lower()
