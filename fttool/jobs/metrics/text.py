"""Metrics of free text: what is the same, how many words are, and BLEU, chrF and ROUGE by their reference programs.

sacrebleu and rouge-score are an extra; without them the others are measured, and a note says what is missing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fttool.jobs.metrics.labels import plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Words; signs of scripts that put no space between words count one by one.
_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")

ALWAYS = ("text/exact_match", "text/normalized_match", "text/token_f1")
CHRF_NAME = "text/chrf"
ROUGE = ("rouge1", "rouge2", "rougeL")
BLEU_NAME = "text/bleu"

#: Numbers of a row that BLEU is made of: matches and n-grams of each order, lengths of answer and expectation.
BLEU_PARTS = 10


class TextScorer:
    """Scores answers row by row. `names` are the metrics that are means of rows; BLEU is made of `bleu_parts`."""

    def __init__(self) -> None:
        self._chrf: Any = None
        self._bleu: Any = None
        self._rouge: Any = None
        self.names: tuple[str, ...] = ALWAYS
        self.notes: tuple[str, ...] = ()
        missing = []
        if find_spec("sacrebleu"):
            from sacrebleu.metrics.bleu import BLEU
            from sacrebleu.metrics.chrf import CHRF

            self._chrf, self._bleu = CHRF(), BLEU(effective_order=True)
            self.names += (CHRF_NAME,)
        else:
            missing.append(("BLEU and chrF", "sacrebleu"))
        if find_spec("rouge_score"):
            from rouge_score.rouge_scorer import RougeScorer

            self._rouge = RougeScorer(list(ROUGE), tokenizer=_Tokenizer())
            self.names += tuple(f"text/{name}" for name in ROUGE)
        else:
            missing.append(("ROUGE", "rouge-score"))
        if missing:
            what, package = " and ".join(each for each, _ in missing), " ".join(each for _, each in missing)
            self.notes = (f"not measured: {what}; `python -m pip install {package}` adds them",)

    @property
    def has_bleu(self) -> bool:
        """Whether BLEU can be measured."""
        return self._bleu is not None

    def scores(self, expected: str, answer: str) -> list[float]:
        """The score of one row by each of `names`: fractions from 0 to 1, chrF from 0 to 100."""
        there, said = words(expected), words(answer)
        found = [
            float(expected.strip() == answer.strip()),
            float(plain(expected) == plain(answer)),
            overlap(there, said),
        ]
        if self._chrf is not None:
            found.append(float(self._chrf.sentence_score(answer, [expected]).score))
        if self._rouge is not None:
            rouge = self._rouge.score(expected, answer)
            found += [float(rouge[name].fmeasure) for name in ROUGE]
        return found

    def bleu_parts(self, expected: str, answer: str) -> list[int]:
        """What this row adds to BLEU, which is a number of all rows together."""
        found = self._bleu.sentence_score(answer.strip(), [expected.strip()])
        return [*map(int, found.counts), *map(int, found.totals), int(found.sys_len), int(found.ref_len)]


class _Tokenizer:
    """Words for rouge-score, whose own knows only a to z."""

    def tokenize(self, text: str) -> list[str]:
        """Its interface."""
        return words(text)


def words(text: str) -> list[str]:
    """The words of a text, without case and punctuation."""
    return _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())


def overlap(expected: Sequence[str], answer: Sequence[str]) -> float:
    """F1 of the words, as SQuAD has it: 1 if both have none."""
    if not expected or not answer:
        return float(list(expected) == list(answer))
    common = sum((Counter(expected) & Counter(answer)).values())
    return 2 * common / (len(expected) + len(answer))


def bleu(parts: Floats) -> Floats:
    """BLEU (0 to 100) for each row of summed `bleu_parts`: sacrebleu's, with 4 orders and its smoothing `exp`."""
    import numpy as np
    from sacrebleu.metrics.bleu import BLEU

    def one(row: Any) -> float:
        numbers = [round(float(each)) for each in row]
        found = BLEU.compute_bleu(
            correct=numbers[:4], total=numbers[4:8], sys_len=numbers[8], ref_len=numbers[9], smooth_method="exp"
        )
        return float(found.score)

    return np.array([one(row) for row in parts])
