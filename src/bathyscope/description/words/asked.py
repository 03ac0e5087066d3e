"""What was asked of which model, in words."""

from collections.abc import Iterator

from bathyscope.description.facts.attribution import Asked, Sampling
from bathyscope.description.markdown import code
from bathyscope.description.words.phrases import Numbers, count

_METHODS = {
    "shapley": "its {exact} Shapley value, the effect of adding it averaged over all orders in "
    "which features can be added",
    "leave_one_out": "what is lost when it alone is taken out of the whole prompt",
    "banzhaf": "its {exact} Banzhaf value, the effect of adding it averaged over all sets of other "
    "features",
    "surrogate": "its weight in a sparse linear model of random sets of features",
    "saliency": "the length of the gradient at its tokens' embeddings, summed",
    "input_x_gradient": "the product of its tokens' embeddings with the gradient, summed",
    "integrated_gradients": "the product of its tokens' embeddings with the gradient, averaged "
    "along a straight path from a baseline embedding, summed",
}


def given(model: str, what: str, text: str, generated: bool) -> str:
    """Return which text is explained, and who wrote it."""
    return f"{code(model)} {'wrote' if generated else 'was given'} the {what} {code(text)}"


def method(asked: Asked) -> str:
    """Return what the value of a feature is by definition."""
    return _METHODS[asked.method].format(exact="exact" if asked.exact else "sampled")


def absent(asked: Asked) -> str:
    """Return what stands where a feature is absent."""
    if not asked.removes_text:
        return "No text is left out: gradients are read at the whole prompt."
    if asked.baseline:
        return f"An absent feature is replaced by {code(asked.baseline)}."
    return "An absent feature is left out of the prompt."


def sampled(sampling: Sampling | None, numbers: Numbers) -> Iterator[str]:
    """Yield how exact a sampled map is."""
    if sampling is None:
        return
    error = (
        "no standard error is known"
        if sampling.largest_error is None
        else f"the largest standard error of a cell is {numbers.size(sampling.largest_error)}"
    )
    yield (
        f"Sampled from {count(sampling.evaluations, 'set')} of features: {error}; the 95 % "
        f"interval covers 0 in {sampling.unclear:,} of {count(sampling.cells, 'cell')}. What "
        "follows ± is half the width of that interval."
    )
