"""A quantity in the unit of what was measured."""

from dataclasses import replace

from bathyscope.attribution.token_value import TOKEN_VALUES
from bathyscope.core.heatmap import Quantity


def in_unit(quantity: Quantity, of: str) -> Quantity:
    """Return a quantity defined in nats as it reads for another value of a token."""
    value, nats = TOKEN_VALUES[of], TOKEN_VALUES["logprob"].words
    return replace(quantity, unit=value.unit, legend=quantity.legend.replace(nats, value.words))
