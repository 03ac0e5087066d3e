"""The fit behind sampled Banzhaf values, against formulas written out."""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.banzhaf import sampled_banzhaf
from bathyscope.games.estimate import Budget
from bathyscope.games.game import Coalitions, Game
from tests.games.games import noise_game


def test_the_error_is_hc3_of_the_pairs() -> None:
    """Residuals are divided by 1 − leverage: with few pairs for a feature that is no detail."""
    inner = noise_game(8, 2)
    asked: list[Coalitions] = []

    def evaluate(coalitions: Coalitions) -> FloatArray:
        asked.append(coalitions)
        return inner.values(coalitions)

    game = Game(8, evaluate)
    found = sampled_banzhaf(game, Budget(98, seed=1))
    drawn = np.random.default_rng(1).random((1000, 1, 8))[:, 0] < 0.5
    assert found.degrees_of_freedom is not None and found.standard_error is not None
    pairs = drawn[: found.degrees_of_freedom + 8]
    signs = np.where(pairs, 1.0, -1.0)
    differences = inner.values(pairs) - inner.values(~pairs)
    gram = np.linalg.inv(signs.T @ signs)
    values = gram @ signs.T @ differences
    np.testing.assert_allclose(found.values, values.T, atol=1e-10)
    leverage = np.diag(signs @ gram @ signs.T)
    for target in range(2):
        left = differences[:, target] - signs @ values[:, target]
        meat = signs.T @ np.diag((left / (1 - leverage)) ** 2) @ signs
        expected = np.sqrt(np.diag(gram @ meat @ gram))
        np.testing.assert_allclose(found.standard_error[target], expected, rtol=1e-9)
    assert leverage.mean() > 0.05, "where leverage is small, HC0 would do as well"
