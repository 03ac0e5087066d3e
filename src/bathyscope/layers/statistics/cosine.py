"""Cosine of a layer's residual stream with the last layer's."""

from typing import TYPE_CHECKING

from bathyscope.core.heatmap import Quantity
from bathyscope.layers.statistics.statistic import Cells, LayerStatistic

if TYPE_CHECKING:
    from torch import Tensor


class Cosine(LayerStatistic):
    """h_l · h_L / (|h_l| |h_L|), −1 to 1, of the residual stream itself: no norm, no lens."""

    name = "cosine"
    summary = "cosine of a layer's residual stream with the last layer's"
    quantity = Quantity(
        "cosine with the last layer",
        bounds=(-1.0, 1.0),
        neutral=0.0,
        legend="cosine of the angle between a layer's residual stream and the last layer's",
    )

    def compute(self, cells: Cells) -> "Tensor":
        """Return the cosine, in float64 where the device has it; a vector of zeros gives 0."""
        from torch import cosine_similarity

        exact = cells.last_entropy.dtype
        return cosine_similarity(cells.states.to(exact), cells.last_states.to(exact)).clamp_(-1, 1)
