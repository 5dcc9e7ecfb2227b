"""Count the tokens of files, without preparing them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fttool.dataset.examples import read_rows
from fttool.dataset.formats import open_table
from fttool.dataset.formats.base import Block, ReadOptions
from fttool.dataset.parallel import Runner
from fttool.dataset.passes import Progress
from fttool.dataset.token_stats import TokenStats, share_to_count
from fttool.dataset.tokens import Counter, choose_counter
from fttool.errors import DataError
from fttool.records.dataset import Shape
from fttool.records.tokens import TokenCount

#: What rows of each shape have; the first that fits.
_SHAPES: tuple[tuple[frozenset[str], Shape], ...] = (
    (frozenset({"messages"}), "chat"),
    (frozenset({"input"}), "chat"),
    (frozenset({"prompt", "completion"}), "completion"),
)


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

    Of more than 20 MB only a sample is counted, unless `all_rows`; `estimate` asks for an estimate by bytes.

    Raises:
        DataError: a file that cannot be read, or whose rows are no examples.
    """
    tables = [open_table(str(path), ReadOptions()) for path in paths]
    shapes = [shape_of_columns(table.columns) for table in tables]
    for table, shape in zip(tables, shapes, strict=True):
        if shape is None:
            raise DataError(
                "these are no training examples: there is neither `messages` nor `prompt` and `completion`",
                file=table.name,
                hint="`fttool prepare_data` makes some of it",
            )
    counter = choose_counter(model, shapes[0] or "chat", estimate=estimate)
    size = sum(table.size for table in tables)
    stats, read = TokenStats(limit), 0
    with Runner(tables) as runner:
        for done in runner.run(count_block, (counter, limit, share_to_count(size, all_rows=all_rows)), int):
            stats.merge(done.result)
            read += done.size
            if progress is not None:
                progress("counting", read, size, stats.rows)
    return stats.result(counter)


def count_block(block: Block, counter: Counter, limit: int | None, share: float, number: int) -> TokenStats:
    """The token statistics of one block. Pure and picklable."""
    stats = TokenStats(limit)
    stats.add_rows(read_rows(block), counter.function(), share, number)
    return stats


def shape_of_columns(columns: Sequence[str]) -> Shape | None:
    """The shape of rows that have these keys; None if it is none."""
    names = set(columns)
    return next((shape for needed, shape in _SHAPES if needed <= names), None)


def peek_shape(path: Path) -> Shape | None:
    """The shape of a file by its beginning; None if it cannot be read or is no training file."""
    with suppress(DataError):
        return shape_of_columns(open_table(str(path), ReadOptions()).columns)
    return None
