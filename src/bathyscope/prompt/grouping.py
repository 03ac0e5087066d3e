"""Features inside features: what a demonstration did, from what its expressions did."""

import numpy as np

from bathyscope.errors import InputError
from bathyscope.heatmap import Heatmap, Span
from bathyscope.prompt.labels import feature_axis
from bathyscope.prompt.prompt import Prompt


def group_columns(heatmap: Heatmap, parents: Prompt) -> Heatmap:
    """Return a map whose columns are summed into the parents that contain them.

    Meaningful for methods whose values add up (Shapley values, integrated gradients): the rows'
    sums stay as they are. A column in no parent stays a column of its own, a parent without
    columns is left out, and columns stand in the order of their text.

    Args:
        heatmap: A map (rows, features) whose columns carry spans.
        parents: The same text, with the parents as its features.

    Returns:
        A map (rows, groups) with the parents' spans, in the same unit. Its provenance keeps the
        former columns' spans as "grouped_from".

    Raises:
        InputError: The columns have no spans, lie beyond the text, or cross a parent's edge.
    """
    spans = heatmap.columns.spans
    if spans is None:
        raise InputError("The map's columns have no place in the prompt; group features only.")
    given = heatmap.provenance.get("prompt", parents.text)
    if given != parents.text:
        raise InputError(
            "The parents are features of another text than the map's prompt; segment the text "
            "that the map was made for (heatmap.provenance['prompt'])."
        )
    groups: dict[Span, list[int]] = {}
    for column, span in enumerate(spans):
        groups.setdefault(_parent(span, parents), []).append(column)
    grouped = Prompt(parents.text, tuple(sorted(groups)), parents.segmenter)
    columns = [groups[span] for span in grouped.features]
    return Heatmap(
        values=np.stack([heatmap.values[:, group].sum(axis=1) for group in columns], axis=1),
        rows=heatmap.rows,
        columns=feature_axis(grouped),
        quantity=heatmap.quantity,
        provenance={
            **heatmap.provenance,
            "features": [list(span) for span in grouped.features],
            "segmenter": parents.segmenter,
            "grouped_from": [list(span) for span in spans],
        },
    )


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
