"""Games whose Shapley values are known, for judging estimators without running a model.

demos12, words12 and words13 hold ln p of every coalition of real prompts on the bundled model,
float32, (2^F, targets), row n being the coalition whose feature i is present where bit i of n is
set: twelve worked examples before a question; the first twelve words of an arithmetic sentence;
the first thirteen of a sentence that ends in "which is". question11 and labels10 are of that
kind, too; `make` has their texts. The others are made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from pathlib import Path

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.game import Coalitions, Game

HERE = Path(__file__).parent

REAL = ("demos12", "words12", "words13", "question11", "labels10")


@dataclass(frozen=True)
class Known:
    """A game, made anew each time, and its Shapley values (targets, features)."""

    features: int
    evaluate: Callable[[Coalitions], FloatArray]
    exact: FloatArray

    def game(self) -> Game:
        """Return the game with nothing evaluated yet."""
        return Game(self.features, self.evaluate)


def of_table(values: FloatArray) -> Known:
    """Return the game of the values of all coalitions, (2^F, targets)."""
    features = len(values).bit_length() - 1
    places = 1 << np.arange(features)
    return Known(features, lambda coalitions: values[coalitions @ places], exact_of_table(values))


def exact_of_table(values: FloatArray) -> FloatArray:
    """Return the Shapley values of a table of all coalitions, as `exact_shapley` does."""
    features = len(values).bit_length() - 1
    numbers = np.arange(len(values))
    sizes = np.bitwise_count(numbers)
    weights = np.array([1 / (features * comb(features - 1, s)) for s in range(features)])
    exact = np.empty((values.shape[1], features))
    for feature in range(features):
        without = numbers[numbers >> feature & 1 == 0]
        effect = values[without | 1 << feature] - values[without]
        exact[:, feature] = weights[sizes[without]] @ effect
    return exact


def real(name: str) -> Known:
    """Return one of the real games."""
    with np.load(HERE / f"{name}.npz") as held:
        return of_table(held["v"].astype(np.float64))


def saturating(features: int = 20) -> Known:
    """Return ln p of two targets, p a logistic function of features that interact in pairs."""
    generator = np.random.default_rng(1)
    weights = generator.normal(size=(features, 2)) * 1.5
    pairs = np.triu(generator.normal(size=(2, features, features)) * 0.5, 1)
    present = (np.arange(2**features)[:, None] >> np.arange(features) & 1).astype(np.float64)
    together = np.stack([((present @ pair) * present).sum(axis=1) for pair in pairs], axis=1)
    return of_table(-np.logaddexp(0, -(present @ weights + together)))


def conjunctions(features: int = 40) -> Known:
    """Return single effects and 60 effects that need two to eight features at once."""
    generator = np.random.default_rng(2)
    weights = generator.normal(size=(features, 2))
    needed = np.zeros((60, features), dtype=np.bool_)
    for row, size in zip(needed, generator.integers(2, 9, 60), strict=True):
        row[generator.choice(features, size, replace=False)] = True
    worth = generator.normal(size=(60, 2))

    def evaluate(coalitions: Coalitions) -> FloatArray:
        lacking = (~coalitions).astype(np.float64) @ needed.T.astype(np.float64)
        return np.asarray(coalitions @ weights + (lacking == 0) @ worth)

    shares = needed / needed.sum(axis=1, keepdims=True)
    return Known(features, evaluate, (weights + shares.T @ worth).T)


def known_games() -> dict[str, Known]:
    """Return all of them by name."""
    found = {name: real(name) for name in REAL}
    return found | {"saturating20": saturating(), "conjunctions40": conjunctions()}
