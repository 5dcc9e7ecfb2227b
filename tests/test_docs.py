"""The documentation says what is so: commands, options, outputs, checks, keys, links."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import fttool
from fttool import errors, prepare
from fttool.cli import EXIT_BROKEN_PIPE, app, wandb
from fttool.cli.legacy import fine_tunes
from fttool.cli.legacy.grammar import LegacyCommand
from fttool.config.known import SETTINGS
from fttool.dataset.checks import CHECKS
from fttool.dataset.prepare_options import SPLIT_ID
from fttool.jobs.trackers import TRACKERS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples" / "README.md"]

#: The commands that docs/jobs.md explains, with those of its groups.
JOB_COMMANDS = (
    *("create", "follow", "list", "get", "events", "checkpoints", "cancel", "pause", "resume", "results"),
    *("complete", "chat", "delete", "files", "models"),
)

#: Those that have a page of their own.
OWN_PAGES = {"evaluate": "docs/evaluate.md", "compare": "docs/compare.md"}


def pages() -> list[Any]:
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="one part is made on a pseudo-terminal")
def test_generated_parts_are_up_to_date():
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def commands(text: str) -> Iterator[str]:
    """Every fttool command in a code block or in back quotes; the parts that stand for something are left out."""
    said = re.findall(r"^\$ (fttool .+)$", text, re.MULTILINE) + re.findall(r"`(fttool [^`]+)`", text)
    for command in said:
        yield re.split(r" [>|<] | … ?|…", command)[0]


@pytest.mark.parametrize("page", pages())
def test_every_command_that_is_mentioned_exists(page):
    for command in commands(page.read_text(encoding="utf-8")):
        words = shlex.split(command.replace("[", "").replace("]", ""))[1:]
        part, options = app.command(), set()
        with part.make_context("fttool", [], resilient_parsing=True) as context:
            while words:
                options |= {option for one in part.params for option in (*one.opts, *one.secondary_opts)}
                if words[0].startswith("-") or not hasattr(part, "commands"):
                    break
                _, part, words = part.resolve_command(context, words)
        options |= {option for one in part.params for option in (*one.opts, *one.secondary_opts)}
        options |= set(getattr(part, "implied", {}))
        if set(words) & set(getattr(part, "implied", {})):
            continue  # it means a command of the group, which has these options
        unknown = {word.split("=")[0] for word in words if word.startswith("-") and word != "-"}
        assert unknown <= {*options, "-h", "--help"}, command


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        name, _, anchor = target.partition("#")
        if "://" in name:
            continue
        place = (page.parent / name).resolve() if name else page
        assert place.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", place.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, target


@pytest.mark.parametrize("page", pages())
def test_python_examples_run(page, tmp_path, monkeypatch, capsys):
    shutil.copytree(ROOT / "examples", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for code in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        exec(compile(code, str(page), "exec"), {})


def test_every_check_is_documented():
    text = text_of("docs/checks.md")
    entries = re.findall(r"^### `(.+)`$", text, re.MULTILINE)
    assert sorted(entries) == sorted(check.id for check in CHECKS)
    for part in re.split(r"^## ", text, flags=re.MULTILINE):  # by shapes, in each as they run
        inside = re.findall(r"^### `(.+)`$", part, re.MULTILINE)
        assert inside == [check.id for check in CHECKS if check.id in inside]
    assert len(re.findall(r"^Source: .+\.$", text, re.MULTILINE)) == len(CHECKS)
    assert f"`{SPLIT_ID}`" in text_of("docs/prepare_data.md")


def test_every_job_command_is_explained():
    text = text_of("docs/jobs.md")
    for name in JOB_COMMANDS:
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        parts = getattr(import_module(app.COMMANDS[name][0]), "COMMANDS", None)
        helps = [f"{name} {part}" for part in parts] if parts else [name]
        assert re.findall("<!-- help: (.+) -->", section) == helps
    others = {"prepare_data", "cost", "serve", "config", "login", "logout", "completion", "tools", "api"}
    others |= {"wandb", "mlflow"}
    assert set(app.COMMANDS) - others == {*JOB_COMMANDS, *OWN_PAGES}
    for name, page in OWN_PAGES.items():
        assert re.findall("<!-- help: (.+) -->", text_of(page)) == [name]


def test_every_tracker_is_explained():
    text = text_of("docs/trackers.md")
    assert "<!-- help: mlflow sync -->" in text
    table = text.split("| option | |")[1].split("\n\n")[0]  # the help of argparse differs by the version of Python
    own = [each for each in LegacyCommand(wandb.ENTRIES[0]).params if each.opts[-1] not in ("--help", "--json")]
    names = {option for each in own for option in each.opts}
    common = {option for each in LegacyCommand(fine_tunes.COMMANDS[1]).params for option in each.opts}
    assert {name for name in names - common if f"`{name}" not in table} == set()
    for name, kind in TRACKERS.items():
        assert kind.title in text
        assert f"'fttool[{name}]'" in text
    extras = text_of("pyproject.toml").split("[project.optional-dependencies]")[1]
    assert all(f"\n{name} = [" in extras for name in TRACKERS)


def test_the_help_in_the_job_reference_leaves_no_option_out():
    """The options that all commands have stand once, the others in each command's own part."""
    text = text_of("docs/jobs.md")
    text += "".join(map(text_of, OWN_PAGES.values()))
    shown = dict(re.findall(r"<!-- help: (.+?) -->\n(.*?)<!-- end -->", text, re.DOTALL))
    common = set(re.findall(r"--[a-z][\w-]*", shown.pop("connection")))
    for command, part in shown.items():
        words, found = command.split(), app.command()
        with found.make_context("fttool", [], resilient_parsing=True) as context:
            while words:
                _, found, words = found.resolve_command(context, words)
        own = {option for one in found.params for option in one.opts if option.startswith("--")}
        assert {one for one in own if one not in part.replace("-\n", "-")} <= common, command


