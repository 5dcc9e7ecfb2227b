"""What is known of each service, and how one is recognised."""

from __future__ import annotations

import re
from datetime import date

import pytest

from fttool.errors import ConfigError
from fttool.jobs.services import SERVICES, named, recognise


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://eu.api.openai.com/v1", "openai"),
        ("https://API.openai.com:443/v1/", "openai"),
        ("https://my.openai.azure.com/openai/v1/", "azure"),
        ("https://my.services.ai.azure.com/openai/v1/", "azure"),
        ("https://api.tokenfactory.nebius.com/v1/", "nebius"),
        ("https://inference.crusoecloud.com/v1", "crusoe"),
        ("http://127.0.0.1:8000/v1", "generic"),
        ("https://api.openai.com.evil.example/v1", "generic"),
        ("https://notapi.openai.com.example/v1", "generic"),
        ("https://openai.azure.com.example/", "generic"),
        ("https://fakecrusoe.ai/", "generic"),
    ],
)
def test_by_the_address(url, name):
    assert recognise(url).name == name


def test_by_the_name():
    assert named("Azure") is SERVICES["azure"]
    with pytest.raises(ConfigError) as caught:
        named("zure")
    assert "openai, azure, nebius, crusoe, local, generic" in caught.value.hint


@pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
def test_each_says_how_it_was_checked(service):
    assert service.checked in ("documentation", "recorded answer", "live")
    assert date.fromisoformat(service.checked_on).year >= 2026
    assert service.title
    re.compile(service.suffix_pattern)


def test_azure_models_are_deployed_before_use():
    told = SERVICES["azure"].deployment("gpt-4o-mini.ft-1")
    assert "az cognitiveservices account deployment create" in told
    assert "--model-name gpt-4o-mini.ft-1" in told
    assert SERVICES["openai"].deployment("x") is None


@pytest.mark.parametrize(
    ("model", "day"),
    [
        ("gpt-4.1-nano-2025-04-14", "2026-10-23"),
        ("gpt-4.1-2025-04-14", "2027-01-14"),
        ("ft:gpt-4o-mini-2024-07-18:org:suffix:abc", "2027-01-14"),
        ("babbage-002", "2026-10-23"),
        ("gpt-4o-audio-preview", None),
    ],
)
def test_base_models_that_end(model, day):
    assert SERVICES["openai"].shutdown_date(model) == day
    assert SERVICES["local"].shutdown_date(model) is None
