"""OpenAI. Source: its OpenAPI document of 21 Aug 2026, the SDK 3.52.0, and recorded answers of 2023-2025."""

from __future__ import annotations

from fttool.jobs.services.base import Service

SERVICE = Service(
    name="openai",
    title="OpenAI",
    checked="recorded answer",
    checked_on="2026-11-21",
    hosts=("api.openai.com",),
    closing=(  # source: its deprecations page, as of November 2026
        "OpenAI closes fine-tuning: since 7 May 2026 organizations that never tuned a model cannot begin, since "
        "2 July 2026 neither can those that have not used one for 60 days, and from 6 January 2027 no one can\n"
        "models that are tuned already answer until the `shutdown_date` of their base model (`fttool models list`)\n"
        "the same file trains elsewhere: `--local` on this machine, or Azure OpenAI or Nebius with "
        "`fttool config set base_url URL --profile NAME` and `--profile NAME`"
    ),
    deviations=(
        "the status `paused` is not in its own list of statuses",
        "result files may come as base64",
        "too many active jobs are refused with 429 when a job is created",
    ),
)
