"""prepare_data on whole exports, of every kind and in every format."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.helpers import Row, read_jsonl, write_jsonl
from dataset.strategies import few, folder
from fttool import DataError, UsageError, prepare
from fttool.dataset.conversions import CONVERSIONS
from fttool.rules import errors
from fttool.service.examples.read import inspect

from .test_conversions import cases

Call = Callable[..., Any]
Json = Callable[..., dict[str, Any]]

EXAMPLES = Path(__file__).parents[3] / "examples"
FILES = {
    "alpaca.json": "alpaca",
    "sharegpt.json": "sharegpt",
    "dpo_pairs.jsonl": "chosen-rejected",
    "tool_log.jsonl": "openai-log",
}


def good_rows(name: str) -> list[Row]:
    """Rows of the cases whose chats have no fault of their own; each with every column that one of them has."""
    odd = ("is for the checks to find", "legacy", "parts", "Ollama", "the model begins", "refusal", "tool in the flat")
    return [case["row"] for case in cases(name) if "becomes" in case and not any(word in case["case"] for word in odd)]


@pytest.fixture
def examples(place: Path) -> Path:
    """The example files, in the current folder."""
    for name in FILES:
        shutil.copy(EXAMPLES / name, place)
    return place


def finding(report: dict[str, Any], one: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in report["findings"] if each["id"] == one)
    return found


def ids(report: dict[str, Any]) -> set[str]:
    return {each["id"] for each in report["findings"]}


@pytest.mark.parametrize(("file", "name"), FILES.items())
def test_an_export_is_recognised_and_converted(file: str, name: str, examples: Path, report: Json) -> None:
    made = report(file, "--fix", "cannot-convert")
    conversion = CONVERSIONS[name]
    assert (made["conversion"], made["shape"]) == (name, conversion.shape)
    told = finding(made, "converted")
    assert conversion.title in told["message"]
    assert told["fix"]["applied"]
    path = Path(made["outputs"][0]["path"])
    rows = read_jsonl(path)
    assert len(rows) == made["examples"] > 10
    assert not [fault for row in rows for fault in errors(row, conversion.shape)]
    taken = inspect(path, method="dpo" if conversion.shape == "preference" else "supervised")
    assert (taken.shape, taken.lines) == (conversion.shape, len(rows))


@pytest.mark.parametrize("file", FILES)
def test_what_was_converted_needs_no_change(file: str, examples: Path, report: Json) -> None:
    made = report(file, "--fix", "cannot-convert", "-o", "made.jsonl")
    again = report("made.jsonl")
    assert again["outputs"] == []
    assert again["conversion"] is None
    assert again["shape"] == made["shape"]


@pytest.mark.parametrize("file", FILES)
def test_saying_it_is_the_same_as_letting_it_be_found(file: str, examples: Path, report: Json) -> None:
    report(file, "--fix", "cannot-convert", "-o", "found.jsonl")
    report(file, "--fix", "cannot-convert", "-o", "told.jsonl", "--from", FILES[file])
    report(file, "--fix", "cannot-convert", "-o", "auto.jsonl", "--from", "auto")
    data = {Path(name).read_bytes() for name in ("found.jsonl", "told.jsonl", "auto.jsonl")}
    assert len(data) == 1


def test_columns_that_are_left_out_are_named(examples: Path, report: Json) -> None:
    assert finding(report("dpo_pairs.jsonl"), "converted")["details"] == {
        "from": "chosen-rejected",
        "left_out": ["score_chosen", "score_rejected"],
    }
    left_out = finding(report("tool_log.jsonl", "--fix", "cannot-convert"), "converted")["details"]["left_out"]
    assert left_out == ["time", "request.model", "request.temperature", "response.id", "response.usage"]


def test_a_column_that_only_a_later_row_has_is_named(place: Path, report: Json) -> None:
    rows = [{"instruction": f"a{n}", "output": "b"} for n in range(20)] + [{"instruction": "c", "output": "d", "n": 1}]
    assert finding(report(str(write_jsonl(place / "a.jsonl", rows))), "converted")["details"]["left_out"] == ["n"]


def test_rows_that_cannot_be_converted_stop_the_writing(examples: Path, call: Call, report: Json) -> None:
    done = call("prepare_data", "sharegpt.json", "--yes")
    assert done.code == 1
    assert "item 11: conversations[3] comes when only 1 of 2 calls is answered" in done.out
    assert "`--fix cannot-convert` (remove 1 row)" in done.err
    assert "fttool create" not in done.out
    made = report("sharegpt.json", "--yes", code=1)
    assert made["outputs"] == made["next_command"] == []
    assert made["examples"] == 11
    assert finding(made, "cannot-convert")["places"] == [
        {
            "file": "sharegpt.json",
            "line": 11,
            "path": "conversations[3]",
            "message": "comes when only 1 of 2 calls is answered",
        }
    ]
    assert not list(examples.glob("*prepared*"))


def test_with_the_fix_they_are_left_out_and_the_others_written(examples: Path, call: Call) -> None:
    done = call("prepare_data", "sharegpt.json", "--fix", "cannot-convert")
    assert done.code == 0
    assert len(read_jsonl("sharegpt_prepared.jsonl")) == 11


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_on_a_terminal_it_is_asked_for(answer: str, code: int, examples: Path, terminal: Call) -> None:
    done = terminal("prepare_data", "sharegpt.json", answers=[("Remove 1 row?", answer)])
    assert done.code == code, done.err
    assert 'before  {"id":"desk-111","conversations":' in done.err
    assert ("sharegpt.json is as it was" in done.err) is (answer == "n")
    assert Path("sharegpt_prepared.jsonl").exists() is (answer == "y")


@pytest.mark.parametrize("option", [["-o", "-"], ["--paths-only"]])
def test_what_is_not_written_is_not_answered(option: list[str], examples: Path, call: Call) -> None:
    done = call("prepare_data", "sharegpt.json", *option)
    assert (done.code, done.out) == (1, "")


def test_standard_output(examples: Path, call: Call) -> None:
    done = call("prepare_data", "dpo_pairs.jsonl", "-o", "-")
    assert done.code == 0
    assert len(done.out.splitlines()) == 12


def test_a_check_fails_for_what_must_be_converted(examples: Path, call: Call) -> None:
    done = call("prepare_data", "alpaca.json", "--check")
    assert done.code == 1
    assert "Alpaca instructions" in done.out
    assert not list(examples.glob("*prepared*"))


def test_none_of_the_rows_can_be_converted(place: Path, call: Call) -> None:
    rows = [{"conversations": [{"from": "narrator", "value": "Once"}]}] * 3
    done = call("prepare_data", str(write_jsonl(place / "a.jsonl", rows)))
    assert done.code == 3
    assert ":1: none of the 3 rows can be converted; the first: conversations[0].from is `narrator`" in done.err
    assert "--from none" in done.err


def test_from_none_takes_the_columns_as_they_are(examples: Path, call: Call) -> None:
    done = call("prepare_data", "alpaca.json", "--from", "none")
    assert done.code == 3
    assert "there is no column `prompt`" in done.err


@pytest.mark.parametrize(
    "columns", [["--prompt-column", "instruction", "--completion-column", "output"], ["--shape", "completion"]]
)
def test_who_names_columns_needs_no_conversion(columns: list[str], examples: Path, call: Call) -> None:
    done = call("prepare_data", "alpaca.json", "--json", *columns)
    assert "converted" not in done.out


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--from", "sharegtp"], "did you mean `sharegpt`?"),
        (["--from", "alpaca", "--prompt-column", "instruction"], "exclude each other"),
        (["--from", "alpaca", "--shape", "chat"], "exclude each other"),
        (["--system", "Be brief."], "these are chats already"),
    ],
)
def test_options_that_make_no_sense(options: list[str], what: str, examples: Path, call: Call) -> None:
    done = call("prepare_data", "alpaca.json", *options)
    assert done.code == 2
    assert what in done.err


def test_preferences_cannot_become_completions(examples: Path, call: Call) -> None:
    assert call("prepare_data", "dpo_pairs.jsonl", "--to", "completion").code == 2


def test_another_conversion_than_the_data_is_of(examples: Path, call: Call) -> None:
    done = call("prepare_data", "alpaca.json", "--from", "sharegpt")
    assert done.code == 3
    assert "conversations holds no turns" in done.err


def test_thumbs_up_and_down_are_refused(place: Path, call: Call) -> None:
    rows = [{"prompt": "a", "completion": "b", "label": n % 2 == 0} for n in range(12)]
    done = call("prepare_data", str(write_jsonl(place / "a.jsonl", rows)))
    assert done.code == 3
    assert "KTO" in done.err


def test_single_questions_become_prompts_and_completions(examples: Path, report: Json) -> None:
    made = report("alpaca.json", "--to", "completion", "--yes")
    assert (made["conversion"], made["shape"]) == ("alpaca", "completion")
    assert "extra-columns" not in ids(made)
    rows = read_jsonl(made["outputs"][0]["path"])
    assert rows[0]["completion"] == " repairs\n"


def test_rows_that_cannot_be_converted_among_those_that_become_completions(place: Path, report: Json) -> None:
    rows = [{"instruction": f"Ask {n}", "output": f"Reply {n}"} for n in range(12)]
    rows[3:3] = [{"instruction": "Ask", "output": None}]
    path = str(write_jsonl(place / "a.jsonl", rows))
    stopped = report(path, "--to", "completion", code=1)
    assert finding(stopped, "cannot-convert")["lines"] == {path: [4]}
    assert "empty-completion" not in ids(stopped)
    made = report(path, "--to", "completion", "--yes", "--fix", "cannot-convert", "--no-fix", "completion-prefix")
    assert [row["completion"] for row in read_jsonl(made["outputs"][0]["path"])] == [f" Reply {n}\n" for n in range(12)]


def test_other_fixes_go_with_it(place: Path, report: Json) -> None:
    rows = [{"instruction": f"Ask {n}", "output": f"Reply {n}", "images": ["x"] if n == 2 else []} for n in range(12)]
    path = str(write_jsonl(place / "a.jsonl", [*rows, rows[5]]))
    made = report(path, "--yes", "--fix", "cannot-convert")
    assert finding(made, "duplicate-rows")["lines"] == {path: [13]}
    assert made["examples"] == 11
    contents = [row["messages"][0]["content"] for row in read_jsonl(made["outputs"][0]["path"])]
    assert contents == [f"Ask {n}" for n in range(12) if n != 2]


def test_a_validation_file_is_converted_too(examples: Path, report: Json) -> None:
    write_jsonl(examples / "valid.jsonl", [{"instruction": "Say hi.", "input": "", "output": "Hi."}])
    made = report("alpaca.json", "-v", "valid.jsonl")
    assert read_jsonl(made["outputs"][1]["path"])[0]["messages"][1]["content"] == "Hi."


def test_files_of_two_kinds(examples: Path, call: Call) -> None:
    done = call("prepare_data", "alpaca.json", "sharegpt.json")
    assert done.code == 2
    assert "`sharegpt.json` has other columns than `alpaca.json`" in done.err


def test_create_sends_no_unconverted_file(place: Path, call: Call) -> None:
    rows = [{"instruction": f"Ask {n}", "output": f"Reply {n}"} for n in range(12)]
    write_jsonl(place / "a.jsonl", rows)
    done = call("create", "-t", "a.jsonl", "--local", "--no-follow")
    assert done.code == 3
    assert "Alpaca instructions, which services do not take; nothing was sent" in done.err
    assert "`fttool prepare_data a.jsonl`" in done.err


def filled(rows: list[Row]) -> list[Row]:
    """The rows as a table has them: every row has every column."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name) for name in names} for row in rows]


