"""Many claims at once: p-values corrected by Holm or by Benjamini and Hochberg."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError, advice
from bathyscope.core.heatmap import FloatArray


def holm(p: Sequence[float]) -> list[float]:
    """P-values by Holm 1979: the chance of any false claim is bounded.

    Args:
        p: One for each claim; NaN stays NaN and does not count.
    """
    return _known(p, _holm)


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """P-values by Benjamini & Hochberg 1995: the expected share of false claims is bounded."""
    return _known(p, _benjamini_hochberg)


CORRECTIONS: dict[str, Callable[[Sequence[float]], list[float]]] = {
    "holm": holm,
    "bh": benjamini_hochberg,
    "none": lambda p: list(p),
}
"""The corrections by name."""


def correction(name: str) -> Callable[[Sequence[float]], list[float]]:
    """Return a correction by its name.

    Raises:
        InputError: There is none of this name.
    """
    if name not in CORRECTIONS:
        raise InputError(f"The correction {name!r} is not known; {advice(name, CORRECTIONS)}.")
    return CORRECTIONS[name]


def _holm(p: list[float]) -> list[float]:
    order = np.argsort(p, kind="stable")
    factors = len(p) - np.arange(len(p))
    stepped = np.minimum(1, np.maximum.accumulate(factors * np.array(p)[order]))
    return _back(stepped, order)


def _benjamini_hochberg(p: list[float]) -> list[float]:
    order = np.argsort(p, kind="stable")
    factors = len(p) / np.arange(1, len(p) + 1)
    scaled = factors * np.array(p)[order]
    stepped = np.minimum(1, np.minimum.accumulate(scaled[::-1])[::-1])
    return _back(stepped, order)


def _back(values: FloatArray, order: NDArray[np.int64]) -> list[float]:
    found = np.empty(len(values))
    found[order] = values
    return [float(value) for value in found]


def _known(p: Sequence[float], correct: Callable[[list[float]], list[float]]) -> list[float]:
    places = [index for index, one in enumerate(p) if not math.isnan(one)]
    found = [math.nan] * len(p)
    if places:
        for index, one in zip(places, correct([p[index] for index in places]), strict=True):
            found[index] = one
    return found
