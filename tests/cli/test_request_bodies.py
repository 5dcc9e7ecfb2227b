"""Every request that a command sends is one that OpenAI's own document describes: its path, its fields, their values.

The document is not part of this repository; where it is not there, these tests are left out.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable
from email.parser import BytesParser
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import Answer, Request, Scripted, job, page
from jobs.test_upload import Parts, file
from service.served import DOCUMENT

Call = Callable[..., Any]

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="OpenAI's document is not here")

JOBS = "/fine_tuning/jobs"
MODEL = "gpt-4o-mini-2024-07-18"
ROWS = "".join(f'{{"prompt": "question {n} ->", "completion": " {"yes" if n % 2 else "no"}"}}\n' for n in range(40))
SYSTEM, USER, ASSISTANT = ({"role": role, "content": f"as {role}"} for role in ("system", "user", "assistant"))


# --- the check ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """OpenAI's document, made strict: what it does not name may not be sent, however deep it is."""
    found = json.loads(DOCUMENT.read_bytes())
    bases = set(re.findall(r"schemas/(\w+)", " ".join(_all_of(found))))
    schemas = found["components"]["schemas"]
    strict = {name: _closed(schema, open_end=name in bases) for name, schema in schemas.items()}
    return {**found, "components": {**found["components"], "schemas": strict}}


def _all_of(node: Any) -> Iterable[str]:
    """Every `allOf` below, as text: what is in one is a part of an object, and cannot be strict by itself."""
    if isinstance(node, dict):
        if "allOf" in node:
            yield json.dumps(node["allOf"])
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _all_of(each)


def _closed(node: Any, *, open_end: bool = False) -> Any:
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    within = {
        name: [_closed(each, open_end=True) for each in value] if name == "allOf" else _closed(value)
        for name, value in node.items()
    }
    named = ("properties" in node and node.get("type") == "object") or "allOf" in node
    if named and not open_end and "additionalProperties" not in node:
        within["unevaluatedProperties"] = False
    return within


def form(request: Request) -> dict[str, Any]:
    """The fields of a multipart request; `a[b]` is `b` within `a`. Forms hold text only: digits are a number here."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    fields: dict[str, Any] = {}
    for part in BytesParser().parsebytes(head + request.body).get_payload():
        *outer, name = re.findall(r"[^][]+", part.get_param("name", header="content-disposition"))
        text = part.get_payload(decode=True).decode()
        inner = fields
        for each in outer:
            inner = inner.setdefault(each, {})
        assert name not in inner, f"`{name}` is there twice"
        inner[name] = int(text) if text.isdigit() else text
    return fields


def faults(request: Request) -> list[str]:
    """What the document says against a request."""
    from jsonschema import Draft202012Validator

    for template, operations in document()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, request.path) and request.method.lower() in operations:
            operation = operations[request.method.lower()]
            break
    else:
        return [f"there is no {request.method} {request.path}"]
    if "requestBody" not in operation:
        return [f"{request.method} {request.path} has a body: {request.body!r}"] if request.body else []
    ((wanted, content),) = operation["requestBody"]["content"].items()
    kind = request.headers.get("content-type", "none").partition(";")[0]
    if kind != wanted:
        return [f"{request.method} {request.path} has a body of type {kind}, not {wanted}"]
    body = request.json if wanted == "application/json" else form(request)
    checker = Draft202012Validator({**content["schema"], "components": document()["components"]})
    where = f"{request.method} {request.path}"
    return [f"{where} {error.json_path}: {error.message}" for error in checker.iter_errors(body)]


def test_the_check_finds_what_is_wrong() -> None:
    def of(path: str, body: Any, kind: str = "application/json") -> list[str]:
        return faults(Request("POST", path, {}, {"content-type": kind}, json.dumps(body).encode()))

    chat = {"model": "m", "messages": [USER, {**ASSISTANT, "name": "me"}]}
    created = {"model": "m", "training_file": "file-1"}
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}
    assert of("/chat/completions", chat) == of(JOBS, created) == of(JOBS, {**created, "method": method}) == []
    assert of("/chat/completions", {**chat, "best_of": 2})
    assert of("/chat/completions", {**chat, "messages": [{**ASSISTANT, "weight": 1}]})
    assert of("/chat/completions", {**chat, "stop": list("abcde")})
    assert of("/completions", {"model": "m", "prompt": "a", "top_logprobs": 1})
    assert of("/completions", {"model": "m", "prompt": "a", "logprobs": 6})
    assert of("/completions", {"model": "m", "prompt": "a"}, "text/plain")
    assert of(JOBS, {"model": "m"}) and of(JOBS, {**created, "seed": -1}) and of(JOBS, {**created, "odd": 1})
    method["supervised"] = {"hyperparameters": {"beta": 1}}
    assert of(JOBS, {**created, "method": method})
    assert of("/uploads", {"purpose": "fine-tune", "bytes": 1, "filename": "a"})
    assert of("/engines", {}) and of(f"{JOBS}/ftjob-1/cancel", {})


# --- the service -------------------------------------------------------------------------------------------------


def answering(name: str, piece: str, text: Any) -> Callable[[Request], Any]:
    """An answer of a model, in one or, where asked for, as a stream."""

    def answer(request: Request) -> Any:
        streamed = request.json.get("stream")
        choice = {"index": 0, piece if streamed else name: text, "finish_reason": "stop", "logprobs": None}
        whole = {"id": "1", "choices": [choice]}
        if not streamed:
            return whole
        body = f"data: {json.dumps(whole)}\n\ndata: [DONE]\n\n"
        return Answer(body=body, headers={"Content-Type": "text/event-stream"})

    return answer


@pytest.fixture(params=["openai", "generic"])
def service(request: pytest.FixtureRequest, scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> Scripted:  # noqa: F811
    """One that takes everything. `openai` is sent today's form, `generic` the older one."""
    monkeypatch.setenv("FTTOOL_SERVICE", request.param)
    monkeypatch.setenv("OPENAI_BASE_URL", scripted.base_url)
    scripted.on("POST", "/completions", answering("text", "text", "b"))
    scripted.on("POST", "/chat/completions", answering("message", "delta", ASSISTANT))
    scripted.on("GET", "/files", page())
    scripted.on("POST", "/files", file(1, bytes=None))
    scripted.on("GET", "/files/file-1", file(1, bytes=None))
    scripted.on("GET", JOBS, page())
    scripted.on("POST", JOBS, job(status="validating_files"))
    scripted.on("GET", f"{JOBS}/ftjob-1/events", page())
    for action, status in (("cancel", "cancelled"), ("pause", "paused"), ("resume", "queued")):
        scripted.on("POST", f"{JOBS}/ftjob-1/{action}", job(status=status))
    return scripted


