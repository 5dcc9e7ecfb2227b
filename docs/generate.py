"""Fill in the parts of the documentation that are generated: what commands print, and the list of checks.

    python docs/generate.py            write them anew
    python docs/generate.py --check    change nothing; show what is out of date and exit with 1

A part stands between `<!-- run: COMMAND -->` and `<!-- end -->`. The commands of a document run one after the other
in a folder that holds copies of the examples. `<!-- ask: COMMAND | y n -->` runs on a terminal and types the answers.
docs/checks.md is made from the docstrings of the checks and from docs/check_examples.py.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CHECKS_PAGE = ROOT / "docs" / "checks.md"

_PART = re.compile(r"(<!-- (run|ask): (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_KEPT = ("PATH", "SYSTEMROOT", "TMPDIR", "LANG", "LC_ALL")


def fill(text: str) -> str:
    """A document with its generated parts made anew."""
    with tempfile.TemporaryDirectory() as folder:
        for example in (ROOT / "examples").iterdir():
            shutil.copy(example, folder)

        def part(match: re.Match[str]) -> str:
            command, _, answers = match[3].partition(" | ") if match[2] == "ask" else (match[3], "", "")
            shown = ask(command, answers.split(), Path(folder)) if match[2] == "ask" else run(command, Path(folder))
            return f"{match[1]}```console\n$ {command}\n{shown}```\n{match[4]}"

        return _PART.sub(part, text)


def run(command: str, folder: Path) -> str:
    """What a command prints, to either stream."""
    done = subprocess.run(
        _argv(command),
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"`{command}` ended with {done.returncode}:\n{done.stdout.decode()}")
    text = done.stdout.decode()
    if "--json" in command:  # as on a terminal, where it is indented
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    return text


def ask(command: str, answers: list[str], folder: Path) -> str:
    """What a terminal shows while a command runs; each answer is typed when its question is there."""
    outer, inner = os.openpty()
    process = subprocess.Popen(
        _argv(command), cwd=folder, env=_environment(folder), stdin=inner, stdout=inner, stderr=inner
    )
    os.close(inner)
    shown = b""
    while True:
        ready = select.select([outer], [], [], 30)[0]
        try:
            data = os.read(outer, 65536) if ready else b""
        except OSError:  # how Linux says that the other end is closed
            break
        if not data:
            break
        shown += data
        if shown.endswith(b"] ") and answers:
            os.write(outer, answers.pop(0).encode() + b"\n")
    os.close(outer)
    if process.wait(30) or answers:
        raise SystemExit(f"`{command}` did not go as planned:\n{shown.decode()}")
    return shown.decode().replace("\r\n", "\n")


def _argv(command: str) -> list[str]:
    program, *rest = shlex.split(command)
    return [sys.executable, "-m", "fttool", *rest] if program == "fttool" else [program, *rest]


def _environment(folder: Path) -> dict[str, str]:
    """No settings, keys, colours or vocabularies of the machine this runs on."""
    home = str(folder / "home")
    own = {"PYTHONPATH": str(ROOT), "HOME": home, "FTTOOL_CONFIG_DIR": home, "TIKTOKEN_CACHE_DIR": home}
    fixed = {"NO_COLOR": "1", "COLUMNS": "80", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "TERM": "xterm"}
    return {**{name: os.environ[name] for name in _KEPT if name in os.environ}, **own, **fixed}


def checks_page() -> str:
    """docs/checks.md: one entry for each check, with what it says about a small example."""
    sys.path[:0] = [str(ROOT), str(ROOT / "docs")]
    os.environ["TIKTOKEN_CACHE_DIR"] = str(ROOT / "docs")  # where there is none: tokens are estimated
    from check_examples import EXAMPLES, INTRODUCTION

    from fttool.dataset.checks import CHECKS

    missing = {check.id for check in CHECKS} ^ set(EXAMPLES)
    if missing:
        raise SystemExit(f"docs/check_examples.py and CHECKS differ: {', '.join(sorted(missing))}")
    findings = {check.id: EXAMPLES[check.id].finding(check.id) for check in CHECKS}
    lines = [INTRODUCTION, "| check | severity | fix |", "|---|---|---|"]
    for one, finding in findings.items():
        example, level = EXAMPLES[one], finding.fix.level if finding.fix else "none"
        lines.append(f"| [`{one}`](#{one}) | {example.severity or finding.severity} | {example.fix or level} |")
    for check in CHECKS:
        example, finding = EXAMPLES[check.id], findings[check.id]
        lines += ["", f"## `{check.id}`", "", _summary(check), "", example.why, "", *example.shown(), "", "```text"]
        lines.append(f"{finding.severity}: {finding.message}")
        if finding.fix:
            lines.append(f"fix ({finding.fix.level}): {finding.fix.action}")
        lines.append("```")
    return "\n".join(lines) + "\n"


def _summary(check: object) -> str:
    """The docstring of a check, or what stands for it in a family of checks that share one."""
    kind = type(check)
    what = getattr(check, "what", None)
    text = kind.__doc__ or (f"Told when {what[1]}." if what else kind.__mro__[1].__doc__)
    return " ".join((text or "").split())


def main() -> int:
    """Write what is out of date, or with --check only tell."""
    check = "--check" in sys.argv[1:]
    stale = 0
    for path in sorted({*DOCUMENTS, CHECKS_PAGE}):
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = checks_page() if path == CHECKS_PAGE else fill(old)
        if new == old:
            continue
        stale += 1
        name = str(path.relative_to(ROOT))
        if check:
            sys.stdout.writelines(
                difflib.unified_diff(old.splitlines(True), new.splitlines(True), name, "generated anew")
            )
        else:
            path.write_text(new, encoding="utf-8", newline="\n")
            sys.stdout.write(f"wrote {name}\n")
    if check and stale:
        sys.stdout.write("out of date: run `make docs`\n")
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
