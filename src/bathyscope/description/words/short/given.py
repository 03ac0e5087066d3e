"""The caution of a text that was given: how probable the model found it."""

from collections.abc import Iterator

from bathyscope.description.facts.evidence import Likelihood, as_log
from bathyscope.description.words.short.paragraph import Sentence
from bathyscope.runs.evidence import probability


def caution(noun: str, generated: bool, found: Likelihood | None) -> Iterator[Sentence]:
    """Yield that a text was forced, with its probability; nothing of one that the model wrote.

    Args:
        noun: What the text is called, e.g. "response".
        generated: Whether the model wrote it.
        found: How probable it was; None where the run does not say.
    """
    if generated:
        return
    if found is None:
        yield Sentence(f"The {noun} was given; its probability is not recorded.")
        return
    own = probability(as_log(found.log_prob))
    if found.otherwise:
        yield Sentence(f"The {noun} was forced: the model gives it p = {own}.")
    else:
        yield Sentence(f"The {noun} was given; the model would have written it (p = {own}).")
