"""The raw lens: the unembedding alone, W_U h read literally."""

from torch import Tensor

from bathyscope.layers.lenses.lens import Lens
from bathyscope.layers.lenses.summaries import SUMMARIES
from bathyscope.model.anatomy import Anatomy


class RawLens(Lens):
    """W_U · h, no norm applied."""

    name = "raw"
    summary = SUMMARIES[name]

    def __call__(self, anatomy: Anatomy, states: Tensor) -> Tensor:
        """Return the states in the width of the unembedding."""
        return anatomy.projected(states)
