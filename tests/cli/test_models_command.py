"""`fttool models`, as a person and as a script see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import KEY, Answer, Scripted, page

Call = Callable[..., Any]
MINE = "ft:gpt-4.1:o::abc"
BASE = {
    "id": "gpt-4.1",
    "object": "model",
    "created": 1_744_675_200,
    "owned_by": "openai",
    "shutdown_date": "2027-01-14",
}
TUNED = {"id": MINE, "object": "model", "created": 1_763_683_200, "owned_by": "user-1", "shutdown_date": None}


@pytest.fixture
def service(scripted: Scripted) -> Scripted:  # noqa: F811
    """A service with a base model and a fine-tuned one."""
    scripted.on("GET", "/models", page(BASE, TUNED, has_more=None))
    for view in (BASE, TUNED):
        scripted.on("GET", f"/models/{view['id']}", view)
    scripted.on("DELETE", f"/models/{MINE}", {"id": MINE, "object": "model", "deleted": True})
    return scripted


def test_list(service: Scripted, call: Call, terminal: Call) -> None:
    done = call("models", "list", *service.options)
    assert done.out == f"{MINE}\t2025-11-21\tuser-1\t\ngpt-4.1\t2025-04-15\topenai\t2027-01-14\n"
    assert call("models", "list", "-q", "--fine-tuned", *service.options).out == f"{MINE}\n"
    done = call("models", "list", "--json", *service.options)
    assert json.loads(done.out) == {"object": "list", "data": [TUNED, BASE]}
    shown = terminal("models", "list", *service.options, env={"NO_COLOR": "1"})
    assert shown.err.splitlines()[0].split() == ["model", "created", "owner", "ends"]
    assert shown.err.splitlines()[2].split() == ["gpt-4.1", "2025-04-15", "openai", "2027-01-14"]


def test_an_empty_list_is_success(service: Scripted, call: Call) -> None:
    service.on("GET", "/models", page())
    done = call("models", "list", *service.options)
    assert (done.code, done.out, done.err) == (0, "", "no models\n")


def test_get(service: Scripted, call: Call) -> None:
    done = call("models", "get", MINE, *service.options)
    assert done.out == f"{MINE}\n  created: 2025-11-21\n  owner: user-1\n"
    assert json.loads(call("models", "get", "-i", MINE, "--json", *service.options).out) == TUNED
    both = json.loads(call("models", "get", MINE, "gpt-4.1", "--json", *service.options).out)
    assert both == {"object": "list", "data": [TUNED, BASE]}
    assert call("models", "get", *service.options).code == 2
    assert call("models", "get", "none", *service.options).code == 5


@pytest.mark.parametrize(("days", "says"), [(10, "in 10 days"), (-10, "was shut down"), (1000, "")])
def test_the_end_of_a_model_is_said(service: Scripted, call: Call, days: int, says: str) -> None:
    end = date.today() + timedelta(days)
    service.on("GET", "/models/gpt-4.1", {**BASE, "shutdown_date": str(end)})
    done = call("models", "get", "gpt-4.1", *service.options)
    assert f"ends: {end}" in done.out
    assert says in done.err and bool(done.err) == bool(says)


def test_delete(service: Scripted, call: Call, terminal: Call) -> None:
    done = call("models", "delete", MINE, *service.options)
    assert done.code == 2 and "--yes" in done.err
    assert not service.asked("DELETE", f"/models/{MINE}")
    assert terminal("models", "delete", MINE, *service.options, answers=[("[y/N]", "n")]).code == 1
    assert not service.asked("DELETE", f"/models/{MINE}")
    done = call("models", "delete", "-i", MINE, "--yes", "--json", *service.options)
    assert json.loads(done.out) == {"id": MINE, "object": "model", "deleted": True}


def test_base_models_are_refused(service: Scripted, call: Call) -> None:
    done = call("models", "delete", "gpt-4.1", "--yes", *service.options)
    assert done.code == 2 and "`gpt-4.1` is a base model" in done.err
    assert not [each for each in service.requests if each.method == "DELETE"]


def test_no_key_in_any_output(service: Scripted, call: Call) -> None:
    service.on("GET", "/models", Answer(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}))
    done = call("models", "list", "--json", *service.options)
    assert done.code == 4
    assert KEY not in done.out + done.err


def test_what_can_be_trained_needs_no_key_and_no_network(call):
    """Both spellings; the day on which OpenAI closes decides what is left."""
    from datetime import date

    from fttool.catalog.models import trainable

    known = [each.model for each in trainable("openai", date.today())]
    result = call("models", "--fine-tunable")
    assert result.code == 0
    assert [line.split("\t")[1] for line in result.out.splitlines()] == known
    assert call("models", "list", "--fine-tunable").out == result.out
    assert call("models", "--fine-tunable", "-q").out.split() == known


def test_what_azure_trains(call):
    rows = [line.split("\t") for line in call("models", "--fine-tunable", "--service", "azure").out.splitlines()]
    assert rows[0] == [
        *("azure", "gpt-4.1-2025-04-14", "supervised, dpo", "chat, images", "65,536", "", "2027-10-14", ""),
    ]
    result = call("models", "--service", "azure", "--json", "--fine-tunable")
    shown = json.loads(result.out)
    assert shown["service"] == "azure"
    assert [each["model"] for each in shown["models"]] == [row[1] for row in rows]
    assert shown["models"][0]["price"] is None
    assert shown["models"][0]["source"].startswith("Microsoft Learn")


def test_the_own_price_is_shown(call):
    call("config", "set", "prices.azure/gpt-4.1", "20")
    assert call("models", "--fine-tunable", "--service", "azure").out.splitlines()[0].endswith("\t$20 per 1M tokens")


def test_where_nothing_is_known(call):
    result = call("models", "--fine-tunable", "--service", "generic")
    assert (result.code, result.out) == (0, "")
    assert "fttool knows no model" in result.err
    assert "baseline" in call("models", "--fine-tunable", "--local").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fine-tunable", "--fine-tuned"], "exclude each other"),
        (["--fine-tunable", "--service", "azur"], "unknown service `azur`"),
        (["list", "--service", "azure"], "`--service` goes with `--fine-tunable`"),
    ],
)
def test_what_fine_tunable_refuses(call, arguments, says):
    result = call("models", *arguments)
    assert result.code == 2
    assert says in result.err
