"""As much of W&B's server as the library asks for while a run is written: what it was sent can be looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jobs.scripted import Answer, Request, Scripted

USER = "someone"


class ScriptedWandb:
    """The server. `there` are the runs it has: id -> summary."""

    def __init__(self, server: Scripted) -> None:
        self.server = server
        self.there: dict[str, dict[str, Any]] = {}
        self.refuses = False
        server.on("POST", "/graphql", self._answer)

    @property
    def address(self) -> str:
        return self.server.base_url.removesuffix("/v1")

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The variables of each request of that name."""
        found = (request.json for request in self.server.asked("POST", "/graphql"))
        return [each["variables"] for each in found if _operation(each["query"]) == operation]

    def streamed(self, run: str, project: str) -> tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]:
        """The history of a run as it stands in the end, its last summary, and all that was sent."""
        path = f"/files/{USER}/{project}/{run}/file_stream"
        sent = [request.json for request in self.server.asked("POST", path)]
        lines: dict[int, str] = {}
        summary: dict[str, Any] = {}
        for each in sent:
            files = each.get("files", {})
            history = files.get("wandb-history.jsonl", {"offset": 0, "content": []})
            lines.update(enumerate(history["content"], history["offset"]))
            for text in files.get("wandb-summary.json", {"content": []})["content"]:
                summary = json.loads(text)
        return [json.loads(lines[at]) for at in sorted(lines)], summary, sent

    def _answer(self, request: Request) -> Any:
        if self.refuses:
            return Answer(401, {"errors": [{"message": "user is not logged in"}]})
        variables = request.json.get("variables") or {}
        answer = {
            "Viewer": self._viewer,
            "GetDefaultEntity": self._viewer,
            "Run": self._run,
            "RunResumeStatus": self._resume,
            "UpsertBucket": self._upsert,
            "CreateRunFiles": self._run_files,
            "CreateArtifact": self._artifact,
        }.get(_operation(request.json["query"]))
        if answer is None:
            nothing = {"project": {"artifact": None}, "serverInfo": {"features": []}}
            return {"data": nothing}
        return {"data": answer(variables)}

    def _viewer(self, _: Any) -> Any:
        user = {"id": "U", "entity": USER, "username": USER, "name": USER, "email": "", "flags": "{}"}
        return {"viewer": {**user, "teams": {"edges": []}}}

    def _run(self, variables: Any) -> Any:
        name = variables["name"]
        if name not in self.there:
            return {"project": {"run": None}}
        texts = dict.fromkeys(("sweepName", "group", "commit", "notes", "description"))
        times = dict.fromkeys(("createdAt", "heartbeatAt"), "2026-11-01T00:00:00")
        run = {
            **{**texts, **times, "id": "R", "name": name, "displayName": name, "state": "finished", "tags": []},
            **{"readOnly": False, "jobType": "fine-tune", "user": {"name": USER, "username": USER}, "projectId": "1"},
            **{"config": "{}", "systemMetrics": "{}", "historyLineCount": 3, "historyKeys": {}},
            "summaryMetrics": json.dumps(self.there[name]),
        }
        return {"project": {"run": run}}

    def _resume(self, variables: Any) -> Any:
        """What a run has that is there: what was sent, or else three steps."""
        name = variables["name"]
        project = {"id": "P", "name": variables["project"], "entity": {"id": "U", "name": USER}}
        if name not in self.there:
            return {"model": {**project, "bucket": None}}
        steps = [row["_step"] for row in self.streamed(name, variables["project"])[0]] or [1, 2, 3]
        counts = {"historyLineCount": len(steps), "logLineCount": 0, "eventsLineCount": 0}
        tails = {"historyTail": json.dumps([json.dumps({"_step": steps[-1], "_runtime": 1})]), "eventsTail": "[]"}
        texts = {"displayName": name, "notes": None, "tags": [], "config": "{}", "wandbConfig": '{"t": 1}'}
        summary = {"summaryMetrics": json.dumps(self.there[name])}
        return {"model": {**project, "bucket": {"id": "R", "name": name, **counts, **tails, **texts, **summary}}}

    def _upsert(self, variables: Any) -> Any:
        name = variables["name"]
        there = name in self.there
        project = {"id": "P", "name": variables["project"], "entity": {"id": "U", "name": USER}}
        bucket = {"id": "R", "name": name, "displayName": name, "description": "", "config": "{}", "sweepName": None}
        bucket |= {"historyLineCount": 0, "project": project}
        self.there.setdefault(name, {})
        return {"upsertBucket": {"bucket": bucket, "inserted": not there}}

    def _run_files(self, variables: Any) -> Any:
        files = []
        for name in variables["files"]:
            self.server.on("PUT", f"/{name}", {})
            files.append({"name": name, "uploadUrl": f"{self.address}/{name}"})
        return {"createRunFiles": {"runID": "R", "uploadHeaders": [], "files": files}}

    def _artifact(self, _: Any) -> Any:
        """It has one of the same content already, and wants none of its files."""
        artifact = {"id": "A", "state": "COMMITTED", "artifactSequence": {"latestArtifact": {"id": "A"}}}
        return {"createArtifact": {"artifact": artifact}}


def _operation(query: str) -> str:
    found = re.search(r"(?:query|mutation)\s+(\w+)", query)
    return found[1] if found else ""


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[ScriptedWandb]:
    """W&B is online, and this is its server."""
    with Scripted() as server:
        scripted = ScriptedWandb(server)
        monkeypatch.setenv("WANDB_BASE_URL", scripted.address)
        monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)
        monkeypatch.setenv("WANDB_DIR", str(tmp_path))
        yield scripted
