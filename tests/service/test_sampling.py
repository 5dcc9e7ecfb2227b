"""What is made of a model's probabilities: choice, stop sequences, log-probabilities, the best of several."""

from __future__ import annotations

import math
from collections import Counter
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttool.service.inference.answers import Answers
from fttool.service.inference.decoding import Settings, Token, echo
from fttool.service.inference.sampling import LEAST_LOGPROB, Sampling, UnusableDistribution, best, choose
from fttool.service.inference.shapes import END_SHOWN, chat_logprobs, completion_logprobs
from fttool.service.inference.stops import StopScanner
from fttool.service.trainers import END, Distribution
from tests.service.tiny_model import Scripted, TinyModel, distribution

LETTERS = st.text("ab", min_size=1, max_size=4)
SEEDS = st.integers(0, 10_000)
SHARES = st.dictionaries(st.text("abcxyz", min_size=1, max_size=2), st.floats(0.01, 1), min_size=1, max_size=8)


def choices_of(model: Any, prompts: list[str], settings: Settings, **options: Any) -> list[Any]:
    answers = Answers(model, prompts, settings, **options)
    return [choice for choice in answers.choices() if choice is not None]


def streamed(model: Any, prompts: list[str], settings: Settings, **options: Any) -> dict[int, tuple[str, list[Token]]]:
    """What the pieces of each choice come to."""
    found: dict[int, tuple[str, list[Token]]] = {}
    for index, piece in Answers(model, prompts, settings, **options).pieces():
        text, tokens = found.get(index, ("", []))
        found[index] = (text + piece.text, tokens + piece.tokens)
    return found


def frequencies(shares: dict[str, float], sampling: Sampling, counts: dict[str, int] | None = None) -> dict[str, float]:
    random = Random(1)
    drawn = Counter(choose(distribution(shares), sampling, counts or {}, random).token for _ in range(4000))
    return {token: count / 4000 for token, count in drawn.items()}


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_temperature_0_takes_the_likeliest_and_the_first_of_equals() -> None:
    for seed in range(20):
        chosen = choose(distribution({"x": 0.2, "y": 0.4, "z": 0.4}), Sampling(temperature=0), {}, Random(seed))
        assert chosen.token == "y"


def test_temperature_1_draws_by_the_models_own_probabilities() -> None:
    drawn = frequencies({"x": 0.7, "y": 0.2, "z": 0.1}, Sampling())
    assert drawn == pytest.approx({"x": 0.7, "y": 0.2, "z": 0.1}, abs=0.03)


def test_temperature_sharpens_and_flattens() -> None:
    assert frequencies({"x": 0.6, "y": 0.4}, Sampling(temperature=0.5))["x"] == pytest.approx(0.36 / 0.52, abs=0.03)
    root = math.sqrt(0.6) / (math.sqrt(0.6) + math.sqrt(0.4))
    assert frequencies({"x": 0.6, "y": 0.4}, Sampling(temperature=2))["x"] == pytest.approx(root, abs=0.03)


@pytest.mark.parametrize("temperature", [1e-6, 1e-300])
def test_a_tiny_temperature_neither_overflows_nor_chooses_what_is_unlikely(temperature: float) -> None:
    assert frequencies({"x": 0.6, "y": 0.4, "z": 0.0}, Sampling(temperature=temperature)) == {"x": 1.0}


def test_a_model_that_is_drawn_from_more_sharply_tells_its_own_probabilities() -> None:
    usual, sharp = distribution({"a": 0.6, "b": 0.4}), distribution({"a": 0.6, "b": 0.4})._replace(sharpness=8.0)
    drawn = [choose(sharp, Sampling(), {}, Random(seed)) for seed in range(2_000)]
    share = Counter(one.token for one in drawn)["a"] / len(drawn)
    assert share == pytest.approx(0.6**8 / (0.6**8 + 0.4**8), abs=0.02)
    assert {one.logprob for one in drawn if one.token == "a"} == {choose(usual, Sampling(0), {}, Random(0)).logprob}


def test_an_impossible_token_is_never_drawn() -> None:
    assert set(frequencies({"x": 0.0, "y": 0.5, "z": 0.5, "w": 0.0}, Sampling(temperature=2))) == {"y", "z"}


