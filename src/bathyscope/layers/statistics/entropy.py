"""Entropy of a layer's prediction."""

from math import log
from typing import TYPE_CHECKING

from bathyscope.core.heatmap import Quantity
from bathyscope.layers.statistics.statistic import Cells, LayerStatistic

if TYPE_CHECKING:
    from torch import Tensor


class Entropy(LayerStatistic):
    """H(p) = −Σ p log₂ p, in bits, from 0 to log₂(vocab_size)."""

    name = "entropy"
    summary = "uncertainty of a layer's prediction, bits"
    quantity = Quantity(
        "entropy", "bits", legend="H(p): bits of uncertainty in a layer's prediction"
    )

    def compute(self, cells: Cells) -> "Tensor":
        """Return H(p) in bits."""
        return -(cells.probs * cells.log_probs).sum(-1).to(cells.last_entropy.dtype) / log(2)
