"""All that an attribution can be asked for by name: methods over games, gradients, interactions."""

from bathyscope.attribution.gradient_methods import GRADIENT_METHODS, GradientMethod
from bathyscope.games.method import Method
from bathyscope.games.methods import INTERACTIONS, METHODS


def method_named(name: str) -> Method | GradientMethod | None:
    """Return a method by its name; None where there is none, as in a file of another place."""
    if name == INTERACTIONS.name:
        return INTERACTIONS
    return GRADIENT_METHODS.get(name) or METHODS.get(name)
