"""The fit to many pairs behind sampled Banzhaf values, against formulas written out."""

import numpy as np

from bathyscope.games.by_regression import banzhaf_by_regression
from bathyscope.games.draws import draw_alike
from bathyscope.games.pair_sample import see
from tests.games.games import noise_game


def test_the_error_is_hc3_of_the_pairs() -> None:
    """Residuals are divided by 1 − leverage: with few pairs for a feature that is no detail."""
    game = noise_game(9, 2)
    pairs = draw_alike(9, 54, seed=1)
    found = banzhaf_by_regression(see(game, pairs))
    assert found.degrees_of_freedom == 54 - 9 and found.standard_error is not None
    signs = np.where(pairs.present, 1.0, -1.0)
    differences = game.values(pairs.present) - game.values(~pairs.present)
    gram = np.linalg.inv(signs.T @ signs)
    values = gram @ signs.T @ differences
    np.testing.assert_allclose(found.values, values.T, atol=1e-10)
    leverage = np.diag(signs @ gram @ signs.T)
    for target in range(2):
        left = differences[:, target] - signs @ values[:, target]
        meat = signs.T @ np.diag((left / (1 - leverage)) ** 2) @ signs * (1 - 54 / 255)
        expected = np.sqrt(np.diag(gram @ meat @ gram))
        np.testing.assert_allclose(found.standard_error[target], expected, rtol=1e-9)
    assert leverage.mean() > 0.05, "where leverage is small, HC0 would do as well"