only_openai = pytest.mark.parametrize("service", ["openai"], indirect=True)


@pytest.fixture
def sent(service: Scripted, call: Call, work: Path) -> Callable[..., list[Any]]:
    """Run a command, check every request that it sent, and return the bodies of those to a path."""
    (work / "train.jsonl").write_text(ROWS)
    (work / "valid.jsonl").write_text(ROWS.replace("question", "query"))

    def sent(path: str, *arguments: str, stdin: str = "") -> list[Any]:
        service.requests.clear()
        done = call(*arguments, "--retries", "0", stdin=stdin)
        assert done.code == 0, done.err
        assert [fault for each in service.requests for fault in faults(each)] == []
        asked = service.asked("POST", path)
        return [each.json if "json" in each.headers["content-type"] else form(each) for each in asked]

    return sent


Sent = Callable[..., list[Any]]


# --- completions and chats ---------------------------------------------------------------------------------------

SAMPLING = shlex.split(r"-M 5 -t 0.5 -P 0.9 --seed 7 -e --stop '\n' --stop END")


@pytest.mark.parametrize("more", ["-n 2 --best-of 3 --logprobs 2 --echo --json", "--logprobs 0", "--stream"])
def test_complete(sent: Sent, more: str) -> None:
    (body,) = sent("/completions", "complete", "a\\n->", "-m", "m", *SAMPLING, *shlex.split(more))
    assert {"model", "prompt", "max_tokens", "temperature", "top_p", "seed", "stop"} <= set(body)
    flags = [word[2:].replace("-", "_") for word in more.split() if word.startswith("--") and word != "--json"]
    assert set(flags) <= set(body)


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["a", "-t", "0", "-P", "1", "-n", "1"], {"prompt": "a", "temperature": 0, "top_p": 1, "n": 1}),
        (["a", "-t", "2", "-P", "0", "-n", "128"], {"prompt": "a", "temperature": 2, "top_p": 0, "n": 128}),
        (["a", "--best-of", "20", "--logprobs", "5"], {"prompt": "a", "best_of": 20, "logprobs": 5}),
        (["a", *(["--stop", "x"] * 4)], {"prompt": "a", "stop": ["x"] * 4}),
        ([""], {"prompt": ""}),
    ],
)
def test_complete_at_its_bounds(sent: Sent, options: list[str], body: dict[str, Any]) -> None:
    assert sent("/completions", "complete", "-m", "m", *options) == [{"model": "m", **body}]


def test_many_prompts(sent: Sent, work: Path) -> None:
    (work / "prompts.txt").write_text("a\nb\nc\n")
    for name, count in (("prompts.txt", 3), ("valid.jsonl", 40)):
        bodies = sent("/completions", "complete", "-f", name, "-m", "m", *SAMPLING)
        assert len({body["prompt"] for body in bodies}) == len(bodies) == count
    assert sent("/completions", "complete", "-m", "m", stdin="a\n") == [{"model": "m", "prompt": "a"}]


