import numpy as np

from bathyscope.attribution.contrast import WHOLE, align
from bathyscope.core.heatmap import Axis


def test_equal_and_replaced_tokens_align() -> None:
    contrast = align([1, 2, 3, 4], [1, 2, 9, 4])
    assert contrast.pairs == ((0, 0), (1, 1), (2, 2), (3, 3))
    axes = Axis("t", ("a", "b", "▁/", "c")), Axis("t", ("a", "b", "▁x", "c"))
    assert contrast.axis(*axes).labels == ("a", "b", "▁/ | ▁x", "c", WHOLE)


def test_tokens_without_a_counterpart_count_in_the_whole_only() -> None:
    contrast = align([7, 1, 2, 3], [1, 2, 9, 9, 3])
    assert contrast.pairs == ((1, 0), (2, 1), (3, 4))
    values = contrast.values(np.arange(9.0)[None])
    assert values.tolist() == [[1 - 4, 2 - 5, 3 - 8, (0 + 1 + 2 + 3) - (4 + 5 + 6 + 7 + 8)]]


def test_targets_with_nothing_in_common_have_the_whole() -> None:
    assert align([1, 2], [3, 4, 5]).values(np.ones((2, 5))).tolist() == [[-1], [-1]]
