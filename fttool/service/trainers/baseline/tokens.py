"""The trainer's own tokens: words, numbers and signs, each with the space before it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from math import log

from fttool.service.trainers import Scored

#: Scripts written without spaces: each character is a token.
_ALONE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

#: Every character is in one of these, and each has a bounded length, so finding them takes linear time.
_TOKEN = re.compile(
    rf" ?(?:[{_ALONE}]|(?:(?![{_ALONE}])[^\W\d_]){{1,24}}|\d{{1,3}}|(?:(?![{_ALONE}])[^\w\s]|_){{1,8}})"
    r"|[^\S ]{1,16}|\s{1,16}(?!\S)|\s",
)

#: How many kinds of tokens a model remembers of the prompts, and how many are counted.
MOST_PROMPT_KINDS = 20_000
_MOST_COUNTED = 400_000


def tokenize(text: str) -> list[str]:
    """The tokens of a text. Joined they are the text."""
    return _TOKEN.findall(text)


class TokenCounts:
    """How often each token was seen, in bounded memory: rare ones are forgotten when there are too many."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, tokens: Iterable[str]) -> None:
        """Count some tokens."""
        self._counts.update(tokens)
        if len(self._counts) > _MOST_COUNTED:
            self._counts = Counter(dict(self._counts.most_common(_MOST_COUNTED // 2)))

    def most_common(self, most: int) -> dict[str, int]:
        """The commonest first; among equals, in alphabetical order."""
        return dict(sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))[:most])


class PromptTokens:
    """How likely each token of a prompt is: a unigram model, smoothed by one for each kind and one for the unknown."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = dict(counts)
        self._total = sum(self.counts.values()) + len(self.counts) + 1
        best = sorted(self.counts, key=lambda token: (-self.counts[token], token))[:20]
        self._top = [(token, self._logprob(token)) for token in best]

    def score(self, tokens: Iterable[str]) -> list[Scored]:
        """Each token with its log-probability and the commonest tokens."""
        return [Scored(token, self._logprob(token), self._top) for token in tokens]

    def _logprob(self, token: str) -> float:
        return log((self.counts.get(token, 0) + 1) / self._total)
