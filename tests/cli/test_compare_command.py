"""`fttool compare`: two models that fttool's own service has trained, on the same examples."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from own_service import own, own_state  # noqa: F401

EXAMPLES = Path(__file__).parent.parent.parent / "examples"

_TRAINED: dict[Path, tuple[str, str]] = {}


@pytest.fixture
def models(own, call, work):  # noqa: F811
    """A model that is trained well and one that is not, and `valid.jsonl` in the current folder."""
    prepared = call("prepare_data", str(EXAMPLES / "people.csv"), "--yes", "-o", "people.jsonl")
    assert prepared.code == 0
    (work / "people_valid.jsonl").rename(work / "valid.jsonl")
    if own not in _TRAINED:
        made = []
        rows = (work / "people_train.jsonl").read_text().splitlines(keepends=True)
        (work / "few.jsonl").write_text("".join(rows[:24]))
        for suffix, file in (("desk", "people_train.jsonl"), ("few", "few.jsonl")):
            options = ["--suffix", suffix, "--n_epochs", "4", "--seed", "1", "--local", "-q"]
            done = call("create", "-t", file, *options)
            assert done.code == 0, done.err
            made.append(done.out.strip())
        _TRAINED[own] = (made[0], made[1])
    return _TRAINED[own]


def test_in_a_pipe_there_is_a_line_for_each_metric_of_each_model(models, call, work):
    done = call("compare", *models, "-f", "valid.jsonl", "--local")
    assert done.code == 0, done.err
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert {len(row) for row in rows} == {8}
    names = ["classification/accuracy", "classification/weighted_f1_score"]
    usage = [
        f"usage/{name}" for name in ("prompt_tokens", "completion_tokens", "latency_median", "latency_p95", "cost")
    ]
    assert [row[:2] for row in rows] == [[model, name] for model in models for name in [*names, *usage]]
    first, other = rows[0], rows[7]
    assert float(first[3]) < float(first[2]) < float(first[4])
    assert first[5:] == ["", "", ""]
    assert float(other[5]) == pytest.approx(float(other[2]) - float(first[2]))
    assert other[7] in ("better", "worse", "undecided", "same")
    assert len(list(work.glob("valid.*.answers.jsonl"))) == 2


def test_nothing_is_asked_twice_and_evaluate_knows_the_answers(models, call):
    call("compare", *models, "-f", "valid.jsonl", "--local")
    again = call("compare", *models, "-f", "valid.jsonl", "--local")
    assert again.err.count("28 of 28 answers are there already") == 2
    one = call("evaluate", models[0], "-f", "valid.jsonl", "--local", "--json")
    assert json.loads(one.out)["kept"] == 28


def test_json_has_all_of_it(models, call):
    done = call("compare", *models, "-f", "valid.jsonl", "--local", "--json", "--price", f"{models[1]}=1000:1000")
    found = json.loads(done.out)
    assert (found["object"], found["examples"], found["task"]) == ("fttool.comparison", 28, "classification")
    assert found["main_metric"] == "classification/accuracy"
    first, other = found["models"]
    assert (first["letter"], first["model"], first["service"]) == ("A", models[0], "local")
    assert first["differences"] == []
    assert sum(sum(row) for row in first["confusion"]) == 28
    accuracy = other["differences"][0]
    assert accuracy["metric"] == "classification/accuracy"
    assert accuracy["difference"] == pytest.approx(other["classification/accuracy"] - first["classification/accuracy"])
    assert accuracy["test"] == "McNemar, exact"
    tokens = other["usage"]["prompt_tokens"] + other["usage"]["completion_tokens"]
    assert other["usage"]["cost"] == pytest.approx(tokens / 1000)
    assert first["usage"]["cost"] is None
    assert len(found["disagreements"]) == min(found["disagreeing"], 10)
    evaluated = json.loads(call("evaluate", models[0], "-f", "valid.jsonl", "--local", "--json").out)
    for name in ("classification/accuracy", "metrics", "classes", "confusion", "calibration"):
        assert first[name] == evaluated[name]


def test_rows_answered_differently_go_into_a_file(models, call, work):
    done = call(
        "compare", *models, "-f", "valid.jsonl", "--local", "--json", "--disagreements", "1",
        "--disagreements-file", "differ.jsonl",
    )  # fmt: skip
    found = json.loads(done.out)
    rows = [json.loads(line) for line in (work / "differ.jsonl").read_text().splitlines()]
    assert len(rows) == found["disagreeing"] > 1
    assert len(found["disagreements"]) == 1
    lines = (work / "valid.jsonl").read_text().splitlines()
    for row in rows:
        example = json.loads(lines[row["line"] - 1])
        assert (row["question"], row["expected"]) == (example["prompt"], example["completion"])
        texts = [each["text"] for each in row["answers"]]
        assert len(set(texts)) == 2
        assert [each["right"] for each in row["answers"]] == [text == row["expected"] for text in texts]
    again = call("compare", *models, "-f", "valid.jsonl", "--local", "--disagreements-file", "differ.jsonl")
    assert (again.code, "exists" in again.err) == (3, True)


def test_a_terminal_gets_a_table_and_a_verdict(models, call, terminal):
    call("compare", *models, "-f", "valid.jsonl", "--local")
    shown = terminal("compare", *models, "-f", "valid.jsonl", "--local", env={"NO_COLOR": "1", "COLUMNS": "120"}).err
    assert f"A  {models[0]}\n" in shown
    assert re.search(r"classification/accuracy +\d+\.\d% \(\d+\.\d to \d+\.\d\)", shown)
    flat = " ".join(shown.split())
    verdict = r"(B is worse than A|No difference between B and A is shown): accuracy "
    assert re.search(verdict + r"\d+\.\d% against \d+\.\d%, -\d+\.\d points", flat)
    assert re.search(r"\d+ examples are answered differently", flat)
    assert "expected" in shown


class _Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href", "srcset", "data")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_and_escapes_everything(own, call, work):  # noqa: F811
    evil = '<script>alert(1)</script> & "quotes" \x07'
    rows = [{"prompt": f"{evil} {at} ->", "completion": f" <b>{'ab'[at % 2]}</b>"} for at in range(40)]
    (work / "evil.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in "xy":
        header = {
            "object": "fttool.answers", "version": 1, "model": f"m<{name}>", "service": "local", "file": "evil.jsonl",
            "sha256": _sha256(work / "evil.jsonl"), "rows": 40, "settings": {"task": "classification"},
        }  # fmt: skip
        answers = [
            {"index": at, "line": at + 1, "row": "0", "expected": row["completion"], "text": row["completion"] if
             (at + (name == "y")) % 3 else evil, "logprobs": {row["completion"]: -0.1}}
            for at, row in enumerate(rows)
        ]  # fmt: skip
        text = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in [header, *answers])
        (work / f"{name}.answers.jsonl").write_text(text)
    done = call("compare", "x.answers.jsonl", "y.answers.jsonl", "-f", "evil.jsonl", "--html", "page.html", "--local")
    assert done.code == 0, done.err
    text = (work / "page.html").read_text()
    page = _Page(text)
    assert page.open == []
    assert page.links == []
    assert "script" not in page.tags
    assert "alert(1)" in text
    assert "<b>a</b>" not in text
    assert "\x07" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert page.tags.count("svg") == 3  # the intervals, and the calibration of each
    assert "Content-Security-Policy" in text
    assert (call("compare", "x.answers.jsonl", "y.answers.jsonl", "-f", "evil.jsonl", "--html", "page.html").code) == 3


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_model_on_another_profile(models, call, monkeypatch):
    """The command's own service is another than that of the profile: none is there, and none is needed."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    named = [f"local:{model}" for model in models]
    done = call("compare", *named, "-f", "valid.jsonl", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert [each["name"] for each in found["models"]] == named
    assert [each["model"] for each in found["models"]] == list(models)
    assert [each["service"] for each in found["models"]] == ["local", "local"]


def test_answers_in_files_need_no_service(models, call, work, monkeypatch):
    call("compare", *models, "-f", "valid.jsonl", "--local")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    files = sorted(path.name for path in work.glob("*.answers.jsonl"))
    done = call("compare", *files, "-f", "valid.jsonl", "--json")
    assert done.code == 0, done.err
    assert {each["model"] for each in json.loads(done.out)["models"]} == set(models)
    (work / "other.jsonl").write_text(
        (work / "valid.jsonl").read_text() + '{"prompt":"x ->","completion":" billing"}\n'
    )
    other = call("compare", *files, "-f", "other.jsonl")
    assert (other.code, "holds answers to another file" in other.err) == (2, True)


def test_a_sample_and_the_users_own_metric(models, call, work):
    (work / "mine.py").write_text("def short(expected, answer):\n    return len(answer)\n")
    done = call(
        "compare", *models, "-f", "valid.jsonl", "--local", "--limit", "20", "--metric", "mine.py:short", "--json"
    )
    found = json.loads(done.out)
    assert found["examples"] == 20
    assert found["main_metric"] == "custom/short"
    assert found["models"][1]["differences"][-1]["metric"] == "custom/short"


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("m", "-f", "valid.jsonl"), 2, "one model is nothing to compare"),
        (("m", "m", "-f", "valid.jsonl"), 2, "`m` is named twice"),
        (("m", "n", "-f", "nowhere.jsonl"), 3, "no such file"),
        (("m", "n", "-f", "valid.jsonl", "-o", "nowhere"), 3, "no such folder"),
        (("m", "n", "-f", "valid.jsonl", "--price", "x=1:2"), 2, "`x` is none of the models"),
        (("m", "n", "-f", "valid.jsonl", "--price", "m=1"), 2, "--price takes two numbers"),
        (("m", "local:", "-f", "valid.jsonl", "--local"), 2, "`local:` names no model"),
        (
            ("m", "n", "-f", "valid.jsonl", "--html", "valid.jsonl", "--force"),
            2,
            "`valid.jsonl` is the file of examples",
        ),
        (("m", "n", "-f", "valid.jsonl", "--metric", "mine.py"), 2, "is no metric"),
        (("m", "valid.jsonl", "-f", "valid.jsonl", "--local"), 3, "not a file of answers"),
    ],
)
def test_what_cannot_be_is_said(args, code, says, call, work):
    (work / "valid.jsonl").write_text(
        '{"prompt":"a ->","completion":" b"}\n' * 9 + '{"prompt":"c","completion":" d"}\n'
    )
    done = call("compare", *args)
    assert (done.code, done.out) == (code, "")
    assert "-o FILE" not in done.err
    assert says in done.err


