import numpy as np
import pytest

import bathyscope as bs
from bathyscope.heatmap import Axis, Heatmap
from bathyscope.layers.divergence import JENSEN_SHANNON
from bathyscope.render.kinds import Kinds, kinds

PROVENANCE = {
    "model": {"name": "tiny", "dtype": "float32"},
    "generated": False,
    "target": "text",
    "lens": "norm",
    "threshold": 0.5,
    "depth_fraction": 0.85,
    "deep_layer": 8,
}


def run_of(labels: tuple[str, ...], depths: list[int]) -> bs.DepthRun:
    values = np.full((8, len(labels)), 0.75)
    rows = Axis("layer", tuple(str(layer) for layer in range(1, 9)))
    heatmap = Heatmap(values, rows, Axis("response token", labels), JENSEN_SHANNON, PROVENANCE)
    return bs.DepthRun(heatmap, np.array(depths), 0.0)


def test_medians_of_both_kinds() -> None:
    labels = ("▁The", "▁sum", "▁is", "▁8", "▁+", "▁", "5", "▁=", "▁pens", ".")
    run = run_of(labels, [1, 9, 3, 7, 2, 8, 9, 2, 6, 2])
    assert kinds(run) == Kinds(3, 2.0, 4, 7.5)
    assert "layer 2 in the median, earlier than digits" in bs.describe(run)


def test_the_other_way_round_is_said_too() -> None:
    run = run_of(("▁is", "1", "2"), [9, 1, 2])
    assert "later than digits" in bs.describe(run)
    assert "as early as digits" in bs.describe(run_of(("▁is", "1"), [4, 4]))


@pytest.mark.parametrize("labels", [("▁is", "."), ("1", "2")])
def test_nothing_is_said_where_a_kind_is_missing(labels: tuple[str, ...]) -> None:
    run = run_of(labels, [1, 2])
    assert kinds(run) is None and "Template" not in bs.describe(run)
