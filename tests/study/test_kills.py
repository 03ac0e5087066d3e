"""Processes of a study killed at random moments, a few times; `make reliability` kills more."""

import pytest

from tests.reliability.studies import killed


@pytest.mark.parametrize(("kind", "count"), [("driver", 6), ("processes", 3)])
def test_the_rows_are_those_of_an_undisturbed_batch(kind: str, count: int) -> None:
    assert killed(kind, count, seed=5)["killed"] == count