@pytest.mark.parametrize("more", ["-n 2 --logprobs 2 --json", "--logprobs 0", "--logprobs 20", "--stream"])
def test_chat(sent: Sent, service: Scripted, more: str) -> None:
    (body,) = sent("/chat/completions", "chat", "hi", "-m", "m", "--system", "s", *SAMPLING, *shlex.split(more))
    assert {"model", "messages", "temperature", "top_p", "seed", "stop"} <= set(body)
    assert [each["role"] for each in body["messages"]] == ["system", "user"]
    assert ("max_tokens" in body) != ("max_completion_tokens" in body)
    assert body.get("stream", False) is ("--stream" in more)
    # the document says so in words: `logprobs` must be true where there are `top_logprobs`
    assert body.get("logprobs", False) is ("--logprobs" in more)


def test_conversations_from_a_file(sent: Sent, work: Path) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    asked = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    found = {"role": "tool", "tool_call_id": "call_1", "content": "it is there"}
    parts = {"role": "user", "name": "me", "content": [{"type": "text", "text": "and this?"}]}
    rows = [
        {"messages": [SYSTEM, USER, ASSISTANT]},
        {"messages": [USER, {**ASSISTANT, "weight": 0}, parts, {**ASSISTANT, "weight": 1}]},
        {"messages": [USER, {"role": "assistant", "tool_calls": [asked]}, found, ASSISTANT], "tools": [tool]},
    ]
    (work / "chats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for more in ([], ["--system", "other"]):
        bodies = sent("/chat/completions", "chat", "--messages", "chats.jsonl", "-m", "m", *more, *SAMPLING)
        begin = ["system"] if more else []
        assert sorted([each["role"] for each in body["messages"]] for body in bodies) == [
            [*begin, "system", "user"],
            [*begin, "user", "assistant", "tool"],
            [*begin, "user", "assistant", "user"],
        ]
    (work / "one.json").write_text(json.dumps(rows[1]))
    (body,) = sent("/chat/completions", "chat", "more", "--messages", "one.json", "-m", "m", "--stream")
    assert body["messages"][-1] == {"role": "user", "content": "more"}


def test_the_legacy_spelling_of_both(sent: Sent) -> None:
    command = ["api", "completions.create", "-m", "m", "-p", "a", *shlex.split("-M 5 -t 0 -P 0.5 --stop x")]
    (body,) = sent("/completions", *command, "-n", "2", "--best_of", "3", "--logprobs", "2", "--json")
    assert {"max_tokens", "temperature", "top_p", "stop", "n", "best_of", "logprobs"} <= set(body)
    (body,) = sent("/completions", *command, "--stream")
    assert body["stream"] is True
    assert sent("/completions", "api", "completions.create", "-m", "m") == [{"model": "m", "prompt": ""}]
    said = ["-g", "system", "s", "-g", "user", "u", "-g", "assistant", "a", "-g", "user", "v"]
    for name in ("chat.completions.create", "chat_completions.create"):
        command = ["api", name, "-m", "m", *said, *shlex.split("-M 5 -t 0 -P 0.5 --stop x")]
        (body,) = sent("/chat/completions", *command, "-n", "2")
        assert len(body["messages"]) == 4 and {"temperature", "top_p", "stop", "n"} <= set(body)
        (body,) = sent("/chat/completions", *command, "--stream")
        assert body["stream"] is True


# --- files -------------------------------------------------------------------------------------------------------


def test_files_upload(sent: Sent) -> None:
    assert sent("/files", "files", "upload", "train.jsonl") == [{"purpose": "fine-tune", "file": ROWS}]
    assert sent("/files", "files", "upload", "-", stdin="a")[0]["file"] == "a"
    command = ("api", "files.create", "-f", "valid.jsonl", "-p", "fine-tune")
    assert [set(fields) for fields in sent("/files", *command)] == [{"purpose", "file"}]


@only_openai
@pytest.mark.parametrize("purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"])
@pytest.mark.parametrize("seconds", [3600, 2_592_000])
def test_files_upload_with_an_end(sent: Sent, purpose: str, seconds: int) -> None:
    (fields,) = sent("/files", "files", "upload", "train.jsonl", "-p", purpose, "--expires-after", str(seconds))
    assert fields == {
        "purpose": purpose,
        "file": ROWS,
        "expires_after": {"anchor": "created_at", "seconds": seconds},
    }


