from pathlib import Path

import numpy as np
import pytest

from bathyscope.attribution.evaluations import stored_evaluations
from bathyscope.errors import InputError

ASKED = ((1, 2, 3), (4, 5))
ANSWER = (np.array([-0.5, -1 / 3]), np.array([2.0, 1e-300]))


def test_what_was_stored_comes_back_exactly(tmp_path: Path) -> None:
    with stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations:
        assert ASKED not in evaluations
        evaluations.add(ASKED, ANSWER)
    with stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations:
        assert ASKED in evaluations
        np.testing.assert_array_equal(evaluations[ASKED], ANSWER)
        assert ((1, 2), (3, 4, 5)) not in evaluations


def test_another_model_knows_nothing(tmp_path: Path) -> None:
    with stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations:
        evaluations.add(ASKED, ANSWER)
    with stored_evaluations(tmp_path / "e.sqlite", "model in bfloat16") as evaluations:
        assert ASKED not in evaluations


def test_an_interruption_keeps_what_is_known(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations,
    ):
        evaluations.add(ASKED, ANSWER)
        raise KeyboardInterrupt
    with stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations:
        assert ASKED in evaluations


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.sqlite").write_bytes(b"something else" * 1000)
    with (
        pytest.raises(InputError, match="delete it"),
        stored_evaluations(tmp_path / "e.sqlite", "model"),
    ):
        pass
