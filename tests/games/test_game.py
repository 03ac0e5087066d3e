import numpy as np
import pytest

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.game import Coalitions, Game


def test_nothing_is_evaluated_twice() -> None:
    asked: list[list[int]] = []

    def evaluate(coalitions: Coalitions) -> FloatArray:
        asked.extend(coalitions.astype(int).tolist())
        values: FloatArray = coalitions @ np.array([[1.0, 10.0], [2.0, 20.0]])
        return values

    game = Game(2, evaluate)
    rows = np.array([[1, 0], [1, 1], [1, 0]], dtype=np.bool_)
    np.testing.assert_array_equal(game.values(rows), [[1, 10], [3, 30], [1, 10]])
    np.testing.assert_array_equal(game.all(), [3, 30])
    np.testing.assert_array_equal(game.none(), [0, 0])
    game.values(rows)
    assert sorted(asked) == [[0, 0], [1, 0], [1, 1]]
    assert game.num_evaluations == 3


def test_a_failed_evaluation_is_not_remembered() -> None:
    def evaluate(coalitions: Coalitions) -> FloatArray:
        raise KeyboardInterrupt

    game = Game(1, evaluate)
    with pytest.raises(KeyboardInterrupt):
        game.all()
    assert game.num_evaluations == 0
