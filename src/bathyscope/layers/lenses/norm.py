"""The logit lens: the final norm, then the unembedding (nostalgebraist 2020)."""

from torch import Tensor

from bathyscope.layers.lenses.lens import Lens
from bathyscope.layers.lenses.summaries import SUMMARIES
from bathyscope.model.anatomy import Anatomy


class NormLens(Lens):
    """The usual logit lens: W_U · norm(h)."""

    name = "norm"
    summary = SUMMARIES[name]

    def __call__(self, anatomy: Anatomy, states: Tensor) -> Tensor:
        """Return the states as the final norm leaves them."""
        return anatomy.normed(states)
