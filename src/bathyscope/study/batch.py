"""A batch: every record of a file asked, as rows of a study that goes on where it was cut off."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.files.writing import sha256
from bathyscope.core.keywords import keywords_checked
from bathyscope.model.identity import identity_of
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.loading import identity
from bathyscope.study.doing import Batch, Doing
from bathyscope.study.driver import carry_out
from bathyscope.study.questions import questions
from bathyscope.study.reading import as_record, distinct, read_study_records
from bathyscope.study.settings import BatchSettings
from bathyscope.study.work import ModelWork

_NOT_TOLD = ("source", "device", "placed", "class", "num_layers", "rescaling")
"""What of a model's provenance follows from the rest, or does not decide what comes out."""


@keywords_checked
def batch(
    problems: str | Path | Iterable[Mapping[str, Any]],
    folder: str | Path,
    *,
    settings: BatchSettings,
    model: str | LanguageModel | None = None,
    revision: str | None = None,
    dtype: str = "float32",
    device: str | None = None,
    doing: Doing | None = None,
) -> Batch:
    """Study of many prompts: every record asked, as rows in a folder.

    The same call goes on where it was cut off, adds records that are new, and computes nothing
    twice.

    Args:
        problems: A file (`reading.read_study_records`), or records as mappings.
        folder: The study's folder, new or begun by the same call.
        settings: What is asked.
        model: What `load` takes, or a loaded model where the engine is this process.
        revision: As of `load`.
        dtype: As of `load`.
        device: As of `load`.
        doing: How it is carried out; None takes this process.

    Raises:
        InputError: Nothing can be read, the study was begun otherwise, or another process is at
            work on it.
        ModelError: The model cannot be loaded.
        WriteError: StudyRows cannot be written; what was written before stays.
    """
    doing = doing or Doing()
    records = (
        read_study_records(problems)
        if isinstance(problems, str | Path)
        else distinct([as_record(dict(one), place) for place, one in enumerate(problems, 1)])
    )
    engine = doing.made(Path(folder))
    if isinstance(model, LanguageModel):
        if not engine.here:
            raise InputError(
                "A loaded model stays in its process; name it for --engine "
                f"{doing.engine}, so that every worker loads it."
            )
        known = dict(model.provenance)
        if known.get("sha256") is None and known.get("revision") is None:
            known["identity"] = identity_of(model)  # names alone are alike
    else:
        known = identity(
            model, revision=revision, dtype=dtype, device=device, progress=doing.progress
        )
    work = ModelWork(settings, model, revision, dtype, device)
    asked = {"settings": settings.to_document(), "model": _telling(known)} | _lenses(settings)
    return carry_out(list(questions(records, settings)), Path(folder), asked, work, engine, doing)


def _telling(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells a model from every other: its hash, or its name and revision."""
    told = {name: value for name, value in model.items() if name not in _NOT_TOLD}
    if told.get("sha256") is not None:
        told = {name: value for name, value in told.items() if name not in ("name", "file")}
    return told


def _lenses(settings: BatchSettings) -> dict[str, Any]:
    """Return the hashes of the lenses that were fitted to the model, where there are any."""
    asked = {"depth": settings.depth, "think": settings.think}
    files = {name: one.translators for name, one in asked.items() if one and one.translators}
    try:
        hashes = {name: sha256(Path(file)) for name, file in files.items()}
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read ({error.strerror}).") from error
    return {"lenses": hashes} if hashes else {}