def test_a_model_that_is_not_there(models, call):
    done = call("compare", models[0], "nowhere", "-f", "valid.jsonl", "--local")
    assert done.code == 5
    assert "nowhere" in done.err


def test_texts_are_compared(own, call, work, terminal):  # noqa: F811
    done = call(
        "prepare_data", str(EXAMPLES / "questions.jsonl"), "--prompt-column", "question",
        "--completion-column", "answer", "--yes", "--split", "-o", "texts.jsonl",
    )  # fmt: skip
    assert done.code == 0, done.err
    (work / "few.jsonl").write_text("".join((work / "texts_train.jsonl").read_text().splitlines(keepends=True)[:12]))
    models = [
        call("create", "-t", file, "--n_epochs", "2", "--seed", "1", "--local", "-q").out.strip()
        for file in ("texts_train.jsonl", "few.jsonl")
    ]
    done = call("compare", *models, "-f", "texts_valid.jsonl", "--local", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["task"], found["main_metric"]) == ("text", "text/chrf")
    tested = {each["metric"] for each in found["models"][1]["differences"]}
    assert {"text/exact_match", "text/token_f1", "text/chrf", "text/rougeL", "text/bleu"} <= tested
    shown = terminal("compare", *models, "-f", "texts_valid.jsonl", "--local", env={"NO_COLOR": "1"}).err
    assert "  A other   " in shown
    assert "wrong" not in shown
    page = call("compare", *models, "-f", "texts_valid.jsonl", "--local", "--html", "page.html")
    assert page.code == 0
    assert _Page((work / "page.html").read_text()).open == []


def test_prices_of_the_settings_are_used_and_the_option_goes_before_them(models, call, isolated):
    isolated.mkdir(exist_ok=True)
    (isolated / "config.toml").write_text('[prices]\n"local/baseline" = { input = 500, output = 500 }\n')
    done = call("compare", *models, "-f", "valid.jsonl", "--local", "--json", "--price", f"{models[1]}=1000:1000")
    first, other = (each["usage"] for each in json.loads(done.out)["models"])
    for used, price in ((first, 500), (other, 1000)):
        tokens = used["prompt_tokens"] + used["completion_tokens"]
        assert used["cost"] == pytest.approx(tokens * price / 1e6)
    one = call("evaluate", models[0], "-f", "valid.jsonl", "--local", "--json", "--anew")
    found = json.loads(one.out)
    tokens = found["usage"]["prompt_tokens"] + found["usage"]["completion_tokens"]
    assert found["cost"] == pytest.approx(tokens * 500 / 1e6)
    assert tokens


def test_a_mistyped_profile(models, call):
    done = call("compare", models[0], "locla:baseline", "-f", "valid.jsonl", "--local")
    assert done.code == 5, done.err
    assert "there is no profile `locla`: did you mean `local:baseline`?" in done.err