@given(SHARES, st.floats(0, 1), SEEDS)
def test_top_p_draws_from_the_smallest_set_that_holds_the_share(
    shares: dict[str, float], top_p: float, seed: int
) -> None:
    total = sum(shares.values())
    dist = distribution({token: share / total for token, share in shares.items()})
    chosen = choose(dist, Sampling(top_p=top_p), {}, Random(seed))
    better = sum(math.exp(logprob) for logprob in dist.logprobs.tolist() if logprob > chosen.logprob)
    assert better == 0 or better < top_p + 1e-6


def test_top_p_at_the_border_keeps_exactly_the_share() -> None:
    assert set(frequencies({"x": 0.5, "y": 0.3, "z": 0.2}, Sampling(top_p=0.5))) == {"x"}
    assert set(frequencies({"x": 0.5, "y": 0.3, "z": 0.2}, Sampling(top_p=0.51))) == {"x", "y"}
    assert set(frequencies({"x": 0.5, "y": 0.3, "z": 0.2}, Sampling(top_p=0))) == {"x"}


def test_penalties_count_what_was_generated() -> None:
    half = {"x": 0.5, "y": 0.5}
    seen = {"x": 3}
    odds = math.exp(1.0)
    assert frequencies(half, Sampling(presence_penalty=1), seen)["y"] == pytest.approx(odds / (1 + odds), abs=0.03)
    odds = math.exp(1.5)
    assert frequencies(half, Sampling(frequency_penalty=0.5), seen)["y"] == pytest.approx(odds / (1 + odds), abs=0.03)
    assert frequencies(half, Sampling(presence_penalty=-2), seen)["x"] > 0.85


@given(SEEDS)
def test_a_frequency_penalty_makes_a_model_repeat_itself_less(seed: int) -> None:
    model = Scripted(*[{"x": 0.6, "y": 0.4}] * 8)
    plain = choices_of(model, ["p"], Settings(8, Sampling(temperature=0), seed=seed))[0].text
    penalised = choices_of(model, ["p"], Settings(8, Sampling(temperature=0, frequency_penalty=1), seed=seed))[0].text
    assert plain == "xxxxxxxx"
    assert penalised == "xyxyxyxy"  # log(0.6 / 0.4) is less than one count's penalty


def test_log_probabilities_are_the_models_own_whatever_was_asked_for() -> None:
    sampling = Sampling(temperature=0.1, top_p=0.1, presence_penalty=2, frequency_penalty=2)
    chosen = choose(distribution({"x": 0.75, "y": 0.25}), sampling, {"x": 5}, Random(0), top=2)
    assert chosen.token == "y"
    assert chosen.logprob == pytest.approx(math.log(0.25))
    assert chosen.top == [("x", pytest.approx(math.log(0.75))), ("y", pytest.approx(math.log(0.25)))]


@given(SHARES, st.integers(1, 20))
def test_the_best_candidates_are_those_of_a_plain_sort(shares: dict[str, float], count: int) -> None:
    dist = distribution(shares)
    pairs = list(zip(dist.tokens, dist.logprobs.tolist(), strict=True))
    assert best(dist, count) == sorted(pairs, key=lambda pair: -pair[1])[:count]


def test_nothing_that_json_cannot_hold_is_reported() -> None:
    chosen = choose(distribution({"x": 1.0, "y": 0.0}), Sampling(), {}, Random(0), top=5)
    assert chosen.top == [("x", 0.0), ("y", LEAST_LOGPROB)]


@pytest.mark.parametrize("numbers", [[math.nan, 0.0], [-math.inf, -math.inf], [], [math.inf, 0.0]])
def test_what_is_no_distribution_is_an_error_of_the_service(numbers: list[float]) -> None:
    broken = Distribution([str(at) for at in range(len(numbers))], np.array(numbers, dtype=np.float32))
    with pytest.raises(UnusableDistribution) as refused:
        choose(broken, Sampling(), {}, Random(0))
    assert refused.value.status == 500


# --- stop sequences ---------------------------------------------------------------------------------------------------


def first_stop(text: str, stops: list[str]) -> int | None:
    """Where the text ends, by looking at every beginning of it."""
    for end in range(1, len(text) + 1):
        found = [end - len(stop) for stop in stops if text[:end].endswith(stop)]
        if found:
            return min(found)
    return None


@given(st.lists(LETTERS, max_size=12), st.lists(LETTERS, min_size=1, max_size=4))
def test_a_stop_sequence_is_found_wherever_the_pieces_are_cut(pieces: list[str], stops: list[str]) -> None:
    scanner = StopScanner(stops)
    text = ""
    end = first_stop("".join(pieces), stops)
    for piece in pieces:
        scanner.feed(piece)
        text += piece
        assert scanner.safe <= len(text)
        if end is not None:
            assert scanner.safe <= end  # nothing behind the end is ever called safe
        if scanner.found is not None:
            break
    assert scanner.found == end


