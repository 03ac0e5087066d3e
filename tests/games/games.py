"""Games given as tables, small enough for brute force."""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.game import Coalitions, Game

Table = dict[frozenset[int], FloatArray]


def random_table(count: int, targets: int, seed: int) -> Table:
    """Return independent random values: interactions of every order, at full strength."""
    values = np.random.default_rng(seed).normal(size=(2**count, targets)) * 3
    return {
        frozenset(i for i in range(count) if number >> i & 1): values[number]
        for number in range(2**count)
    }


def game_of(table: Table, count: int) -> Game:
    def evaluate(coalitions: Coalitions) -> FloatArray:
        return np.array([table[frozenset(np.flatnonzero(row).tolist())] for row in coalitions])

    return Game(count, evaluate)


def noise_game(features: int, seed: int) -> Game:
    """Return a game of two targets in which only the whole coalition matters, all at random."""
    values = np.random.default_rng(seed).normal(size=(2**features, 2))
    places = 1 << np.arange(features)
    return Game(features, lambda coalitions: values[coalitions @ places])


def log_probability_game(features: int, seed: int) -> Game:
    """Return ln p of two targets, p a logistic function of features that interact in pairs.

    What a language model's values look like: bounded by 0 above, with a long tail below, so
    that effects saturate.
    """
    generator = np.random.default_rng(seed)
    weights = generator.normal(size=(features, 2)) * 1.5
    pairs = np.triu(generator.normal(size=(2, features, features)) * 0.5, 1)

    def evaluate(coalitions: Coalitions) -> FloatArray:
        present = coalitions.astype(np.float64)
        together = np.stack([((present @ pair) * present).sum(axis=1) for pair in pairs], axis=1)
        return np.asarray(-np.logaddexp(0, -(present @ weights + together)))

    return Game(features, evaluate)


def conjunction_game(features: int, seed: int) -> Game:
    """Return single effects and twelve effects that need several features at once, two targets."""
    generator = np.random.default_rng(seed)
    weights = generator.normal(size=(features, 2))
    needed = generator.random((12, features)) < 0.3
    worth = generator.normal(size=(12, 2))

    def evaluate(coalitions: Coalitions) -> FloatArray:
        met = (coalitions[:, None, :] | ~needed).all(axis=2)
        return np.asarray(coalitions @ weights + met @ worth)

    return Game(features, evaluate)


def rare_game(features: int, seed: int, saturating: bool) -> Game:
    """Return two targets with an effect of 12 that needs eight features at once, of small ones.

    A random coalition holds those eight once in 256 times. Saturating: as ln p of a token.
    """
    generator = np.random.default_rng(seed)
    weights = generator.normal(size=(features, 2)) * (0.5 if saturating else 1.0)
    needed = np.zeros((2, features), dtype=np.bool_)
    for target in needed:
        target[generator.choice(features, 8, replace=False)] = True

    def evaluate(coalitions: Coalitions) -> FloatArray:
        met = (coalitions[:, None, :] | ~needed).all(axis=2)
        values = coalitions @ weights + 12.0 * met
        return np.asarray(-np.logaddexp(0, 6 - values) if saturating else values)

    return Game(features, evaluate)
