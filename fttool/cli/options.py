"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write; `-` is standard output.")
]
Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="Settings of this profile.")]
ApiKey = Annotated[
    str | None,
    typer.Option("-k", "--api-key", metavar="KEY", help="API key; other users can see it: rather `--api-key-file`."),
]
ApiKeyFile = Annotated[Path | None, typer.Option("--api-key-file", metavar="FILE", help="File that holds the API key.")]
BaseUrl = Annotated[str | None, typer.Option("-b", "--base-url", metavar="URL", help="Address of the service.")]
Service = Annotated[
    str | None, typer.Option("--service", metavar="NAME", help="openai, azure, nebius, crusoe, local or generic.")
]
Local = Annotated[bool, typer.Option("--local", help="Use fttool's own service on this machine: no key, no network.")]
Organization = Annotated[str | None, typer.Option("--organization", metavar="ID", help="Organization to act for.")]
Project = Annotated[str | None, typer.Option("--project", metavar="ID", help="Project to act for.")]
Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", help="How long one request may take (600).", min=0.1)
]
Retries = Annotated[
    int | None, typer.Option("--retries", metavar="N", help="How often a failed request is tried again (2).", min=0)
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print ids only.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do it without asking.")]