@given(st.lists(LETTERS, max_size=12), st.lists(LETTERS, min_size=1, max_size=4))
def test_no_more_is_held_back_than_may_begin_a_stop_sequence(pieces: list[str], stops: list[str]) -> None:
    scanner = StopScanner(stops)
    scanner.feed("".join(pieces))
    if scanner.found is None:
        tail = "".join(pieces)[scanner.safe :]
        assert tail == "" or any(stop.startswith(tail) for stop in stops)


@given(SEEDS, st.lists(LETTERS, max_size=4), st.integers(1, 12))
def test_the_text_is_that_without_stop_sequences_cut_before_the_first(seed: int, stops: list[str], most: int) -> None:
    model = TinyModel()
    whole = choices_of(model, ["p"], Settings(most, seed=seed))[0]
    cut = choices_of(model, ["p"], Settings(most, stop=tuple(stops), seed=seed))[0]
    end = first_stop(whole.text, stops)
    assert cut.text == whole.text[:end]
    assert cut.finish == ("stop" if end is not None else whole.finish)
    assert cut.tokens == [token for token in whole.tokens if end is None or token.start < end]


@given(SEEDS, st.lists(LETTERS, max_size=4), st.integers(0, 12), st.integers(1, 3), st.booleans())
def test_a_stream_comes_to_what_the_whole_answer_says(
    seed: int, stops: list[str], most: int, n: int, echoed: bool
) -> None:
    options = {"n": n, "echo": echoed, "report": 3}
    settings = Settings(most, stop=tuple(stops), top=3, seed=seed)
    whole = choices_of(TinyModel(), ["p q", "r"], settings, **options)
    pieces = streamed(TinyModel(), ["p q", "r"], settings, **options)
    assert [choice.index for choice in whole] == list(range(2 * n))
    assert {choice.index: (choice.text, choice.tokens) for choice in whole} == pieces


@given(SEEDS, st.lists(LETTERS, max_size=4), st.booleans())
def test_offsets_say_where_in_prompt_and_text_each_token_stands(seed: int, stops: list[str], echoed: bool) -> None:
    prompt = "one two  three"
    answers = Answers(TinyModel(), [prompt], Settings(8, stop=tuple(stops), top=2, seed=seed), echo=echoed, report=2)
    choice = next(choice for choice in answers.choices() if choice is not None)
    block = completion_logprobs(choice.tokens, len(prompt), 2)
    full = choice.text if echoed else prompt + choice.text
    assert len({len(values) for values in block.values()}) == 1
    for token, offset in zip(block["tokens"], block["text_offset"], strict=True):
        shown = full[offset : offset + len(token)]
        assert token.startswith(shown) and shown  # the last may be cut by a stop sequence


def test_a_stop_sequence_within_a_label_leaves_the_label_with_its_probability() -> None:
    model = Scripted({" yes END": 0.9, " no END": 0.1})
    choice = choices_of(model, ["p"], Settings(5, Sampling(temperature=0), (" END",), top=2), report=2)[0]
    assert (choice.text, choice.finish) == (" yes", "stop")
    assert [(token.text, token.logprob) for token in choice.tokens] == [(" yes END", pytest.approx(math.log(0.9)))]


def test_a_stop_sequence_at_the_very_start_leaves_nothing() -> None:
    choice = choices_of(Scripted({"\nx": 1.0}), ["p"], Settings(5, stop=("\n",)))[0]
    assert (choice.text, choice.finish, choice.tokens) == ("", "stop", [])


def test_a_possible_beginning_of_a_stop_sequence_waits_until_it_is_none() -> None:
    model = Scripted({"x": 1.0}, {"#": 1.0}, {"#": 1.0}, {"y": 1.0})
    pieces = [piece.text for _, piece in Answers(model, ["p"], Settings(9, stop=("###",))).pieces()]
    assert pieces == ["x", "##y", ""]


# --- the end of an answer ---------------------------------------------------------------------------------------------


def test_all_tokens_used_is_length_even_when_the_end_is_next() -> None:
    model = Scripted({"x": 1.0})
    assert choices_of(model, ["p"], Settings(1))[0].finish == "length"
    assert choices_of(model, ["p"], Settings(2))[0].finish == "stop"


