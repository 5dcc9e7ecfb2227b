"""A model whose completions are free text: what the nearest training examples say, and n-grams of all that they say."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers import Distribution, Scored
from fttool.service.trainers.baseline import prediction
from fttool.service.trainers.baseline.copying import NOTHING, Copies, copies
from fttool.service.trainers.baseline.frame import Frame
from fttool.service.trainers.baseline.mixture import Mixture
from fttool.service.trainers.baseline.neighbours import Found, Neighbours, Query, digest, nearest, prompt_features
from fttool.service.trainers.baseline.ngram_counts import NGrams, Sequences, sequences
from fttool.service.trainers.baseline.storage import FORMAT, VERSION
from fttool.service.trainers.baseline.tokens import PromptTokens, tokenize
from fttool.service.trainers.baseline.vocabulary import END_ID, RESERVED, Vocabulary

KIND = "text"

#: The mixture knows that a new answer will differ from those it has seen, but not how: drawn from as it is, every few
#: words it leaves the example it follows, for words that do not go on from there. So it is drawn from more sharply.
SHARPNESS = 5.0

#: Besides what the context suggests, so many of the commonest tokens are candidates.
_COMMON = 300

#: Of what came after a common token, so many are candidates.
_FOLLOWERS = 300


class TextDocument(msgspec.Struct):
    """What is stored as JSON."""

    tokens: list[str]
    frame: Frame
    prompt_tokens: dict[str, int]
    examples: int
    features: int
    postings: int
    completions: int
    bigrams: int
    trigrams: int
    format: str = FORMAT
    version: int = VERSION
    kind: str = KIND


class TextModel:
    """Continues prompts."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        frame: Frame,
        prompt_tokens: PromptTokens,
        neighbours: Neighbours,
        ngrams: NGrams,
        mixture: Mixture,
    ) -> None:
        self.vocabulary = vocabulary
        self.frame = frame
        self.prompt_tokens = prompt_tokens
        self.neighbours = neighbours
        self.ngrams = ngrams
        self.mixture = mixture
        order = np.argsort(-ngrams.unigrams, kind="stable")[:_COMMON]
        self.common: NDArray[np.int64] = order[ngrams.unigrams[order] > 0]

    def tokenize(self, text: str) -> list[str]:
        """The tokens of a text. Joined they are the text."""
        return tokenize(text)

    def score(self, text: str) -> list[Scored]:
        """Each token of a prompt, by how common it is in prompts."""
        return self.prompt_tokens.score(tokenize(text))

    def begin(self, prompt: str) -> Answer:
        """Answer a prompt."""
        inner = self.frame.inner(prompt)
        query = Query(prompt_features([inner]).ids, digest(inner))
        return Answer(self, nearest(self.neighbours.scores(query)))


class Answer:
    """A completion in progress."""

    def __init__(self, model: TextModel, found: Found) -> None:
        self._model = model
        self._found = found

    def next(self, so_far: Sequence[str]) -> Distribution:
        """What may come next: what neighbours and n-grams suggest, and the commonest tokens."""
        model = self._model
        numbers = np.array([*model.vocabulary.numbers(so_far), END_ID], np.int64)
        whole = sequences(numbers, np.array([0, len(numbers)]))
        place = whole.last()
        copied = copies(numbers, self._found, model.neighbours.completion).last()
        candidates = self._candidates(place, copied)
        found = prediction.parts(model.mixture, model.ngrams, place, copied, candidates[None])
        mixed = found.mixed()[0]
        tokens = model.vocabulary.texts(candidates)
        return Distribution(tokens, np.log(mixed / mixed.sum()).astype(np.float32), SHARPNESS)

    def _candidates(self, place: Sequences, copied: Copies) -> NDArray[np.int64]:
        model = self._model
        suggested = [model.common, copied.tokens[0][copied.tokens[0] != NOTHING], np.array([END_ID])]
        for counts, context in ((model.ngrams.trigrams, place.pairs), (model.ngrams.bigrams, place.singles)):
            _, tokens, times = counts.successors(context)
            if len(tokens) > _FOLLOWERS:
                tokens = tokens[np.argsort(-times, kind="stable")[:_FOLLOWERS]]
            suggested.append(tokens)
        every = np.unique(np.concatenate(suggested))
        result: NDArray[np.int64] = every[(every == END_ID) | (every >= RESERVED)]
        return result
