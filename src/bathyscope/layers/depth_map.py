"""The depth map of a text: every layer of every token compared with the last layer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.progress import Progress, standard
from bathyscope.layers.last_layer import (
    Details,
    LastLayerComparison,
    Scored,
    Written,
    scores_of,
)
from bathyscope.layers.lenses.lens import Lens, blocks_of, read_states
from bathyscope.layers.statistics.statistic import LayerStatistic
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.scores import Scores


@dataclass(frozen=True)
class MapDetails:
    """Details of the cells of a whole map.

    Attributes:
        statistics: Arrays (num_layers − 1, tokens) by the names of layer statistics.
        top_ids: The k most probable tokens of each cell, (num_layers − 1, tokens, k).
        top_probabilities: Their probabilities, same shape.
    """

    statistics: dict[str, FloatArray]
    top_ids: NDArray[np.int64]
    top_probabilities: FloatArray


class DepthMap(NamedTuple):
    """Every layer of every token compared with the last layer.

    Attributes:
        values: Bits, float64 (num_layers − 1, tokens).
        details: The further quantities; None where they were not asked for.
        scores: How each token of the text stands among the model's own predictions.
    """

    values: FloatArray
    details: MapDetails | None
    scores: Scores


def depth_map(
    anatomy: Anatomy,
    pieces: Iterable[list[Tensor]],
    lens: Lens,
    emitted: tuple[int, ...],
    statistics: Sequence[LayerStatistic] = (),
    top_k: int = 0,
    progress: Progress = standard,
) -> DepthMap:
    """Return the divergence of every intermediate layer's prediction from the last layer's.

    Holds one piece of hidden states and one block of rows of the vocabulary's width (240 on a
    processor), whatever the number of layers and tokens. States are normed block by block: a copy
    of a whole piece would lie beside it while the model runs the next.

    Args:
        anatomy: The parts of the model.
        pieces: Parts of the text in order; for each, the residual stream of every layer, first to
            last, (tokens, hidden_size).
        lens: How intermediate layers are read.
        emitted: The token that stands at each position, (all tokens).
        statistics: What else is asked of each cell.
        top_k: So many of the most probable tokens for each cell, too.
        progress: Told of the tokens done.

    Raises:
        InputError: The model has a single layer.
    """
    comparison = LastLayerComparison(anatomy, statistics, top_k, wide=lens.wide)
    ids = torch.tensor(emitted, device=anatomy.device)
    blocks: list[tuple[Tensor, Details | None, list[Scored]]] = []
    done = 0
    for states in pieces:
        for block in blocks_of(states, max(1, comparison.rows_per_block // len(states))):
            progress("compare layers", done, len(emitted))
            own = ids[done : done + len(block[-1])]
            blocks.append(_compared(comparison, lens, *block, own))
            done += len(own)
        states.clear()
        comparison.release()  # the model needs memory too, for the next piece
    progress("compare layers", len(emitted), len(emitted))
    bits, details, scored = zip(*blocks, strict=True)
    return DepthMap(
        _brought_over(bits),
        _map_details([one for one in details if one is not None], len(bits[0])),
        scores_of([part for own in scored for part in own]),
    )


def _compared(
    comparison: LastLayerComparison,
    lens: Lens,
    intermediate: Tensor,
    last: Tensor,
    emitted: Tensor,
) -> tuple[Tensor, Details | None, list[Scored]]:
    """Return divergences (num_layers − 1, tokens), what else was asked for, what scores follow of.

    All of it stays on the device: to look at each block would have it wait for the processor.
    """
    rows, final = read_states(comparison.anatomy, lens, intermediate, last)
    found = comparison.columns(rows, final, Written(emitted, intermediate, last))
    return found.bits, found.details, found.scored


def _map_details(parts: Sequence[Details], layers: int) -> MapDetails | None:
    """Return the details of blocks whose cells come layer by layer, as those of the map."""
    if not parts:
        return None

    def shaped(tensors: Sequence[Tensor]) -> NDArray[Any]:
        return _brought_over(
            [own.view(layers, len(own) // layers, *own.shape[1:]) for own in tensors]
        )

    return MapDetails(
        {name: shaped([part.statistics[name] for part in parts]) for name in parts[0].statistics},
        shaped([part.top_ids for part in parts]),
        shaped([part.top_probabilities for part in parts]),
    )


def _brought_over(parts: Sequence[Tensor]) -> NDArray[Any]:
    """Return numbers (layers, tokens, …) on the processor, float64 where they are no integers."""
    moved = torch.cat(list(parts), dim=1).cpu()
    numbers: NDArray[Any] = (moved.double() if moved.is_floating_point() else moved).numpy()
    return numbers
