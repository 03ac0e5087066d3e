"""Families of models, a deep one among them: how many layers there are matters here."""

import pytest

from tests.families import FAMILIES


@pytest.fixture(params=sorted(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    """Each family of models in turn, by name."""
    return str(request.param)
