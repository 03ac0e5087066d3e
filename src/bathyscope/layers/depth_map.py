"""The depth map of a text: every layer of every token compared with the last layer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.progress import Progress, silent
from bathyscope.layers.last_layer import ROWS_PER_BLOCK, Comparison, Details
from bathyscope.layers.lens import Lens, read_states
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.scores import Scores, joined


@dataclass(frozen=True)
class MapDetails:
    """The further quantities of a whole map.

    Attributes:
        cells: Arrays (num_layers − 1, tokens) by the names in `quantities.QUANTITIES`.
        top_ids: The k most probable tokens of each cell, (num_layers − 1, tokens, k).
        top_probabilities: Their probabilities, same shape.
    """

    cells: dict[str, FloatArray]
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
    top_k: int = 0,
    progress: Progress = silent,
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
        top_k: With 1 or more, the further quantities too, and so many tokens for each cell.
        progress: Told of the tokens done.

    Raises:
        InputError: The model has a single layer.
    """
    comparison = Comparison(anatomy, top_k)
    blocks: list[tuple[Tensor, MapDetails | None, Scores]] = []
    done = 0
    for states in pieces:
        for block in _blocks(states):
            progress("compare layers", done, len(emitted))
            ids = torch.tensor(emitted[done : done + len(block[-1])], device=block[-1].device)
            blocks.append(_compared(comparison, lens, block, ids))
            done += len(ids)
        states.clear()
        comparison.release()  # the model needs memory too, for the next piece
    progress("compare layers", len(emitted), len(emitted))
    values, details, scores = zip(*blocks, strict=True)
    return DepthMap(
        torch.cat(values, dim=1).numpy(),
        _joined([one for one in details if one is not None]),
        joined(scores),
    )


def _blocks(states: list[Tensor]) -> Iterator[list[Tensor]]:
    """Yield all layers of a few tokens, copied: a part would keep the whole piece in memory."""
    count = max(1, ROWS_PER_BLOCK // len(states))
    for start in range(0, len(states[-1]), count):
        yield [layer[start : start + count].clone() for layer in states]


def _compared(
    comparison: Comparison, lens: Lens, states: list[Tensor], emitted: Tensor
) -> tuple[Tensor, MapDetails | None, Scores]:
    """Return divergences (num_layers − 1, tokens), further quantities if asked for, scores."""
    rows, final = read_states(comparison.anatomy, lens, states)
    bits, details, _, scores = comparison.columns(rows, final, emitted)
    assert scores is not None
    further = None if details is None else _map_details(details, _cosine(states))
    return bits.cpu(), further, scores


def _cosine(states: list[Tensor]) -> Tensor:
    """Return the cosine of every intermediate layer with the last, (num_layers − 1, tokens)."""
    last = states[-1].double()
    return torch.stack(
        [torch.cosine_similarity(layer.double(), last, dim=-1) for layer in states[:-1]]
    ).clamp_(-1, 1)


def _map_details(details: Details, cosine: Tensor) -> MapDetails:
    def shaped(name: str, *last: int) -> NDArray[Any]:
        array: NDArray[Any] = getattr(details, name).cpu().numpy()
        return array.reshape(*cosine.shape, *last)

    names = ("entropy", "kl_from_last", "probability", "rank")
    cells = {name: shaped(name).astype(np.float64) for name in names}
    cells["cosine"] = cosine.cpu().numpy()
    return MapDetails(cells, shaped("top_ids", -1), shaped("top_probabilities", -1))


def _joined(parts: list[MapDetails]) -> MapDetails | None:
    if not parts:
        return None
    return MapDetails(
        {name: np.concatenate([p.cells[name] for p in parts], axis=1) for name in parts[0].cells},
        np.concatenate([p.top_ids for p in parts], axis=1),
        np.concatenate([p.top_probabilities for p in parts], axis=1),
    )
