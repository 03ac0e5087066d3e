"""Readings of a short text, by which a model is told from one with other weights.

A hash names the file that a model came from. Weights that were changed after loading (norms folded
into products, streams centred) have the same hash and another language in their layers.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bathyscope.core.errors import InputError
from bathyscope.layers.lenses.lens import Lens, read_states, stacked
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokens import Continuation

_MOST_TOKENS = 24
# Numbers that are kept of each layer: its reading along so many fixed directions.
_DIRECTIONS = 16
# The same weights on another machine, or loaded in half precision, still agree to this.
_LEAST, _LEAST_IN_HALF = 0.999, 0.95


def sample_of(model: LanguageModel, lens: Lens, ids: Sequence[int]) -> dict[str, Any]:
    """Return what a lens reads off the last token of a short text; plain JSON values.

    Args:
        model: The model that the lens is of.
        lens: The lens.
        ids: Tokens of a text, two or more; the first few are kept.

    Returns:
        "ids", the text, and "readings", of every layer its state as it goes into the unembedding,
        seen from a few fixed directions and of length 1.
    """
    kept = tuple(ids[:_MOST_TOKENS])
    return {"ids": list(kept), "readings": np.round(_readings(model, lens, kept), 6).tolist()}


def require_same_sample(path: Path, sample: Any, model: LanguageModel, lens: Lens) -> None:
    """Raise InputError where a lens reads something else off the short text than it did."""
    try:
        then = np.array(sample["readings"], dtype=np.float64)
        now = _readings(model, lens, tuple(map(int, sample["ids"])))
        if then.shape != now.shape:
            raise ValueError(f"readings of shape {then.shape}")
        alike = float((then * now).sum(axis=1).min())
    except (InputError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{path} is damaged: its sample cannot be read ({error!r}); fit the lens again."
        ) from error
    full = model.model.dtype in (torch.float32, torch.float64)
    if not alike >= (_LEAST if full else _LEAST_IN_HALF):
        raise InputError(
            f"{path} was fitted for other weights than {model.provenance['name']} has now (on a "
            f"short text their readings agree to {alike:.3f} only, where 1 is the same): weights "
            "that were processed after loading need a lens of their own; fit one."
        )


def _readings(model: LanguageModel, lens: Lens, ids: tuple[int, ...]) -> Any:
    """Return float64 (num_layers, directions), each row of length 1."""
    states = model.hidden_states(Continuation(ids[:-1], ids[-1:], None))
    intermediate, last = read_states(model.anatomy, lens, *stacked(states))
    rows = torch.cat([intermediate[:, -1], last[-1:]]).cpu().double()
    seen = rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-300) @ _directions(rows.shape[1])
    return (seen / seen.norm(dim=1, keepdim=True).clamp_min(1e-300)).numpy()


def _directions(width: int) -> Tensor:
    """Return directions of a plain formula, shape (width, directions), so that none is drawn."""
    places = torch.arange(1, width + 1, dtype=torch.float64)[:, None]
    waves = torch.arange(1, _DIRECTIONS + 1, dtype=torch.float64)[None]
    return torch.cos(places * waves.sqrt() * 1.7)
