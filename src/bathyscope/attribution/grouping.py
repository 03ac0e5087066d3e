"""Features inside features: what a demonstration did, from what its expressions did."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray, Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.games.replicates import jackknife_error
from bathyscope.prompt import Prompt
from bathyscope.prompt.grouping import grouped
from bathyscope.prompt.labels import feature_axis
from bathyscope.runs.attribution import AttributionRun

Sums = Callable[[FloatArray], FloatArray]
"""From numbers of columns (…, columns) to the sums of each parent's."""


@keywords_checked
def group_columns(run: AttributionRun, parents: Prompt) -> AttributionRun:
    """Return the run with its columns summed into the parents that contain them.

    Meaningful for methods whose values add up (Shapley values, gradients): the rows' sums, their
    gap, and all and none stay as they are. A column in no parent stays a column of its own, a
    parent without columns is left out, and columns stand in the order of their text.

    Errors of a sampled run are those of the sums. Cells of a row err together, so they follow from
    the run's replicates (`games.replicates`) and have one degree of freedom less than there
    are replicates, also where a parent has a single column.

    Columns that were not seen to vary add their bounds to that of their parent. So do columns that
    have but a share of their group's value, where the parent has not all of the group; a note then
    says so.

    Args:
        run: A run, as computed or opened.
        parents: The same text, with the parents as its features.

    Returns:
        A run (rows, groups) in the same unit. Its provenance keeps the former columns' spans as
        "grouped_from".

    Raises:
        InputError: The parents are of another text, a column crosses a parent's edge, or the run
            is sampled and has no replicates.
    """
    heatmap, spans = run.heatmap, run.heatmap.columns.spans
    if heatmap.provenance["prompt"] != parents.text or spans is None:
        raise InputError(
            "The parents are features of another text than the map's prompt; segment the text "
            "that the map was made for (run.heatmap.provenance['prompt'])."
        )
    prompt, members = grouped(spans, parents)

    def summed(values: FloatArray) -> FloatArray:
        return np.stack([values[..., group].sum(axis=-1) for group in members], axis=-1)

    provenance = {
        **heatmap.provenance,
        "features": [list(span) for span in prompt.features],
        "segmenter": parents.segmenter,
        "grouped_from": [list(span) for span in spans],
    }
    map_of_sums = Heatmap(
        summed(heatmap.values), heatmap.rows, feature_axis(prompt), heatmap.quantity, provenance
    )
    sums = AttributionRun(
        map_of_sums,
        run.all,
        run.none,
        evidence=run.evidence,
        against_evidence=run.against_evidence,
        notes=tuple(dict.fromkeys((*run.notes, *parents.notes))),
    )
    if run.standard_error is None:
        return sums
    bounded = _bounded(run, members)
    return _with_errors(sums, run, summed, bounded).noted(_cut(run, bounded, summed))


def _with_errors(
    sums: AttributionRun, run: AttributionRun, summed: Sums, bounded: NDArray[np.bool_]
) -> AttributionRun:
    """Return the sums of a sampled run with the errors of sums.

    Args:
        sums: The sums alone.
        run: The run they are of.
        summed: Returns the sums of columns.
        bounded: Which columns' bounds count, shape (columns,).
    """
    if run.replicates is None:
        raise InputError(
            "The run does not hold the replicates from which errors of sums follow (they are in "
            "its arrays.safetensors); compute it again."
        )
    replicates = summed(run.replicates)
    of_target = run.whole(np.moveaxis(replicates, 0, 1))
    return replace(
        sums,
        standard_error=jackknife_error(replicates),
        degrees_of_freedom=len(replicates) - 1,
        whole_target_error=jackknife_error(of_target),
        halves=None if run.halves is None else summed(run.halves),
        replicates=replicates,
        unseen=_unseen(run.unseen, bounded, summed),
        whole_target_unseen=_unseen(run.whole_target_unseen, bounded, summed),
    )


def _unseen(
    bounds: FloatArray | None, bounded: NDArray[np.bool_], summed: Sums
) -> FloatArray | None:
    """Return the bounds of sums: the sum of their cells' bounds, none where no cell has one."""
    if bounds is None:
        return None
    counting = np.where(bounded, bounds, np.nan)
    has_one = summed(np.isfinite(counting).astype(np.float64)) > 0
    sums: FloatArray = np.where(has_one, summed(np.nan_to_num(counting)), np.nan)
    return sums


def _bounded(run: AttributionRun, members: Sequence[list[int]]) -> NDArray[np.bool_]:
    """Return which columns' bounds count: not those of a group that a parent has all of.

    What such a group is worth was measured; only who in it did what was not.
    """
    counts = np.ones(len(run.heatmap.columns), dtype=np.bool_)
    if run.group_of is None or run.shared is None:
        return counts
    sizes = np.bincount(run.group_of)
    for own in members:
        here = np.bincount(run.group_of[own], minlength=len(sizes))
        complete = (here == sizes)[run.group_of[own]]
        counts[own] = ~(complete & run.shared[own])
    return counts


def _cut(run: AttributionRun, bounded: NDArray[np.bool_], summed: Sums) -> Iterator[str]:
    """Yield how many sums hold shares of groups of which they have not all."""
    if run.shared is None:
        return
    parents = int((summed((run.shared & bounded).astype(np.float64)) > 0).sum())
    if parents:
        yield (
            f"{parents} of {len(summed(np.ones(len(bounded))))} columns hold even shares of the "
            "values of groups that were not measured one by one; their intervals say how far off "
            "that may be."
        )
