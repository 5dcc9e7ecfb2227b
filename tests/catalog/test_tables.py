"""The tables hold together, and say where their facts are from."""

from __future__ import annotations

from datetime import date

import pytest

from fttool.catalog import billing, models, names, prices, table
from fttool.config import Setting
from fttool.config.known import SERVICES as NAMES
from fttool.dataset.vocabularies import HASHES
from fttool.jobs.services import SERVICES

METHODS = {"supervised", "dpo", "reinforcement"}


@pytest.mark.parametrize("name", ["models", "prices", "billing"])
def test_every_row_has_a_source_and_the_day_it_was_seen(name: str) -> None:
    rows = table.rows(name)
    assert rows
    for row in rows:
        assert row["source"].strip()
        assert date.fromisoformat(row["seen"]) <= date(2026, 11, 29)
        assert row["service"] in SERVICES
        assert None not in row  # a cell too many
        assert None not in row.values()  # or too few


def test_the_names_of_services_are_those_there_are() -> None:
    assert tuple(SERVICES) == NAMES


def test_models() -> None:
    seen = set()
    for each in models.models():
        for name in (each.model, *each.aliases):
            assert (each.service, name) not in seen
            seen.add((each.service, name))
        assert set(each.methods) <= METHODS & set(SERVICES[each.service].methods)
        assert each.methods
        assert set(each.shapes) <= {"chat", "completion"}
        assert each.shapes
        assert each.vocabulary in (None, *HASHES)
        days = [date.fromisoformat(day) for day in (each.closes, each.ends) if day]
        assert days == sorted(days)
        assert not (each.context and each.longest_example and each.longest_example > each.context)


def test_prices_are_of_models_there_are() -> None:
    known = {(each.service, each.model): each for each in models.models()}
    for row in table.rows("prices"):
        assert row["per"] in ("1M tokens", "hour")
        assert all(float(row[name] or 0) >= 0 for name in ("training", "input", "cached_input", "output"))
        if row["model"] != "*":
            assert set(row["methods"].split()) <= set(known[row["service"], row["model"]].methods)


@pytest.mark.parametrize(
    ("model", "base"),
    [
        ("gpt-4o", "gpt-4o"),
        ("ft:gpt-4o-mini-2024-07-18:org:suffix:abc", "gpt-4o-mini-2024-07-18"),
        ("ft:gpt-4o-mini:org::id:ckpt-step-3", "gpt-4o-mini"),
        ("davinci:ft-personal-2023-01-02", "davinci"),
        ("gpt-4o-mini-2024-07-18.ft-0123456789abcdef0123456789abcdef-people", "gpt-4o-mini-2024-07-18"),
        ("ft:", "ft:"),
        ("meta-llama/Llama-3.3-70B-Instruct", "meta-llama/Llama-3.3-70B-Instruct"),
    ],
)
def test_base_names(model: str, base: str) -> None:
    assert names.base_name(model) == base


@pytest.mark.parametrize(
    ("model", "service", "found"),
    [
        ("gpt-4.1", "openai", "gpt-4.1-2025-04-14"),
        ("gpt-4.1-mini", "openai", "gpt-4.1-mini-2025-04-14"),
        ("GPT-4.1-Mini-2025-04-14", "openai", "gpt-4.1-mini-2025-04-14"),
        ("gpt-3.5-turbo-0613", "openai", "gpt-3.5-turbo-0613"),
        ("gpt-3.5-turbo-0301", "openai", "gpt-3.5-turbo-0125"),  # some version of it
        ("gpt-4o-audio-preview", "openai", None),
        ("gpt-4.1-mini-2025-04-14x", "openai", None),
        ("babbage-002", "openai", "babbage-002"),
        ("babbage", "openai", "babbage"),
        ("gpt-4.1", "nebius", None),
        ("ft:gpt-4o:me::x", None, "gpt-4o-2024-08-06"),
    ],
)
def test_models_are_found_by_alias_and_version(model: str, service: str | None, found: str | None) -> None:
    one = models.find_model(model, service)
    assert (None if one is None else one.model) == found


def test_what_can_still_be_trained_hangs_on_the_day() -> None:
    before, after = (
        {each.model for each in models.trainable("openai", day)} for day in (date(2027, 1, 5), date(2027, 1, 6))
    )
    assert before == {
        "gpt-4.1-2025-04-14",
        "gpt-4.1-mini-2025-04-14",
        "gpt-4o-2024-08-06",
        "gpt-4o-mini-2024-07-18",
    }
    assert after == set()
    assert "babbage-002" in {each.model for each in models.trainable("openai", date(2026, 9, 27))}
    assert models.trainable("azure", date(2027, 1, 6))


def test_shapes_of_models() -> None:
    assert models.shape_of("babbage-002") == "completion"
    assert models.shape_of("ft:gpt-4.1-mini:org::id") == "chat"
    assert models.shape_of("gpt-5.9-nano") == "chat"  # not in the table
    assert models.shape_of("meta-llama/Llama-3.3-70B-Instruct") is None  # takes both
    assert models.shape_of("whatever") is None


def test_prices() -> None:
    found = prices.find_price("openai", "ft:gpt-4.1-mini-2025-04-14:org::id")
    assert found is not None
    assert (found.training, found.input, found.output, found.per) == (5.0, 0.8, 3.2, "1M tokens")
    assert found.seen == "2026-11-29"
    assert prices.find_price("openai", "gpt-4.1-mini", "dpo") == found
    assert prices.find_price("openai", "gpt-4.1-mini", "reinforcement") is None
    assert prices.find_price("azure", "gpt-4.1-mini") is None
    free = prices.find_price("local", "anything")
    assert free is not None
    assert free.training == 0


@pytest.mark.parametrize(
    ("examples", "epochs"),
    [
        (1, 25),  # at most 25
        (4, 25),
        (10, 10),  # 100 examples seen
        (33, 3),
        (34, 3),
        (8_333, 3),
        (8_334, 2),  # at most 25,000 seen
        (12_501, 1),
        (1_000_000, 1),
    ],
)
def test_default_epochs(examples: int, epochs: int) -> None:
    assert billing.default_epochs(examples) == epochs


def test_prices_of_use() -> None:
    tuned = "ft:gpt-4.1-mini-2025-04-14:org::id"
    assert prices.find_use_price("openai", tuned) == (0.8, 3.2)
    assert prices.find_use_price("openai", "ft:o4-mini-2025-04-16:org::id") == (4.0, 16.0)
    assert prices.find_use_price("openai", "gpt-4.1-mini") is None  # sold at another price
    assert prices.find_use_price("azure", tuned) is None
    assert prices.find_use_price("local", "ft:baseline:local::id") is None  # it is free
    own = {"openai/gpt-4.1-mini": Setting("prices", {"input": 1.0}, "a file", "user")}
    assert prices.find_use_price("openai", tuned, own) == (1.0, 3.2)
    assert prices.find_use_price("openai", "gpt-4.1-mini-2025-04-14", own) == (1.0, 3.2)
