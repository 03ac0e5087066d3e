"""The gradient methods by name: what their maps measure and how they are read. Free of torch."""

from dataclasses import dataclass

from bathyscope.attribution.token_value import TOKEN_VALUES
from bathyscope.core.heatmap import Quantity

STEPS = 50
"""Points on the path of integrated gradients where no number is given."""

PATH_BASELINES = ("zero", "mean", "pad")
"""Where a path begins: the zero vector, the mean embedding of the vocabulary, or the embedding of
the tokenizer's padding token."""


@dataclass(frozen=True)
class GradientMethod:
    """A way to read gradients at the embeddings of a prompt's tokens.

    Attributes:
        name: What it is asked for by.
        summary: One line for lists and `--help`.
        definition: Completes "A cell says how much …:" in descriptions.
        measures: The quantity in words.
        legend: How its values are to be read.
        signed: Whether it tells support from opposition.
        follows_path: Whether it begins at a baseline, and so has a completeness gap.
    """

    name: str
    summary: str
    definition: str
    measures: str
    legend: str
    signed: bool
    follows_path: bool = False

    def quantity(self, of: str) -> Quantity:
        """Return what a cell measures when the values are log-probabilities, logits or so."""
        unit = TOKEN_VALUES[of].unit
        if self.signed:
            return Quantity(self.measures, unit, neutral=0.0, legend=self.legend)
        per = f"{unit or 'probability'} per unit of embedding length"
        return Quantity(self.measures, per, legend=self.legend)


SALIENCY = GradientMethod(
    "saliency",
    "length of the gradient; no direction",
    "the length of the gradient at its tokens' embeddings, summed",
    "gradient norm",
    "how strongly the value reacts, not in which direction",
    signed=False,
)
INPUT_X_GRADIENT = GradientMethod(
    "input_x_gradient",
    "embedding times gradient: first order, one backward pass for each token",
    "the product of its tokens' embeddings with the gradient, summed",
    "input × gradient",
    "+ supports, − opposes, to first order",
    signed=True,
)
INTEGRATED_GRADIENTS = GradientMethod(
    "integrated_gradients",
    "the same averaged along a path from a baseline; its completeness gap is shown",
    "the product of its tokens' embeddings with the gradient, averaged along a straight path from "
    "a baseline embedding, summed",
    "integrated gradients",
    "+ supports, − opposes, against the baseline",
    signed=True,
    follows_path=True,
)

GRADIENT_METHODS = {
    method.name: method for method in (SALIENCY, INPUT_X_GRADIENT, INTEGRATED_GRADIENTS)
}
"""Saliency: the L2 norm of the gradient at a token's embedding (Simonyan et al. 2014, who take the
largest entry; the norm as in Atanasova et al. 2020). Input × gradient: its dot product with the
embedding (Shrikumar et al. 2016). Integrated gradients: the same along the straight path from a
baseline to the input (Sundararajan et al. 2017)."""
