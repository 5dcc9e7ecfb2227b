"""The user's own prices, and the amount above which is asked."""

from __future__ import annotations

import json

import pytest


def write(folder, text):
    folder.mkdir(exist_ok=True)
    path = folder / "config.toml"
    path.write_text(text)
    return path


def test_set_show_and_unset(call, isolated):
    name = "prices.nebius/meta-llama/Llama-3.3-70B-Instruct"
    assert call("config", "set", name, "2.5").code == 0
    path = isolated / "config.toml"
    assert path.read_text() == '[prices]\n"nebius/meta-llama/Llama-3.3-70B-Instruct" = 2.5\n'
    assert f"{name}\t2.5\t{path}\n" in call("config", "show").out
    shown = json.loads(call("config", "show", "--json").out)
    assert shown["settings"][name] == {"value": {"training": 2.5}, "source": str(path)}
    assert call("config", "unset", name).code == 0
    assert name not in call("config", "show").out
    assert "was not set" in call("config", "unset", name).err


def test_all_amounts_of_a_price(call, isolated):
    path = write(isolated, '[prices]\n# mine\n"openai/gpt-4.1" = { training = 20, output = 9.5 }\n')
    assert "prices.openai/gpt-4.1\ttraining 20, output 9.5\t" in call("config", "show").out
    assert call("config", "set", "prices.openai/gpt-4.1", "21").code == 0
    assert path.read_text() == '[prices]\n# mine\n"openai/gpt-4.1" = { training = 21.0, output = 9.5 }\n'


@pytest.mark.parametrize(
    ("line", "says", "hint"),
    [
        ('"opnai/x" = 3', "no service `opnai`", "did you mean `openai`?"),
        ('"x" = 3', "no service `x`", "SERVICE/MODEL"),
        ('"openai/" = 3', "names no model", "openai/MODEL"),
        ('"openai/x" = -1', "from 0 on", None),
        ('"openai/x" = nan', "from 0 on", None),
        ('"openai/x" = "3"', "not `3`", None),
        ('"openai/x" = true', "not `True`", None),
        ('"openai/x" = { trainig = 3 }', "no `trainig`", "did you mean `training`?"),
    ],
)
def test_prices_that_are_wrong(call, isolated, line, says, hint):
    path = write(isolated, f"model = 'x'\n[prices]\n{line}\n")
    result = call("config", "show")
    assert result.code == 2
    assert f"error: {path}:3: " in result.err
    assert says in result.err
    assert hint is None or f"hint: {hint}" in result.err or hint in result.err


def test_prices_are_a_table(call, isolated):
    path = write(isolated, "prices = 3\n")
    result = call("config", "show")
    assert (result.code, result.err) == (2, f"error: {path}:1: prices are a table\nhint: write `[prices]`\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["prices.opnai/x", "3"], "did you mean `openai`?"),
        (["prices.openai/x", "much"], "not `much`"),
        (["prices.openai/x", "inf"], "from 0 on"),
        (["prices.openai/x", "3", "--profile", "work"], "not set for a profile"),
    ],
)
def test_set_refuses(call, isolated, arguments, says):
    result = call("config", "set", *arguments)
    assert result.code == 2
    assert says in result.err
    assert not (isolated / "config.toml").exists()


def test_a_project_may_not_set_what_guards_money(call, work):
    (work / "fttool.toml").write_text('ask_above = 1e9\n[prices]\n"openai/gpt-4.1" = 0\n')
    result = call("config", "show")
    assert "a project file may not set prices; they are not used" in result.err
    assert "a project file may not set `ask_above`" in result.err
    assert "prices." not in result.out
    assert "ask_above\t10\tdefault" in result.out


def test_the_amount_to_ask_above(call, monkeypatch):
    monkeypatch.setenv("FTTOOL_ASK_ABOVE", "2.5")
    assert "ask_above\t2.5\tenvironment variable FTTOOL_ASK_ABOVE\n" in call("config", "show").out
    for bad in ("-1", "nan", "inf", "ten"):
        assert "an amount of money from 0 on" in call("config", "set", "ask_above", "--", bad).err
