"""How a layer's state is read: what is done to it before the unembedding."""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from bathyscope.core.errors import InputError
from bathyscope.layers.tuned_lens import open_tuned_lens, origin_of
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.language_model import LanguageModel


class Lens(Protocol):
    """Makes intermediate states ready for the unembedding.

    After any lens come the unembedding and, where the family has it, its softcapping or scaling of
    the logits, the same for every layer. The last layer is always the model's own output.
    """

    def __call__(self, anatomy: Anatomy, states: Tensor) -> Tensor:
        """Return what is unembedded.

        Args:
            anatomy: The parts of the model.
            states: Residual stream after layers 1 to L − 1, (num_layers − 1, tokens, hidden_size).

        Returns:
            Tensor of the same shape.
        """


def _norm(anatomy: Anatomy, states: Tensor) -> Tensor:
    return anatomy.normed(states)


def _raw(anatomy: Anatomy, states: Tensor) -> Tensor:
    return anatomy.projected(states)


LENSES: dict[str, Lens] = {"norm": _norm, "raw": _raw}
"""Lenses that know nothing but the model. `norm` is the usual logit lens (nostalgebraist 2020);
`raw` reads W_U h literally, no norm."""

TUNED = "tuned"
"""The lens that reads through trained translators (`layers.tuned_lens`), which lie in a file."""


class OpenedLens(NamedTuple):
    """A lens, and what a record says of it."""

    read: Lens
    provenance: dict[str, Any]


def check_lens(name: str, translators: str | Path | None) -> None:
    """Raise InputError for what can be seen to be wrong without a model."""
    if name not in (*LENSES, TUNED):
        known = ", ".join((*LENSES, TUNED))
        raise InputError(f"The lens {name!r} is not known; choose one of {known}.")
    if name == TUNED and translators is None:
        raise InputError(
            "The tuned lens reads through translators; name the file that `bathyscope lens train` "
            "wrote (--translators)."
        )
    if name != TUNED and translators is not None:
        raise InputError(
            f"Translators belong to the tuned lens, not to {name!r}; add --lens {TUNED} or leave "
            "out --translators."
        )
    if translators is not None and not Path(translators).is_file():
        raise InputError(f"There is no file {translators} with translators (--translators).")


def open_lens(model: LanguageModel, name: str, translators: str | Path | None = None) -> OpenedLens:
    """Return a lens by its name, with its translators where it has any.

    Args:
        model: The model that is to be read.
        name: A name in `LENSES`, or "tuned".
        translators: File of the tuned lens's translators.

    Raises:
        InputError: The lens is not known, or its translators are missing, damaged or those of
            another model.
    """
    check_lens(name, translators)
    if translators is None:
        return OpenedLens(LENSES[name], {"lens": name})
    path = Path(translators)
    opened = open_tuned_lens(path, model)
    return OpenedLens(opened, {"lens": name, "translators": origin_of(path)})


def read_states(anatomy: Anatomy, lens: Lens, states: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return what of each layer goes into the unembedding.

    Args:
        anatomy: The parts of the model.
        lens: How intermediate layers are read.
        states: For each layer, first to last, the residual stream (tokens, hidden_size).

    Returns:
        Intermediate layers (num_layers − 1, tokens, hidden_size), last layer (tokens, hidden_size).

    Raises:
        InputError: The model has a single layer.
    """
    *intermediate, last = states
    if not intermediate:
        raise InputError("The model has one layer only, so there is no depth to look into.")
    with torch.inference_mode():
        return lens(anatomy, torch.stack(intermediate)), anatomy.normed(last)
