"""Count the tokens of files, without preparing them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fttool.dataset.examples import read_rows
from fttool.dataset.formats import open_table
from fttool.dataset.formats.base import Block, ReadOptions, Table
from fttool.dataset.parallel import Runner
from fttool.dataset.passes import Progress
from fttool.dataset.shapes import detect_shape
from fttool.dataset.token_stats import TokenStats, share_to_count
from fttool.dataset.tokens import Counter, choose_counter
from fttool.errors import DataError
from fttool.records.dataset import Shape
from fttool.records.tokens import TokenCount
from fttool.rules.reinforcement import FIRST_ROWS

#: What rows of each shape must have to be counted.
_KEYS: dict[Shape, tuple[str, ...]] = {
    "completion": ("prompt", "completion"),
    "chat": ("messages",),
    "preference": ("input",),
    "reinforcement": ("messages",),
}


def count_tokens(
    paths: Sequence[Path],
    model: str | None,
    limit: int | None,
    *,
    all_rows: bool = False,
    estimate: bool = False,
    progress: Progress | None = None,
) -> TokenCount:
    """The tokens of all examples of some training files, for a model. `limit` is the longest example it trains on.

    Of more than 5 MB only a sample is counted, unless `all_rows`; `estimate` asks for an estimate by bytes.

    Raises:
        DataError: a file that cannot be read, or whose rows are no examples.
    """
    tables = [open_table(str(path), ReadOptions()) for path in paths]
    shapes = [_shape(table) for table in tables]
    counter = choose_counter(model, shapes[0], estimate=estimate)
    size = sum(table.size for table in tables)
    stats, read = TokenStats(limit), 0
    with Runner(tables) as runner:
        fixed = (counter, limit, share_to_count(size, all_rows=all_rows))
        for done in runner.run(count_block, fixed, int):
            stats.merge(done.result)
            read += done.size
            if progress is not None:
                progress("counting", read, size, stats.rows)
    return stats.result(counter)


def count_block(block: Block, counter: Counter, limit: int | None, share: float, _: int) -> TokenStats:
    """The token statistics of one block. Pure and picklable."""
    stats = TokenStats(limit)
    stats.add_rows(read_rows(block), counter.function(), share)
    return stats


def find_shape(path: Path) -> Shape:
    """The shape of a file's examples. Raises DataError for what cannot be read or is no training file."""
    return _shape(open_table(str(path), ReadOptions()))


def _shape(table: Table) -> Shape:
    block = next(iter(table.blocks()), None)
    shape = detect_shape(table.columns, [] if block is None else read_rows(block)[:FIRST_ROWS])
    missing = [name for name in _KEYS[shape] if name not in table.columns]
    if missing:
        listed = " and no ".join(f"`{name}`" for name in missing)
        raise DataError(
            f"these are no training examples: there is no {listed}",
            file=table.name,
            hint="`fttool prepare_data` makes training examples of many kinds of files",
        )
    return shape
