"""Rank that a layer gives the token that stands in the response."""

from typing import TYPE_CHECKING

from bathyscope.core.heatmap import Quantity
from bathyscope.layers.statistics.statistic import Cells, LayerStatistic

if TYPE_CHECKING:
    from torch import Tensor


class Rank(LayerStatistic):
    """1 + the number of tokens to which p gives strictly more than to y."""

    name = "rank"
    summary = "rank of the token of the response in a layer's prediction, 1 the first"
    quantity = Quantity("rank of the token", legend="1: a layer would say this token itself")

    def compute(self, cells: Cells) -> "Tensor":
        """Return the rank, a whole number from 1."""
        return (cells.log_probs > cells.own_log_probs).sum(-1) + 1
