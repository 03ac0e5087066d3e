"""Features inside features: which parent each of them belongs to."""

from collections.abc import Sequence

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.prompt.prompt import Prompt


def grouped(features: Sequence[Span], parents: Prompt) -> tuple[Prompt, list[list[int]]]:
    """Return the parents that contain features, and the positions of the features in each.

    A feature in no parent stays one of its own, a parent without features is left out, and all
    stand in the order of their text.

    Args:
        features: Spans of the parents' text.
        parents: The text with the parents as its features.

    Raises:
        InputError: A feature crosses a parent's edge, or lies beyond the text.
    """
    members: dict[Span, list[int]] = {}
    for position, span in enumerate(features):
        members.setdefault(_parent(span, parents), []).append(position)
    prompt = Prompt(parents.text, tuple(sorted(members)), parents.segmenter, parents.notes)
    return prompt, [members[span] for span in prompt.features]


def _parent(span: Span, parents: Prompt) -> Span:
    """Return the parent that contains a span, or the span itself where none touches it."""
    start, end = span
    for parent in parents.features:
        if parent[0] <= start and end <= parent[1]:
            return parent
        if start < parent[1] and parent[0] < end:
            raise InputError(
                f"The feature at characters {start}..{end} crosses the edge of the parent at "
                f"{parent[0]}..{parent[1]}; choose parents that contain whole features."
            )
    return span
