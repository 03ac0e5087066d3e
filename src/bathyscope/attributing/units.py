"""A quantity in the unit of what was measured."""

from dataclasses import replace

from bathyscope.attribution.prompt_game import VALUES
from bathyscope.heatmap import Quantity


def in_unit(quantity: Quantity, of: str) -> Quantity:
    """Return a quantity defined in nats as it reads for another value of a token."""
    unit, words = VALUES[of][:2]
    return replace(
        quantity, unit=unit, legend=quantity.legend.replace("nats of log-probability", words)
    )
