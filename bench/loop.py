"""Count the tokens of a chat file as plainly as can be: one process, one row after the other.

    python bench/loop.py chat.jsonl

With tiktoken if its vocabulary is here, else with rs-bpe; says which, and how many tokens. This is what
`prepare_data --tokens exact` is held against.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

ENCODING = "o200k_base"


def counter() -> tuple[str, Callable[[str], int]]:
    """What counts, and its name."""
    from fttool.dataset.vocabularies import is_here

    if is_here(ENCODING):
        import tiktoken

        encode = tiktoken.get_encoding(ENCODING).encode_ordinary
        return "tiktoken", lambda text: len(encode(text))
    from rs_bpe.bpe import openai

    return "rs-bpe", openai.o200k_base().count


def main() -> None:
    """Count."""
    name, count = counter()
    tokens = 0
    with Path(sys.argv[1]).open(encoding="utf-8") as file:
        for line in file:
            for message in json.loads(line)["messages"]:
                tokens += count(message["content"])
    print(name, tokens)


if __name__ == "__main__":
    main()
