"""Layer statistic: one number for each cell of a depth map, and what it means.

For a layer l and the position that predicts token y: h is the residual stream after the layer, p
the prediction read off it through the lens, q the model's own. Statistics use what tensors can do
by themselves, so that these files need no torch to be imported.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from bathyscope.core.heatmap import Quantity
from bathyscope.core.registry import working

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Cells:
    """Some cells of a depth map, while what the layers say of them lies in memory.

    Attributes:
        log_probs: ln p of every token, at least float32, shape (cells, vocab_size).
        last_probs: q of every token, same shape; at least the smallest normal number.
        last_entropy: H(q) in nats, shape (cells,), in float64 or the most exact type of the device.
        emitted: Token ids y that stand in the response, int64, shape (cells,).
        states: h, as the layers leave it: no norm, no lens, shape (cells, hidden_size).
        last_states: The same of the last layer.
    """

    log_probs: "Tensor"
    last_probs: "Tensor"
    last_entropy: "Tensor"
    emitted: "Tensor"
    states: "Tensor"
    last_states: "Tensor"

    @cached_property
    def probs(self) -> "Tensor":
        """The layers' p of every token, shape (cells, vocab_size)."""
        return self.log_probs.exp()

    @cached_property
    def own_log_probs(self) -> "Tensor":
        """Their ln p of the emitted tokens, shape (cells, 1)."""
        return self.log_probs.gather(-1, self.emitted[:, None])


class LayerStatistic(ABC):
    """One number for each cell; one small class each, registered by its name.

    Attributes:
        name: What it is asked for by, and the name of its array.
        summary: One line for lists.
        quantity: What a cell measures: name, unit, bounds.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    quantity: ClassVar[Quantity]

    @abstractmethod
    def compute(self, cells: Cells) -> "Tensor":
        """Return the number of every cell, shape (cells,)."""


def computed(statistic: LayerStatistic, cells: Cells) -> "Tensor":
    """Return the number of every cell, shape (cells,), whoever wrote the statistic.

    Raises:
        InputError: A statistic of another package fails, or gives another number of numbers.
    """
    with working("layer statistic", statistic):
        numbers = statistic.compute(cells)
        if numbers.shape != cells.emitted.shape:
            came, expected = tuple(numbers.shape), tuple(cells.emitted.shape)
            raise ValueError(f"its numbers have the shape {came}, not {expected}")
    return numbers