def test_every_service_is_in_the_table():
    from fttool.jobs.services import SERVICES

    section = text_of("docs/jobs.md").split("\n## Services\n")[1]
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (.+?), (\d{4}-\d\d-\d\d) \|", section, re.MULTILINE)
    assert rows == [(one.name, one.checked, one.checked_on) for one in SERVICES.values()]
    for service in SERVICES.values():
        row = section.split(f"\n| `{service.name}` ")[1].split("\n")[0]
        assert all(host in row for host in service.hosts)


def test_every_key_of_the_results_is_explained():
    from fttool.records import results

    section = text_of("docs/jobs.md").split("\n## results\n")[1].split("\n## ")[0]
    names = {one.name for kind in (results.ResultRow, results.ResultSummary) for one in fields(kind)} - {"other"}
    assert {name for name in names if f"`{name}`" not in section} == set()


def test_every_option_of_serve_is_in_its_reference():
    text = text_of("docs/service.md")
    root = app.command()
    with root.make_context("fttool", [], resilient_parsing=True) as context:
        found = root.resolve_command(context, ["serve"])[1]
    options = {option for one in found.params for option in one.opts if option.startswith("--")} - {"--help"}
    assert {option for option in options if option not in text} == set()


def test_every_endpoint_is_in_the_reference_of_the_service():
    from fttool.service.api.routes import chat, completions, files, jobs, models, uploads

    text = text_of("docs/service.md").split("\n## What there is\n")[1].split("\n## ")[0]
    for module in (files, uploads, jobs, models, completions, chat):
        for route in module.routes:
            path = re.sub(r"\{.+?\}", "{id}", route.path)
            whole = {f"{method} {path}" for method in route.methods - {"HEAD"}}
            assert any(one in text for one in whole) or f"…/{path.rpartition('/')[2]}" in text, path


def test_every_setting_is_in_the_table():
    text = text_of("docs/configuration.md")
    table = text.split("\n| setting ")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    assert [row[0] for row in rows] == [f"`{name}`" for name in SETTINGS]
    for (_, variables, profile, project), known in zip(rows, SETTINGS.values(), strict=True):
        assert re.findall(r"`(\w+)`", variables) == list(known.env), known.name
        assert (profile == "yes", project == "yes") == (known.in_profile, known.in_project), known.name


def test_every_variable_is_documented():
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "fttool").rglob("*.py"))
    inner = {"FTTOOL_COMPLETE", "OPENAI_REGION", "OPENAI_LOG"}
    named = set(re.findall(r"\b(?:FTTOOL|OPENAI)_[A-Z_]*[A-Z]\b", code)) - inner
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert {name for name in named if f"`{name}" not in text} == set()


def keys(value: Any) -> Iterator[str]:
    """All keys of the report, but those that are data: names of files and of labels, what a check knows."""
    for key, inner in value.items():
        yield key
        if key in ("lines", "classes", "details", "roles"):
            continue
        for one in inner if isinstance(inner, list | tuple) else [inner]:
            if isinstance(one, dict):
                yield from keys(one)


def test_every_key_of_the_report_is_explained(tmp_path):
    shutil.copy(ROOT / "examples" / "people.csv", tmp_path)
    report = prepare(tmp_path / "people.csv", yes=True).to_dict()
    section = text_of("docs/prepare_data.md").split("## The report")[1].split("\n## ")[0]
    explained = set(re.findall(r"`(?:findings\[\]\.)?(\w+)`", section))
    assert set(keys(report)) <= explained
    told = set(re.findall(r"`(?:findings\[\]\.)?(\w+)`", "".join(re.findall(r"^\| `[^|]+\|", section, re.MULTILINE))))
    assert told <= set(keys(report))


def test_every_exit_code_is_in_the_readme():
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.FttoolError)]
    codes = {one.exit_code for one in classes}
    codes |= {errors.EXIT_OK, errors.EXIT_BAD_RESULT, errors.EXIT_BUG, errors.EXIT_INTERRUPTED, EXIT_BROKEN_PIPE}
    section = text_of("README.md").split("## Exit codes")[1]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)} == codes


def test_every_command_is_in_the_readme():
    section = text_of("README.md").split("## What there is")[1]
    assert {name for name in app.COMMANDS if f"`fttool {name}" not in section} == set()


def test_the_changelog_has_this_version():
    assert re.search(rf"^## \[{re.escape(fttool.__version__)}\] - ", text_of("CHANGELOG.md"), re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "options", "task", "examples"),
    [
        ("people.csv", {}, "classification", 140),
        (
            "questions.jsonl",
            {"prompt_column": "question", "completion_column": "answer"},
            "conditional generation",
            60,
        ),
        ("chats.jsonl", {"fix": ["chat-no-answer"]}, "chat", 14),
    ],
)
def test_the_examples_are_what_their_readme_says(tmp_path, name, options, task, examples):
    shutil.copy(ROOT / "examples" / name, tmp_path)
    report = prepare(tmp_path / name, yes=True, **options)
    assert (report.task, report.examples) == (task, examples)
    assert f"`{name}` | {report.read} " in text_of("examples/README.md")


def test_a_prepared_file_passes_the_check(tmp_path):
    shutil.copy(ROOT / "examples" / "people.csv", tmp_path)
    for output in prepare(tmp_path / "people.csv", yes=True).outputs:
        assert not prepare(output.path, check=True).needs_work
