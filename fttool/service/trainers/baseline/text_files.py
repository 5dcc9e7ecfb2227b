"""Free-text models on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fttool.service.trainers.baseline.counts import Counts
from fttool.service.trainers.baseline.mixture import COPY_ROWS, PARTS, SEEN_ROWS, Mixture
from fttool.service.trainers.baseline.neighbours import MOST_EXAMPLES, Neighbours
from fttool.service.trainers.baseline.ngram_counts import NGrams
from fttool.service.trainers.baseline.ngrams import SPACE
from fttool.service.trainers.baseline.storage import check, read_array, read_document, write_arrays, write_document
from fttool.service.trainers.baseline.text_model import TextDocument, TextModel
from fttool.service.trainers.baseline.tokens import PromptTokens
from fttool.service.trainers.baseline.vocabulary import ID_BITS, MOST_KINDS, UNKNOWN_ID, Vocabulary

_NAME = "model"


def save(model: TextModel, folder: Path) -> None:
    """Write a model."""
    neighbours = model.neighbours
    bigrams, trigrams = model.ngrams.bigrams.merged(), model.ngrams.trigrams.merged()
    document = TextDocument(
        tokens=model.vocabulary.tokens,
        frame=model.frame,
        prompt_tokens=model.prompt_tokens.counts,
        examples=len(neighbours),
        features=len(neighbours.ids),
        postings=len(neighbours.postings),
        completions=len(neighbours.completions),
        bigrams=len(bigrams[0]),
        trigrams=len(trigrams[0]),
    )
    write_document(folder, _NAME, document)
    write_arrays(
        folder,
        {
            "features": neighbours.ids,
            "starts": neighbours.starts,
            "postings": neighbours.postings,
            "digests": neighbours.digests,
            "bounds": neighbours.bounds,
            "completions": neighbours.completions,
            "unigrams": model.ngrams.unigrams,
            "bigrams": bigrams[0],
            "bigram_counts": bigrams[1],
            "trigrams": trigrams[0],
            "trigram_counts": trigrams[1],
            "copying": model.mixture.copying,
            "seen": model.mixture.seen,
        },
    )


def load(folder: Path) -> TextModel:
    """Read a model. Raises DamagedModel if it is not whole and sound."""
    document = read_document(folder, _NAME, TextDocument)
    check(min(document.prompt_tokens.values(), default=0) >= 0, "its counts of tokens")
    check(len(document.tokens) <= MOST_KINDS and len(set(document.tokens)) == len(document.tokens), "its tokens")
    check("" not in document.tokens, "its tokens")
    vocabulary = Vocabulary(document.tokens)
    unigrams = read_array(folder, "unigrams", np.int64, (len(vocabulary),))
    check(bool((unigrams >= 0).all()), "its unigrams")
    ngrams = NGrams(
        unigrams,
        _counts(folder, "bigram", document.bigrams, 2, len(vocabulary)),
        _counts(folder, "trigram", document.trigrams, 3, len(vocabulary)),
    )
    mixture = Mixture(
        read_array(folder, "copying", np.float64, (COPY_ROWS, PARTS)),
        read_array(folder, "seen", np.float64, (SEEN_ROWS, PARTS)),
    )
    check(bool(np.isfinite(mixture.copying).all() and np.isfinite(mixture.seen).all()), "its weights")
    neighbours = _neighbours(folder, document, len(vocabulary))
    return TextModel(vocabulary, document.frame, PromptTokens(document.prompt_tokens), neighbours, ngrams, mixture)


def _counts(folder: Path, name: str, size: int, order: int, kinds: int) -> Counts:
    check(size >= 0, f"its {name}s")
    keys = read_array(folder, f"{name}s", np.uint64, (size,))
    counts = read_array(folder, f"{name}_counts", np.uint32, (size,))
    check(bool((keys[1:] > keys[:-1]).all() and (counts > 0).all()), f"its {name}s")
    check(int(counts.sum(dtype=np.uint64)) < 2**32, f"its {name}s")
    check(not size or int(keys[-1]) >> (ID_BITS * (order - 1)) < kinds, f"its {name}s")
    last = keys & np.uint64((1 << ID_BITS) - 1)
    check(bool((last < kinds).all()), f"its {name}s")
    return Counts.of(keys, counts)


def _neighbours(folder: Path, document: TextDocument, kinds: int) -> Neighbours:
    examples, count = document.examples, document.features
    check(0 <= examples <= MOST_EXAMPLES and 0 <= count <= SPACE, "its number of examples")
    check(document.postings >= 0 and document.completions >= 0, "its number of examples")
    ids = read_array(folder, "features", np.uint32, (count,))
    starts = read_array(folder, "starts", np.int64, (count + 1,))
    postings = read_array(folder, "postings", np.int32, (document.postings,))
    bounds = read_array(folder, "bounds", np.int64, (examples + 1,))
    completions = read_array(folder, "completions", np.int32, (document.completions,))
    check(bool((ids[1:] > ids[:-1]).all()), "its features")
    for edges, size in ((starts, len(postings)), (bounds, len(completions))):
        check(bool(edges[0] == 0 and edges[-1] == size and (edges[1:] >= edges[:-1]).all()), "its index")
    check(bool((postings >= 0).all() and (postings < examples).all()), "its index")
    check(bool((completions >= 0).all() and (completions < kinds).all()), "its completions")
    check(bool((completions != UNKNOWN_ID).all() and (completions != UNKNOWN_ID - 1).all()), "its completions")
    digests = read_array(folder, "digests", np.uint64, (examples,))
    return Neighbours(ids, starts, postings, digests, bounds, completions)