def cell(value: Any) -> str:
    """A value as it stands in a cell of a CSV file: empty for null, lists and objects as JSON."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("name", CONVERSIONS)
@pytest.mark.parametrize("form", ["csv", "parquet", "json", "xlsx"])
def test_tables_give_what_jsonl_gives(name: str, form: str, place: Path, call: Call) -> None:
    rows = filled(good_rows(name))
    path = place / f"rows.{form}"
    if form == "json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    elif form == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)
    elif form == "xlsx":
        import openpyxl

        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(list(rows[0]))
        for row in rows:
            sheet.append([cell(value) or None for value in row.values()])
        book.save(path)
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        # Columns of one type: what is a list in one row and text in the next, as in these cases, is JSON text in all.
        kinds = {key: {type(row[key]) for row in rows} - {type(None)} for key in rows[0]}
        same = [key for key, found in kinds.items() if found <= {str}]
        plain = [
            {key: value if key in same or value is None else cell(value) for key, value in row.items()} for row in rows
        ]
        pq.write_table(pa.Table.from_pylist(plain), path)
    options = ["--from", name, "--no-fix", "duplicate-rows"]
    write_jsonl(place / "rows.jsonl", good_rows(name))
    wanted = call("prepare_data", "rows.jsonl", *options, "-o", "wanted.jsonl")
    made = call("prepare_data", path.name, *options, "-o", "made.jsonl")
    assert made.code == wanted.code, made.err
    assert read_jsonl("made.jsonl") == read_jsonl("wanted.jsonl")


def test_parquet_with_lists_of_structures(place: Path, report: Json) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    turns = [{"from": "human", "value": "Hi", "weight": None}, {"from": "gpt", "value": "Hi.", "weight": 1.0}]
    pq.write_table(pa.Table.from_pylist([{"conversations": turns, "source": "x"}] * 10), place / "rows.parquet")
    made = report("rows.parquet", "--no-fix", "duplicate-rows")
    assert read_jsonl(made["outputs"][0]["path"])[0] == {
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hi.", "weight": 1}]
    }


def test_several_processes_give_what_one_gives(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttool.dataset.parallel._PARALLEL_BYTES", {})
    monkeypatch.setattr("fttool.dataset.parallel.PARALLEL_BYTES", 1)
    monkeypatch.setattr("fttool.dataset.formats.base.BLOCK_BYTES", 4096)
    rows = [
        {"id": n, "conversations": [{"from": "human" if n % 50 else "narrator", "value": f"Ask {n}", "timestamp": n}]}
        for n in range(400)
    ]
    for row in rows:
        row["conversations"].append({"from": "gpt", "value": "Reply"})
    path = write_jsonl(place / "a.jsonl", rows)
    one, two = (prepare(path, output=place / f"{n}.jsonl", fix=["cannot-convert"], processes=n) for n in (1, 2))
    assert (place / "1.jsonl").read_bytes() == (place / "2.jsonl").read_bytes()
    first, second = one.to_dict()["findings"], two.to_dict()["findings"]
    assert first == second
    assert finding(one.to_dict(), "cannot-convert")["count"] == 8
    assert finding(one.to_dict(), "converted")["details"]["left_out"] == ["id", "conversations[].timestamp"]


texts = st.text(max_size=10)
turns = st.lists(
    st.fixed_dictionaries(
        {"from": st.sampled_from(["human", "gpt", "system", "tool", "function_call", "", "narrator"]), "value": texts}
    ),
    max_size=4,
)
odd_rows = {
    "sharegpt": st.fixed_dictionaries({"conversations": turns | texts | st.none()}),
    "alpaca": st.fixed_dictionaries({"instruction": texts, "output": texts | st.none() | st.integers()}),
    "chosen-rejected": st.fixed_dictionaries({"prompt": texts, "chosen": texts | turns, "rejected": texts | turns}),
}


@pytest.mark.parametrize("name", odd_rows)
def test_every_row_is_written_or_named(name: str) -> None:
    @few
    @given(st.lists(odd_rows[name], min_size=1, max_size=8))
    def holds(rows: list[Row]) -> None:
        with folder() as place:
            path = write_jsonl(place / "a.jsonl", rows)
            try:
                made = prepare(path, from_=name, output=place / "b.jsonl", fix=["cannot-convert"], processes=1)
            except DataError as error:
                assert "none of the" in error.message
                return
            failed = [each.count for each in made.findings if each.id == "cannot-convert"]
            assert len(read_jsonl(place / "b.jsonl")) + sum(failed) == len(rows)

    holds()


def test_from_python() -> None:
    with pytest.raises(UsageError, match="there is no conversion from `x`"):
        prepare(EXAMPLES / "alpaca.json", from_="x", check=True)
    assert prepare(EXAMPLES / "alpaca.json", from_="alpaca", check=True).conversion == "alpaca"
