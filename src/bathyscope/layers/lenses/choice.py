"""The lenses by name, and the way from a name and a file to a lens that reads a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.noting import note
from bathyscope.core.registry import Registry, working
from bathyscope.layers.lenses.jacobian import JacobianLens
from bathyscope.layers.lenses.lens import Lens
from bathyscope.layers.lenses.norm import NormLens
from bathyscope.layers.lenses.raw import RawLens
from bathyscope.layers.lenses.summaries import GROUP
from bathyscope.layers.lenses.tuned import TunedLens
from bathyscope.model.beginning import note_other_beginning
from bathyscope.model.language_model import LanguageModel

LENSES: Registry[type[Lens]] = Registry(
    "lens", GROUP, (NormLens, RawLens, TunedLens, JacobianLens), of_classes=True
)
"""Every lens that can be asked for, as classes."""


def check_lens(name: str, translators: str | Path | None) -> None:
    """Raise InputError for what can be seen to be wrong without a model."""
    kind = LENSES.require(name)
    if kind.reads_file and translators is None:
        raise InputError(
            f"The {name} lens was fitted to its model; name the file that `bathyscope lens fit "
            f"--kind {name}` wrote (--translators)."
        )
    if not kind.reads_file and translators is not None:
        raise InputError(
            f"Translators belong to a lens that was fitted ({_fitted()}), not to {name!r}; name "
            "it with --lens, or leave out --translators."
        )
    if translators is not None and not Path(translators).is_file():
        raise InputError(f"There is no file {translators} with translators (--translators).")


def _fitted() -> str:
    return ", ".join(name for name, kind in LENSES.own().items() if kind.reads_file)


def open_lens(model: LanguageModel, name: str, translators: str | Path | None = None) -> Lens:
    """Return a lens by its name, with its translators where it has any.

    Args:
        model: The model that is to be read.
        name: A name in `LENSES`.
        translators: File of a lens that was fitted to the model.

    Raises:
        InputError: The lens is not known, or its translators are missing, damaged or those of
            another model.
    """
    check_lens(name, translators)
    with working("lens", LENSES[name]):
        return LENSES[name].open(model, None if translators is None else Path(translators))


def note_beginning(model: LanguageModel, lens: Lens, ids: Sequence[int]) -> None:
    """Note where a text begins otherwise than the tokenizer, or the lens's own texts, have it.

    Args:
        model: Who reads it.
        lens: How its layers are read.
        ids: Token ids of the text.
    """
    note_other_beginning(model)
    fitted, first = lens.begins_with, model.tokens.tokenizer.bos_token_id
    begins = first is not None and tuple(ids[:1]) == (first,)
    if fitted is None or begins == (fitted[:1] == (first,)):
        return
    name = model.tokens.decode([first])
    if begins:
        note(
            f"The lens was fitted on texts that do not begin with {name}, and reads one that does."
        )
    else:
        note(
            f"The lens was fitted on texts that begin with {name}, and reads one that does not; "
            "--begin always reads it as the lens knows texts."
        )


def record_of(lens: Lens) -> dict[str, Any]:
    """Return what a run's provenance says of a lens."""
    return {"lens": lens.name, "lens_summary": lens.summary, **lens.provenance}
