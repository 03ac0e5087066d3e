"""Words for the question: what was asked of which model."""

from collections.abc import Iterator

from bathyscope.attribution.methods import method_named
from bathyscope.description.facts.attribution import Asked, Sampling
from bathyscope.description.markdown import code
from bathyscope.description.words.evidence import compared, explained, improbable
from bathyscope.description.words.phrases import Numbers, count


def asked_about(asked: Asked) -> Iterator[str]:
    """Yield which continuation is explained, what it is compared with, how probable they were."""
    own, other = asked.likelihood, asked.against_likelihood
    beside = compared(asked.against, other)
    yield from explained(
        asked.model, "continuation", asked.continuation, asked.generated, own, beside
    )
    yield from improbable(other, "continuation that it is compared with")


def method(asked: Asked) -> str:
    """Return what the value of a feature is by definition."""
    known = method_named(asked.method)
    if asked.definition is None and known is None:
        return f"as the method {code(asked.method)} defines it"
    words = asked.definition if known is None else known.definition
    return (words or "").replace("{exact}", "exact" if asked.exact else "sampled")


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
    if sampling.unvaried:
        cells = count(sampling.unvaried, "cell")
        were, their = ("was", "its") if sampling.unvaried == 1 else ("were", "their")
        yield (
            f"{cells} {were} not seen to vary among the samples, which does not make {their} "
            f"value certain: {their} interval is an upper bound on what samples may have missed."
        )
