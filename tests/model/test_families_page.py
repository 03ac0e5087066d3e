"""The page of families is what the sweep finds, tried anew for some of each kind."""

from functools import cache

import pytest

from tests.families_page import PAGE, in_a_process, reasons, row, sound

found_of = cache(in_a_process)

# Layers that return lists, embeddings changed in place, several residual streams, a projection
# behind the layers, experts without float64, positions counted by the cache, padding made NaN.
SOME = (
    "openai-gpt",
    "ctrl",
    "git",
    "deepseek_v4",
    "electra",
    "rembert",
    "mixtral",
    "bart",
    "bloom",
    "phi3-longrope",
    "moshi",  # its cache has a window that its mask has not
    "mllama",  # more rows embedded than predicted
)


@pytest.mark.parametrize("name", SOME)
def test_the_page_says_what_the_sweep_finds(name: str) -> None:
    record = found_of(name)
    assert sound(record), record
    text = PAGE.read_text(encoding="utf-8")
    assert row(record) in text and reasons(record) in text, "write it: make families"


def test_layers_in_lists_are_read_and_leaves_changed_in_place_have_gradients() -> None:
    table = {
        line.split(" | ")[0][2:]: line for line in PAGE.read_text(encoding="utf-8").split("\n")
    }
    assert table["openai-gpt"].count("yes") == 4, "it has no cache to stream on"
    assert table["ctrl"].count("yes") == 5


def test_what_has_no_depth_is_attributed() -> None:
    for name in ("deepseek_v4", "electra"):
        found = found_of(name)["found"]
        assert found["scores"]["verdict"] == found["attribution"]["verdict"] == "agrees"
        assert found["depth"]["verdict"] == "refused"
        assert "attributed all the same" in found["depth"]["words"]
