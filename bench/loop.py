"""Count the tokens of a chat file as plainly as can be: one process, one row after the other.

    python bench/loop.py chat.jsonl
    python bench/loop.py chat.jsonl --compare    the ways there are to count, in MB/s of text

With tiktoken if its vocabulary is here, else with rs-bpe; says which, and how many tokens. This is what
`prepare_data --tokens exact` is held against.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fttool.dataset.vocabularies import is_here

ENCODING = "o200k_base"


def counter() -> tuple[str, Callable[[str], int]]:
    """What counts, and its name."""
    if is_here(ENCODING):
        import tiktoken

        encode = tiktoken.get_encoding(ENCODING).encode_ordinary
        return "tiktoken", lambda text: len(encode(text))
    from rs_bpe.bpe import openai

    return "rs-bpe", openai.o200k_base().count


def compare(path: Path) -> None:
    """Print how fast each way to count is, on the texts of the first 20,000 chats."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line)["messages"] for line, _ in zip(file, range(20_000), strict=False)]
    texts = [message["content"] for messages in rows for message in messages]
    size = sum(len(text.encode()) for text in texts) / 1e6
    ways: dict[str, Callable[[], int]] = {}
    if is_here(ENCODING):
        import tiktoken

        encoding = tiktoken.get_encoding(ENCODING)
        ways["tiktoken, a loop of encode_ordinary"] = lambda: sum(len(encoding.encode_ordinary(text)) for text in texts)
        ways["tiktoken, encode_ordinary_batch, 2 threads"] = lambda: sum(
            map(len, encoding.encode_ordinary_batch(texts, num_threads=2))
        )
    from rs_bpe.bpe import openai

    ways["rs-bpe, a loop of count"] = lambda: sum(map(openai.o200k_base().count, texts))
    for name, count in ways.items():
        count()
        started, worked = time.perf_counter(), time.process_time()
        tokens = count()
        wall, work = time.perf_counter() - started, time.process_time() - worked
        print(f"{name}: {tokens:,} tokens, {size / wall:.1f} MB/s, {size / work:.1f} MB for a second of processor time")


def main() -> None:
    """Count."""
    if "--compare" in sys.argv:
        compare(Path(sys.argv[1]))
        return
    name, count = counter()
    tokens = 0
    with Path(sys.argv[1]).open(encoding="utf-8") as file:
        for line in file:
            for message in json.loads(line)["messages"]:
                tokens += count(message["content"])
    print(name, tokens)


if __name__ == "__main__":
    main()
