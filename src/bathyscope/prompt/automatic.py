"""What the features are where nobody says."""

from collections.abc import Sequence

from bathyscope.errors import InputError
from bathyscope.heatmap import Span
from bathyscope.prompt.demonstrations import labelled_demonstrations
from bathyscope.prompt.segmenters import MARKED
from bathyscope.prompt.sentences import sentences
from bathyscope.prompt.words import words


def automatic_features(text: str, marks: Sequence[Span]) -> tuple[tuple[Span, ...], str]:
    """Return the features that most would want, and the segmenter that chose them.

    In this order: the marks; the demonstrations of a few-shot prompt with a repeated label such
    as `Q:`; the sentences where there are two or more; the words.

    Raises:
        InputError: The prompt is white space only.
    """
    if marks:
        return tuple(marks), MARKED
    if found := labelled_demonstrations(text):
        return tuple(found), "demonstrations"
    if len(found := sentences(text)) > 1:
        return tuple(found), "sentences"
    if found := words(text):
        return tuple(found), "words"
    raise InputError("The prompt is white space only; give it text.")
