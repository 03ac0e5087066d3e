"""The depth map of a text: every layer of every token compared with the last layer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.progress import Progress, standard
from bathyscope.layers.last_layer import Details, LastLayerComparison, Written
from bathyscope.layers.lenses.lens import Lens, read_states, stacked
from bathyscope.layers.statistics.statistic import LayerStatistic
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.scores import Scores, joined


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

    Holds one piece of hidden states and one block of about 240 rows of the vocabulary's width,
    whatever the number of layers and tokens. States are normed block by block: a copy of a whole
    piece would lie beside it while the model runs the next.

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
    comparison = LastLayerComparison(anatomy, statistics, top_k)
    blocks: list[tuple[Tensor, Details | None, Scores]] = []
    done = 0
    for states in pieces:
        for block in _blocks(states, max(1, comparison.rows_per_block // len(states))):
            progress("compare layers", done, len(emitted))
            ids = torch.tensor(emitted[done : done + len(block[-1])], device=block[-1].device)
            blocks.append(_compared(comparison, lens, *block, ids))
            done += len(ids)
        states.clear()
        comparison.release()  # the model needs memory too, for the next piece
    progress("compare layers", len(emitted), len(emitted))
    values, details, scores = zip(*blocks, strict=True)
    return DepthMap(
        _on_processor(torch.cat(values, dim=1)).numpy(),
        _joined(
            [
                _map_details(one, part.shape)
                for one, part in zip(details, values, strict=True)
                if one is not None
            ]
        ),
        joined(scores),
    )


def _blocks(states: list[Tensor], count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all layers of `count` tokens, copied: a part would keep the whole piece in memory."""
    for start in range(0, len(states[-1]), count):
        yield stacked([layer[start : start + count] for layer in states])


def _compared(
    comparison: LastLayerComparison,
    lens: Lens,
    intermediate: Tensor,
    last: Tensor,
    emitted: Tensor,
) -> tuple[Tensor, Details | None, Scores]:
    """Return divergences (num_layers − 1, tokens), what else was asked for, scores."""
    rows, final = read_states(comparison.anatomy, lens, intermediate, last)
    written = Written(emitted, intermediate, last)
    bits, details, _, scores = comparison.columns(rows, final, written)
    assert scores is not None
    return bits, details, scores


def _map_details(details: Details, shape: Sequence[int]) -> MapDetails:
    def shaped(tensor: Tensor, *last: int) -> NDArray[Any]:
        array: NDArray[Any] = _on_processor(tensor).numpy()
        return array.reshape(*shape, *last)

    return MapDetails(
        {name: shaped(values) for name, values in details.statistics.items()},
        shaped(details.top_ids, details.top_ids.shape[1]),
        shaped(details.top_probabilities, details.top_ids.shape[1]),
    )


def _on_processor(numbers: Tensor) -> Tensor:
    """Return numbers on the CPU, float64 where they are no integers."""
    moved = numbers.cpu()
    return moved.double() if moved.is_floating_point() else moved


def _joined(parts: list[MapDetails]) -> MapDetails | None:
    if not parts:
        return None
    return MapDetails(
        {
            name: np.concatenate([part.statistics[name] for part in parts], axis=1)
            for name in parts[0].statistics
        },
        np.concatenate([p.top_ids for p in parts], axis=1),
        np.concatenate([p.top_probabilities for p in parts], axis=1),
    )
