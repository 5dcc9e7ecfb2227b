"""Measure fttool, and beside it the legacy tool, and print a Markdown table.

    python bench/bench.py --legacy 'path/to/openai tools fine_tunes.prepare_data -f {input} -q'

Whole processes are measured, from start to exit: the median wall time of some runs, the two commands by turns, after
one that warms up. Memory comes from one more run: the greatest sum over all processes of the command, sampled every
20 ms (PSS, Linux only; a lower bound). docs/benchmarks.md says more.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import data

#: What the table calls it, its kind and format (see data.py).
CASES = {
    "jsonl": ("JSONL", "text", "jsonl"),
    "prefix": ("JSONL, long common prefix", "prefix", "jsonl"),
    "csv": ("CSV", "label", "csv"),
    "tsv": ("TSV", "label", "tsv"),
    "json": ("JSON array", "text", "json"),
    "txt": ("TXT", "text", "txt"),
    "xlsx": ("XLSX", "label", "xlsx"),
    "chat": ("JSONL, chats", "chat", "jsonl"),
}
DEFAULT = ",".join(f"{case}:100000" for case in CASES) + ",jsonl:1000000"


class Memory(threading.Thread):
    """The greatest sum of the memory of all processes of a session, in MB."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session, self.peak, self.done = session, 0.0, threading.Event()

    def run(self) -> None:
        """Sample until told to stop."""
        while not self.done.wait(0.02):
            self.peak = max(self.peak, sum(map(self._of, filter(str.isdecimal, os.listdir("/proc")))) / 1024)

    def _of(self, pid: str) -> int:
        try:
            stat = Path("/proc", pid, "stat").read_text()
            if int(stat.rpartition(")")[2].split()[3]) != self.session:
                return 0
            rollup = Path("/proc", pid, "smaps_rollup").read_text()
        except (OSError, IndexError):  # it has just ended
            return 0
        return next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)


