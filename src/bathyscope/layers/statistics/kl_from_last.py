"""Kullback-Leibler divergence of a layer's prediction from the last layer's."""

from math import log
from typing import TYPE_CHECKING

from bathyscope.core.heatmap import Quantity
from bathyscope.layers.statistics.statistic import Cells, LayerStatistic

if TYPE_CHECKING:
    from torch import Tensor


class KlFromLast(LayerStatistic):
    """KL(q ‖ p) = Σ q log₂(q / p), in bits, from 0 up, without limit."""

    name = "kl_from_last"
    summary = "what is lost by taking a layer's prediction for the last layer's, bits"
    quantity = Quantity(
        "KL divergence from the last layer",
        "bits",
        legend="KL(q ‖ p): bits lost by whoever takes a layer's prediction for the last layer's",
    )

    def compute(self, cells: Cells) -> "Tensor":
        """Return KL(q ‖ p) in bits; rounding below 0 is taken off."""
        crossed = -(cells.log_probs * cells.last_probs).sum(-1).to(cells.last_entropy.dtype)
        return (crossed - cells.last_entropy).clamp_(min=0) / log(2)
