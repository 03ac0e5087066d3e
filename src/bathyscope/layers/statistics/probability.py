"""Probability that a layer gives the token that stands in the response."""

from typing import TYPE_CHECKING

from bathyscope.core.heatmap import Quantity
from bathyscope.layers.statistics.statistic import Cells, LayerStatistic

if TYPE_CHECKING:
    from torch import Tensor


class Probability(LayerStatistic):
    """p(y) of the token y that stands in the response, 0 to 1."""

    name = "probability"
    summary = "what a layer gives the token of the response"
    quantity = Quantity(
        "probability of the token", bounds=(0.0, 1.0), legend="p(y): what a layer gives the token"
    )

    def compute(self, cells: Cells) -> "Tensor":
        """Return p(y)."""
        return cells.own_log_probs[:, 0].to(cells.last_entropy.dtype).exp()
