"""Fill in the parts of the documentation that are generated: what commands print, and the list of checks.

    python docs/generate.py            write them anew
    python docs/generate.py --check    change nothing; show what is out of date and exit with 1
    python docs/generate.py README.md  only these pages, also with --check

A part stands between `<!-- run: COMMAND -->` and `<!-- end -->`. The commands of a document run one after the other
in a folder that holds copies of the examples. `<!-- ask: COMMAND | y n -->` runs on a terminal and types the answers.
`<!-- help: COMMAND -->` is the `--help` of a job command without the options that all of them have; these stand in
`<!-- help: connection -->`. `<!-- services: all -->` lists how services differ, `<!-- conversions: NAME -->` what a
conversion maps to what. docs/checks.md is made from the docstrings of the checks by docs/check_page.py.

`--local` in a command means a service of the document's own, in that folder, which is stopped in the end. What is
another each time (ids, times) is shown as stand-ins, always the same, and a command may name them: see `StandIns`.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
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

_PART = re.compile(r"(<!-- (run|ask|help|services|conversions): (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)

#: The options of every job command, in their order: the first and the last.
_CONNECTION = re.compile(r"^  --local .*?(?=^  -h, --help )", re.DOTALL | re.MULTILINE)

#: Losses and the like may differ by so much from one machine to the next: other processors, other libraries.
_TOLERANCE = 0.02
_KEPT = ("PATH", "SYSTEMROOT", "TMPDIR", "LANG", "LC_ALL")


class StandIns:
    """What stands in for ids, the same in every run: of each kind, the first that is shown is always called the same.

    Times and ages are one and the same moment.
    """

    _ID = re.compile(r"\b(file-|ftjob-|ftckpt_|ftevent-|req_|cmpl-|chatcmpl-)([A-Za-z0-9]{24,32})\b")
    _MODEL = re.compile(r"(ft:baseline:local:\w*:)([A-Za-z0-9]{8})\b")
    _IN_NAMES = re.compile(r"(ft-baseline-local-\w*-)([A-Za-z0-9]{8})\b")

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._count: dict[str, int] = {}

    def hide(self, text: str) -> str:
        """What a command printed, as the document shows it."""
        text = self._MODEL.sub(lambda match: match[1] + self._stand_in("ft", match[2]), text)
        text = self._IN_NAMES.sub(lambda match: match[1] + self._stand_in("ft", match[2]), text)
        text = self._ID.sub(lambda match: match[1] + self._stand_in(match[1], match[2]), text)
        text = re.sub(r"(?<![\w-])20\d\d-\d\d-\d\d(?![\w-])", "2026-11-21", text)
        text = re.sub(r"(?<=2026-11-21 )\d\d:\d\d", "10:31", text)
        text = re.sub(r"(?<=2026-11-21 10:31:)\d\d", "00", text)
        text = re.sub(r'("(?:created|finished|created_at|finished_at)": ?)\d{10}\b', r"\g<1>1795257060", text)
        text = re.sub(r"in [\d.,]+ s \([\d.,]+ a second\)", "in 1.0 s (40.0 a second)", text)
        text = re.sub(r"(\tusage/latency_\w+\t)[\d.e-]+", r"\g<1>0.02", text)
        text = re.sub(r"(?<=\n)seconds an answer .*", _still_seconds, text)
        text = re.sub(r"\(uploaded [^)]*\)", "(uploaded just now)", text)
        return re.sub(r"(\t|\()\d+[sm](\t| ago\))", r"\g<1>5s\2", text)

    def reveal(self, command: str) -> str:
        """A command of the document, with the real ids."""
        for real, shown in self._shown.items():
            command = command.replace(shown, real)
        return command

    def _stand_in(self, kind: str, real: str) -> str:
        if real not in self._shown:
            self._count[kind] = self._count.get(kind, 0) + 1
            made = hashlib.sha256(f"{kind}{self._count[kind]}".encode()).hexdigest()
            self._shown[real] = made[: len(real)]
        return self._shown[real]


def _still_seconds(row: re.Match[str]) -> str:
    """A row of a table, with the same times in columns as wide as they were."""

    def cell(match: re.Match[str]) -> str:
        return "0.02 (0.05)".ljust(len(match[0])) if match[2] else "0.02 (0.05)"

    return re.sub(r"(\d[\d.e-]* \(\d[\d.e-]*\))( *)", cell, row[0])


def fill(text: str) -> str:
    """A document with its generated parts made anew."""
    with tempfile.TemporaryDirectory() as name:
        folder, names = Path(name), StandIns()
        for example in (ROOT / "examples").iterdir():
            shutil.copy(example, folder)

        def part(match: re.Match[str]) -> str:
            kind, command = match[2], match[3]
            if kind == "services":
                return f"{match[1]}{services()}{match[4]}"
            if kind == "conversions":
                return f"{match[1]}{conversions(command)}{match[4]}"
            if kind == "help":
                return f"{match[1]}```text\n{help_of(command, folder)}```\n{match[4]}"
            command, _, answers = command.partition(" | ") if kind == "ask" else (command, "", "")
            real = names.reveal(command)
            shown = ask(real, answers.split(), folder) if kind == "ask" else run(real, folder)
            if " --local" in command:
                shown = names.hide(shown)
            return f"{match[1]}```console\n$ {command}\n{shown}```\n{match[4]}"

        try:
            return _PART.sub(part, text)
        finally:
            if (folder / "service").exists():
                run("fttool serve --stop", folder)


def help_of(command: str, folder: Path) -> str:
    """The help of a job command; of `connection`, what all of them have in common."""
    if command == "connection":
        common = _CONNECTION.search(run("fttool list --help", folder))
        assert common is not None
        return common[0]
    text = _CONNECTION.sub("", run(f"fttool {command} --help", folder))
    return re.sub(r"^  -h, --help .*\n", "", text, flags=re.MULTILINE)


def services() -> str:
    """How the services differ, as fttool/jobs/services says it."""
    sys.path[:0] = [str(ROOT)]
    from fttool.jobs.services import SERVICES

    lines = []
    for one in SERVICES.values():
        most = one.largest_file
        options = [f"`--extra {name}=…`" for name in one.extra_parameters]
        options += [f"`--hyperparameter {name}=…`" for name in one.extra_hyperparameters]
        facts = {
            **dict.fromkeys(one.deviations, True),
            f"trains with {', '.join(one.methods)} only": len(one.methods) < 3,
            "hyperparameters stand at the top of the request": one.hyperparameters == "top",
            f"knows {', '.join(options)}": bool(options),
            f"a suffix has at most {one.suffix_length} letters, digits, `-` and `_`": one.suffix_length != 64,
            f"further statuses: {', '.join(f'`{name}`' for name in one.statuses)}": bool(one.statuses),
            "does not filter jobs by metadata: `list --metadata` does it here": not one.metadata_filter,
            "has no pause and resume": not one.pause,
            f"files have at most {most / 1e6:,.0f} MB, and are sent in one request": not one.parts,
            f"files have at most {one.file_limit / 1e6:,.0f} MB, in parts {most / 1e6:,.0f} MB": one.parts,
            "files must have an end: it is 30 days after the upload if not told": one.expires_after_required,
            "files have no end of their own": not one.expires_after,
            one.deploy or "": one.deploy is not None,
        }
        lines += [f"- **{one.title}** (`{one.name}`)", *(f"  - {fact}" for fact, true in facts.items() if true)]
    return "\n".join(lines) + "\n"


def conversions(name: str) -> str:
    """What a conversion maps to what, as its module says it; of `all`, how each is recognised."""
    sys.path[:0] = [str(ROOT)]
    from fttool.dataset.conversions import CONVERSIONS

    if name == "all":
        head = ["| `--from` | what it is | recognised by | becomes |", "|---|---|---|---|"]
        rows = [(f"[`{one.name}`](#{one.name})", one.title, one.marks, one.shape) for one in CONVERSIONS.values()]
        return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
    pairs = CONVERSIONS[name].table
    return (
        "\n".join(["| in the data | becomes |", "|---|---|", *(f"| {one} | {other} |" for one, other in pairs)]) + "\n"
    )


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
    if done.returncode not in (0, 1, 2, 3, 5):
        raise SystemExit(f"`{command}` ended with {done.returncode}:\n{done.stdout.decode()}")
    text = done.stdout.decode()
    if "--json" in command and text.count("\n") == 1:  # as on a terminal, where it is indented
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
    if {"|", ">"} & set(rest):
        here = f'fttool() {{ {shlex.quote(sys.executable)} -m fttool "$@"; }}'
        return ["sh", "-c", f"{here}; {command}"]
    return [sys.executable, "-m", "fttool", *rest] if program == "fttool" else [program, *rest]


def _environment(folder: Path) -> dict[str, str]:
    """No settings, keys, colours or vocabularies of the machine this runs on."""
    home = str(folder / "home")
    own = {"PYTHONPATH": str(ROOT), "HOME": home, "FTTOOL_CONFIG_DIR": home, "TIKTOKEN_CACHE_DIR": home}
    own |= {"FTTOOL_STATE_DIR": str(folder / "service"), "XDG_STATE_HOME": home}
    fixed = {"NO_COLOR": "1", "COLUMNS": "80", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "TERM": "xterm"}
    return {**{name: os.environ[name] for name in _KEPT if name in os.environ}, **own, **fixed}


def checks_page() -> str:
    """docs/checks.md: one entry for each check, with what it says about a small example."""
    sys.path[:0] = [str(ROOT), str(ROOT / "docs")]
    os.environ["TIKTOKEN_CACHE_DIR"] = str(ROOT / "docs")  # where there is none: tokens are estimated
    from check_page import page

    return page()


def same(old: str, new: str) -> bool:
    """Whether two states of a document say the same; what training measured may differ a little."""
    if old == new or " --local" not in new:
        return old == new
    number = re.compile(r"\d+\.\d+(?:e-?\d+)?")
    if number.sub("0.0", old) != number.sub("0.0", new):
        return False
    pairs = zip(number.findall(old), number.findall(new), strict=True)
    return all(math.isclose(float(one), float(other), rel_tol=_TOLERANCE, abs_tol=1e-3) for one, other in pairs)


def main() -> int:
    """Write what is out of date, or with --check only tell."""
    check = "--check" in sys.argv[1:]
    named = {Path(name).resolve() for name in sys.argv[1:] if name != "--check"}
    pages = sorted({*DOCUMENTS, CHECKS_PAGE})
    if strangers := named - set(pages):
        raise SystemExit(f"not generated: {', '.join(map(str, strangers))}")
    stale = 0
    for path in [page for page in pages if page in named or not named]:
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = checks_page() if path == CHECKS_PAGE else fill(old)
        if same(old, new):
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
