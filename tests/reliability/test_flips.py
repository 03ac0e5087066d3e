"""A short version of the flips of `make reliability`, and its judge judged."""

import json
import random
from pathlib import Path

import pytest

from tests.reliability.flips import FILES, Stored, flipped, flips
from tests.reliability.kills import RESULTS

pytestmark = pytest.mark.filterwarnings("ignore:The cache of evaluations")


@pytest.mark.parametrize("name", FILES)
def test_nothing_wrong_is_read_after_a_few_flips(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(tmp_path))
    found = flips(name, 5, seed=1)
    assert found["flips"] >= 5 and found["faults"] == []


def test_wrong_readings_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12")
    stored = Stored(path, lambda: path.read_bytes().decode("latin-1"))
    assert flipped(stored, b"12", "12", random.Random(0)).startswith("wrong: bit")
    assert path.read_bytes() == b"12", "it is put back"


def test_the_figures_are_of_every_kind_of_file() -> None:
    found = json.loads((RESULTS / "flips.json").read_text())
    assert found.keys() == FILES.keys()
    assert all(one["flips"] >= 300 and not one["faults"] for one in found.values())