def measure(command: str, source: Path | None, *, memory: bool = False) -> float:
    """Run a command on a copy of the file, in a folder of its own: its wall time, or its peak memory in MB."""
    folder = Path(tempfile.mkdtemp(dir=source.parent if source else None))
    try:
        copy = folder / "data"
        if source:
            copy = folder / f"data{source.suffix}"
            copy.hardlink_to(source)
        argv = [part.replace("{input}", str(copy)) for part in shlex.split(command)]
        with (folder / ".said").open("wb") as said:
            started = time.perf_counter()
            process = subprocess.Popen(
                argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
            sampler = Memory(process.pid)
            if memory:
                sampler.start()
            code = process.wait()
            wall = time.perf_counter() - started
            sampler.done.set()
            if memory:
                sampler.join()
        if code:
            sys.exit(f"{shlex.join(argv)} ended with {code}:\n{(folder / '.said').read_text()[-2000:]}")
        return sampler.peak if memory else wall
    finally:
        shutil.rmtree(folder)


def rounds(commands: list[str], source: Path | None, runs: int) -> list[list[float]]:
    """Wall times of each command, by turns, after a run each that is not counted."""
    times: list[list[float]] = [[] for _ in commands]
    for turn in range(runs + 1):
        for at, command in enumerate(commands):
            wall = measure(command, source)
            if turn:
                times[at].append(wall)
    return times


def made(kind: str, form: str, rows: int, options: argparse.Namespace) -> Path:
    """A file of that kind, made if it is not there."""
    source: Path = options.folder / f"{kind}-{rows}.{form}"
    if not source.exists():
        part = source.with_suffix(".part")
        data.write(kind, form, rows, part)
        part.replace(source)
    return source


def case_row(case: str, rows: int, commands: list[str], options: argparse.Namespace) -> str:
    """One line of the table."""
    name, kind, form = CASES[case]
    source = made(kind, form, rows, options)
    walls = [statistics.median(times) for times in rounds(commands, source, options.runs)]
    peaks = [measure(command, source, memory=True) for command in commands] if sys.platform == "linux" else []
    cells = [f"{rows:,} rows of {name}, {source.stat().st_size / 1e6:.0f} MB"]
    cells += [f"{wall:.2f} s" for wall in walls]
    cells += [f"{walls[0] / walls[1]:.3f}"] if len(walls) > 1 else []
    cells += [f"{peak:,.0f} MB" for peak in peaks]
    return f"| {' | '.join(cells)} |"


def processor_time(command: str, source: Path) -> float:
    """The seconds that all processes of a command work: less hangs on what else runs on the machine."""
    before = os.times()
    measure(command, source)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def token_rows(rows: int, program: str, options: argparse.Namespace) -> None:
    """Print what counting tokens costs: prepare_data without, with a sample, with all; and the plainest loop."""
    source = made("chat", "jsonl", rows, options)
    loop = f"{shlex.quote(sys.executable)} {shlex.quote(str(Path(__file__).with_name('loop.py')))} {{input}}"
    model = "gpt-4.1-mini-2025-04-14"
    commands = {
        f"`--tokens {mode}`": f"{program} prepare_data {{input}} --yes -m {model} --tokens {mode}"
        for mode in ("off", "auto", "exact")
    }
    commands["plain loop, one process"] = loop
    times = [statistics.median(each) for each in rounds(list(commands.values()), source, options.runs)]
    worked = [processor_time(command, source) for command in commands.values()]
    what = subprocess.run([*shlex.split(loop)[:2], str(source)], capture_output=True, text=True, check=True).stdout
    counter, tokens = what.split()
    size = source.stat().st_size / 1e6
    print(f"\n{rows:,} chats, {size:.0f} MB, {int(tokens):,} tokens, counted with {counter}\n")
    print(f"| | time | against the loop | processor time | memory |\n|{'---|' * 5}")
    for (name, command), wall, work in zip(commands.items(), times, worked, strict=True):
        peak = f"{measure(command, source, memory=True):,.0f} MB" if sys.platform == "linux" else ""
        print(f"| {name} | {wall:.2f} s | {wall / times[-1]:.2f} | {work:.2f} s | {peak} |", flush=True)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fttool", default="fttool", help="the program to measure")
    parser.add_argument("--legacy", help="the legacy tool's command line, with {input} for the file")
    parser.add_argument("--cases", default=DEFAULT, help=f"name:rows,… of {', '.join(CASES)}; empty for none")
    parser.add_argument("--tokens", type=int, default=100_000, metavar="ROWS", help="count so many chats; 0: none")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build", "bench"), help="where the made-up files are kept")
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.legacy and "{input}" not in options.legacy:
        parser.error("--legacy needs {input} where the file's name goes")
    program = shlex.quote(str(Path(options.fttool).resolve()) if "/" in options.fttool else options.fttool)
    commands = [f"{program} prepare_data {{input}} --yes"]
    names = ["fttool"]
    if options.legacy:
        first, *rest = shlex.split(options.legacy)
        commands.append(shlex.join([str(Path(first).resolve()) if "/" in first else first, *rest]))
        names.append("legacy")
    heads = ["input", *names, *(["ratio"] if options.legacy else [])]
    heads += [f"memory, {name}" for name in names] if sys.platform == "linux" else []
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}", flush=True)
    for case in filter(None, options.cases.split(",")):
        name, _, rows = case.partition(":")
        print(case_row(name, int(rows or 100_000), commands, options), flush=True)
    if options.tokens:
        token_rows(options.tokens, program, options)
    importing = f'{shlex.quote(sys.executable)} -c "import typer"'
    start, least = (statistics.median(times) * 1000 for times in rounds([f"{program} --help", importing], None, 15))
    print(f"\n`fttool --help`: {start:.0f} ms; `python -c 'import typer'`: {least:.0f} ms; ratio {start / least:.2f}\n")
    print(
        f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} CPUs, median of {options.runs} runs"
    )


if __name__ == "__main__":
    main()