def test_a_stop_sequence_in_the_last_token_is_stop() -> None:
    assert choices_of(Scripted({"x.": 1.0}), ["p"], Settings(1, stop=(".",)))[0].finish == "stop"


def test_no_tokens_asked_for_is_no_question_to_the_model() -> None:
    model = TinyModel()
    answers = Answers(model, ["p"], Settings(0))
    choice = next(choice for choice in answers.choices() if choice is not None)
    assert (choice.text, choice.finish, answers.completion_tokens) == ("", "length", 0)


# --- several choices --------------------------------------------------------------------------------------------------


@given(SEEDS, SEEDS)
@settings(max_examples=30)
def test_a_seed_decides_everything_and_choices_differ(seed: int, other: int) -> None:
    def texts(seed: int) -> list[str]:
        return [choice.text for choice in choices_of(TinyModel(), ["p", "p"], Settings(20, seed=seed), n=3)]

    assert texts(seed) == texts(seed)
    assert len(set(texts(seed))) > 1
    if seed != other:
        assert texts(seed) != texts(other)


def test_a_choice_does_not_depend_on_how_many_there_are() -> None:
    few = choices_of(TinyModel(), ["p"], Settings(20, seed=5), n=1)
    many = choices_of(TinyModel(), ["p", "q"], Settings(20, seed=5), n=4)
    assert few[0].text == many[0].text


def test_the_best_are_those_likeliest_per_token_the_end_included() -> None:
    settings = Settings(6, seed=11)
    best_two = choices_of(TinyModel(end=0.3), ["p"], settings, n=2, best_of=12)
    all_twelve = choices_of(TinyModel(end=0.3), ["p"], settings, n=12)

    def score(choice: Any) -> float:
        logprobs = [token.logprob for token in choice.tokens]
        if choice.finish == "stop":
            logprobs.append(math.log(0.3))
        return sum(logprobs) / len(logprobs)

    expected = sorted(all_twelve, key=score, reverse=True)[:2]
    assert [choice.text for choice in best_two] == [choice.text for choice in expected]
    assert [choice.index for choice in best_two] == [0, 1]


def test_all_that_was_generated_is_counted_and_prompts_once() -> None:
    answers = Answers(Scripted({"x": 1.0}, {"y": 1.0}), ["one two", "three"], Settings(9), n=2, best_of=3)
    assert len([choice for choice in answers.choices() if choice is not None]) == 4
    assert (answers.prompt_tokens, answers.completion_tokens) == (3, 12)


def test_pieces_of_several_choices_come_in_turns() -> None:
    model = Scripted({"x": 1.0}, {"y": 1.0})
    order = [index for index, _ in Answers(model, ["p", "q"], Settings(2), n=2).pieces()]
    assert order[:8] == [0, 1, 2, 3, 0, 1, 2, 3]


# --- shapes -----------------------------------------------------------------------------------------------------------


def test_the_chosen_token_is_listed_even_if_it_is_not_among_the_best() -> None:
    tokens = [Token("z", -3.0, [("x", -0.1), ("y", -2.5)], 0)]
    assert completion_logprobs(tokens, 4, 2)["top_logprobs"] == [{"x": -0.1, "y": -2.5, "z": -3.0}]
    assert completion_logprobs(tokens, 4, 0)["top_logprobs"] == [{}]
    assert completion_logprobs(tokens, 4, 0)["token_logprobs"] == [-3.0]


def test_the_end_of_a_text_has_a_name_among_the_candidates() -> None:
    tokens = [Token("é", -1.0, [(END, -0.5), ("é", -1.0)], 0)]
    assert completion_logprobs(tokens, 0, 2)["top_logprobs"] == [{END_SHOWN: -0.5, "é": -1.0}]
    content = chat_logprobs(tokens, 2)["content"]  # type: ignore[index]
    assert content[0]["bytes"] == [0xC3, 0xA9]
    assert content[0]["top_logprobs"][0] == {"token": END_SHOWN, "logprob": -0.5, "bytes": None}


def test_an_echo_has_no_probability_for_what_nothing_stands_before() -> None:
    piece = echo(Scripted(), "one two", 1)
    assert [(token.text, token.logprob, token.top, token.start) for token in piece.tokens] == [
        ("one", None, [], -7),
        (" two", -0.5, [(" two", -0.5)], -4),
    ]
    assert echo(Scripted(), "one two", None).tokens == []
