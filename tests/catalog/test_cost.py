"""Tokens, times epochs, times the price; and what is said where one of them is not known."""

from __future__ import annotations

import pytest

from fttool.catalog.cost import work_out
from fttool.config import Setting
from fttool.records.tokens import TokenCount


def tokens(total: int = 1_000_000, examples: int = 1_000, **more: object) -> TokenCount:
    return TokenCount(total, True, "tiktoken", examples=examples, low=0.0, high=0.0, **more)  # type: ignore[arg-type]


def own(key: str, **amounts: float) -> dict[str, Setting]:
    return {key: Setting(f"prices.{key}", amounts, "config.toml", "user")}


def test_a_cost() -> None:
    cost = work_out("openai", "gpt-4.1-mini", "supervised", tokens(), None)
    assert (cost.n_epochs, cost.epochs_from, cost.billed_tokens) == (3, "rule", 3_000_000)
    assert cost.total == cost.at_most == 15.0
    assert cost.exact
    assert "cookbook" in (cost.epochs_source or "")
    assert cost.price is not None
    assert cost.price.source.startswith("OpenAI")


def test_epochs_that_are_given() -> None:
    cost = work_out("openai", "gpt-4.1-mini", "dpo", tokens(), 2)
    assert (cost.n_epochs, cost.epochs_from, cost.total) == (2, "given", 10.0)


def test_cut_examples_are_billed_as_they_are_trained() -> None:
    cost = work_out("openai", "gpt-4.1-mini", "supervised", tokens(lost=400_000, over_limit=2), 1)
    assert (cost.billed_tokens, cost.total) == (600_000, 3.0)


def test_an_estimate_may_cost_more() -> None:
    estimate = TokenCount(1_000_000, False, "estimate", examples=1_000, low=-0.4, high=0.15)
    cost = work_out("openai", "gpt-4.1-mini", "supervised", estimate, 1)
    assert cost.total == 5.0
    assert cost.at_most == pytest.approx(5.75)
    assert not cost.exact
    unbounded = TokenCount(1_000_000, False, "rs-bpe", examples=1_000)
    assert work_out("openai", "gpt-4.1-mini", "supervised", unbounded, 1).at_most is None


@pytest.mark.parametrize(
    ("service", "model", "method", "count", "epochs", "says"),
    [
        ("azure", "gpt-4.1-mini", "supervised", tokens(), 3, "no price is known"),
        ("nebius", "meta-llama/Llama-3.3-70B-Instruct", "supervised", tokens(), 3, "no price is known"),
        ("crusoe", "openai/gpt-oss-120b", "supervised", tokens(), None, "--n_epochs"),
        ("openai", "gpt-4.1-mini", "dpo", tokens(), None, "--n_epochs"),
        ("openai", "o4-mini", "reinforcement", tokens(), 3, "by the hour ($100)"),
        ("openai", "gpt-4.1-mini", "supervised", None, 3, "not counted"),
        ("generic", "x", "supervised", tokens(), 3, "no price is known"),
    ],
)
def test_unknown_says_what_is_missing(
    service: str, model: str, method: str, count: TokenCount | None, epochs: int | None, says: str
) -> None:
    cost = work_out(service, model, method, count, epochs)
    assert cost.total is None
    assert cost.at_most is None
    assert says in (cost.unknown or "")


def test_the_own_service_is_free_even_uncounted() -> None:
    cost = work_out("local", "baseline", "supervised", None, None)
    assert (cost.total, cost.at_most, cost.unknown, list(cost.notes)) == (0.0, 0.0, None, [])


def test_own_prices_go_first() -> None:
    mine = own("openai/gpt-4.1-mini", training=4.0)
    cost = work_out("openai", "gpt-4.1-mini-2025-04-14", "supervised", tokens(), 1, mine)
    assert cost.total == 4.0
    assert cost.price is not None
    assert (cost.price.source, cost.price.seen, cost.price.input) == ("your setting, config.toml", None, 0.8)
    other = own("azure/gpt-4.1-mini", training=4.0)
    assert work_out("openai", "gpt-4.1-mini", "supervised", tokens(), 1, other).total == 5.0
    assert work_out("azure", "gpt-4.1-mini", "supervised", tokens(), 1, other).total == 4.0


def test_a_price_of_use_alone_is_no_price_of_training() -> None:
    mine = own("nebius/x", input=1.0)
    cost = work_out("nebius", "x", "supervised", tokens(), 1, mine)
    assert cost.total is None
    assert cost.price is not None
    assert cost.price.input == 1.0


def test_notes() -> None:
    paid = work_out("openai", "gpt-4.1-mini", "supervised", tokens(images=2), 1, validation=True)
    assert any("validation file is not billed" in note for note in paid.notes)
    assert any("2 images" in note for note in paid.notes)
    assumed = work_out("crusoe", "gpt-oss-120b", "supervised", tokens(), 1, validation=True)
    assert assumed.total == 6.0
    assert any("assumed" in note for note in assumed.notes)
    assert any("validation file costs is not known" in note for note in assumed.notes)