@only_openai
@pytest.mark.parametrize("end", [None, 3600])
def test_files_upload_in_parts(sent: Sent, service: Scripted, end: int | None) -> None:
    taking = Parts(service)
    options = ["--part-size", "0.0005", *([] if end is None else ["--expires-after", str(end)])]
    (begun,) = sent("/uploads", "files", "upload", "train.jsonl", *options)
    assert begun.pop("expires_after", None) == (None if end is None else {"anchor": "created_at", "seconds": end})
    assert set(begun) == {"bytes", "filename", "mime_type", "purpose"}
    parts = [form(each) for each in service.asked("POST", "/uploads/upload_1/parts")]
    assert len(parts) > 1 and "".join(part["data"] for part in parts) == ROWS
    (completed,) = service.asked("POST", "/uploads/upload_1/complete")
    assert set(completed.json) == {"part_ids", "md5"} and taking.whole == ROWS.encode()


# --- jobs --------------------------------------------------------------------------------------------------------


def test_create(sent: Sent, work: Path) -> None:
    (work / "method.json").write_text('{"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}}')
    command = ["create", "-t", "train.jsonl", "-v", "valid.jsonl", "-m", MODEL, "--no-follow", "--suffix", "people"]
    more = shlex.split("--batch_size auto --learning_rate_multiplier 0.1 --seed 7")
    (body,) = sent(JOBS, *command, *more, "--n_epochs", "3")
    assert {"model", "training_file", "validation_file", "suffix", "seed"} <= set(body)
    assert hyperparameters(body) == {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": 0.1}
    (body,) = sent(JOBS, *command, *more, "--method-json", "method.json")
    assert hyperparameters(body) == {"n_epochs": 2, "batch_size": "auto", "learning_rate_multiplier": 0.1}


@only_openai
def test_create_with_what_only_openai_keeps(sent: Sent) -> None:
    more = shlex.split("--metadata a=b --metadata c= --integration wandb:p:n:e --method dpo --beta 0.1")
    (body,) = sent(JOBS, "create", "-t", "file-1", "-m", MODEL, "--no-follow", *more)
    assert {"metadata", "integrations", "method"} <= set(body)


def hyperparameters(body: dict[str, Any]) -> Any:
    """Those of a supervised job, in either form."""
    return body["method"]["supervised"]["hyperparameters"] if "method" in body else body["hyperparameters"]


def test_the_legacy_spellings_of_create(sent: Sent) -> None:
    files = ["-t", "train.jsonl", "-v", "valid.jsonl"]
    more = shlex.split("--suffix 'My People' --n_epochs 4 --batch_size 8 --learning_rate_multiplier 0.05")
    gone = shlex.split("--prompt_loss_weight 0.1 --compute_classification_metrics --classification_n_classes 2")
    old = ["--classification_betas", "1", "1.5", "--classification_positive_class", " yes"]
    (body,) = sent(JOBS, "api", "fine_tunes.create", *files, "-m", MODEL, "--no_follow", *more, *gone, *old)
    assert hyperparameters(body) == {"n_epochs": 4, "batch_size": 8, "learning_rate_multiplier": 0.05}
    assert (body["suffix"], body["validation_file"]) == ("my-people", "file-1")
    (body,) = sent(JOBS, "api", "fine_tuning.job.create", *files, "-m", MODEL, "--suffix", "x", "--n_epochs", "4")
    assert hyperparameters(body) == {"n_epochs": 4}


@pytest.mark.parametrize(
    "wanted",
    [
        {"n_epochs": 3},
        {"n_epochs": "3", "batch_size": "auto", "learning_rate_multiplier": 0.1},
        {"n_epochs": "auto", "batch_size": 256, "learning_rate_multiplier": 2},
    ],
)
def test_hyperparameters_as_json(sent: Sent, wanted: dict[str, Any]) -> None:
    command = ["api", "fine_tuning.jobs.create", "-m", MODEL, "-F", "file-1", "-V", "valid.jsonl", "-s", "people"]
    (body,) = sent(JOBS, *command, "-H", json.dumps(wanted))
    assert hyperparameters(body) == {**wanted, "n_epochs": "auto" if wanted["n_epochs"] == "auto" else 3}


@pytest.mark.parametrize("action", ["cancel", "pause", "resume"])
def test_what_is_done_to_a_job_has_no_body(service: Scripted, call: Call, action: str) -> None:
    legacy = [["api", f"fine_tun{name}.cancel", "-i"] for name in ("es", "ing.job", "ing.jobs")]
    commands = [[action], *(legacy if action == "cancel" else [])]
    for command in commands:
        done = call(*command, "ftjob-1", "--retries", "0")
        assert done.code == 0, done.err
    posted = [each for each in service.requests if each.method == "POST"]
    assert [each.path for each in posted] == [f"{JOBS}/ftjob-1/{action}"] * len(commands)
    assert {(each.body, each.headers.get("content-length", "0")) for each in posted} == {(b"", "0")}
    assert [fault for each in service.requests for fault in faults(each)] == []
