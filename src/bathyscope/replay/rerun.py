"""A map computed again from what its figure or run folder says of it, and the numbers compared."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError, packages_needed
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.progress import Progress, standard
from bathyscope.core.versions import version_of
from bathyscope.games.methods import every_method
from bathyscope.model.provenance import (
    dtype_of,
    on_threads,
    require_same_model,
    source_of,
    was_a_function,
)
from bathyscope.model.scorer import Scorer
from bathyscope.render.figure.embedded_metadata import Inscription, digest, read_inscription
from bathyscope.replay.questions import QUESTIONS, kind_of
from bathyscope.runs.base import Run
from bathyscope.runs.opening import open_run
from bathyscope.runs.schema import NotAsPublished, require_provenance
from bathyscope.runs.table import TableRun

Place = tuple[int, int]


@dataclass(frozen=True)
class Rerun:
    """Result of computing a map again.

    Attributes:
        run: The run, as computed now.
        shape: Rows and columns of the map in the file.
        identical: Whether all values of the map are the same, bit for bit.
        differing: How many are not; None where the file holds a digest alone, or another shape.
        largest: The largest difference, in the map's unit; None likewise.
        place: Row and column of that difference; None likewise, and where all are the same.
        others: Names of further numbers of a run folder (all, settling_depth, …) that are not the
            same.
        versions: Packages whose version changed: the one then and the one now.
    """

    run: Run
    shape: Place
    identical: bool
    differing: int | None
    largest: float | None
    place: Place | None = None
    others: tuple[str, ...] = ()
    versions: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def agrees(self, tolerance: float = 0.0) -> bool:
        """Tell whether the map's numbers agree: to the bit, or within a tolerance above 0."""
        within = self.largest is not None and 0 < tolerance >= self.largest
        return within or (self.identical and not self.others)


def inscription_of(path: str | Path) -> tuple[Inscription, Run | None]:
    """Read what a figure or a run folder says of its map; the run itself where it is a folder.

    Raises:
        InputError: There is nothing, or bathyscope did not make it.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"There is no {path}; give a figure or a run folder.")
    if path.is_dir():
        run = open_run(path)
        return Inscription.of(run), run
    return read_inscription(path), None


@keywords_checked
def rerun(
    path: str | Path,
    model: Scorer | None = None,
    *,
    translators: str | Path | None = None,
    device: str | None = None,
    progress: Progress = standard,
) -> Rerun:
    """Compute a map again from its provenance and compare the numbers.

    Args:
        path: A figure that bathyscope drew, or a run folder.
        model: The same model, loaded; None loads it from where the provenance says.
        translators: The file of the fitted lens, where the map was read through it.
        device: Where to compute; None takes the device of the first time.
        progress: Told of the steps.

    Returns:
        The new run, and how far its numbers agree with those in the file.

    Raises:
        InputError: The file is no figure of a model's map, does not say enough, or the model or
            the translators are others.
        ModelError: The model cannot be loaded.
    """
    inscribed, before = inscription_of(path)
    require_computed(inscribed, path)
    try:
        ask = QUESTIONS[kind_of(inscribed)].asked_of(inscribed.provenance, translators)
        made_by = inscribed.provenance["model"]
        threads = inscribed.provenance.get("threads")
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} does not say enough of how its map was computed ({error!r}); it is damaged, "
            "or an older bathyscope made it."
        ) from error
    if model is None:
        model = _load(made_by, device, progress)
    require_same_model(made_by, model)
    with on_threads(threads):
        run = ask(model, progress)
    return _compared(inscribed, before, run)


def require_computed(inscribed: Inscription, path: str | Path) -> None:
    """Raise InputError where a map is not one that `rerun` computes."""
    kind = kind_of(inscribed)
    if kind == TableRun.kind:
        raise InputError(
            f"{path} is the picture of a plain table; where its numbers come from is not known, so "
            "they cannot be computed again."
        )
    if kind not in QUESTIONS:
        raise InputError(
            f"{path} holds a {kind} map; only maps of the kinds {', '.join(QUESTIONS)} "
            "are computed again."
        )
    _require_described(inscribed, path)
    if "grouped_from" in inscribed.provenance:
        raise InputError(
            f"The columns in {path} were grouped; give the run that they were grouped from."
        )
    if not all("=" in str(role) for role in inscribed.provenance.get("further_roles", ())):
        raise InputError(
            f"The roles in {path} were given in Python, which no file keeps; it cannot be computed "
            "again."
        )
    if was_a_function(str((inscribed.provenance.get("method") or {}).get("baseline", ""))):
        raise InputError(
            f"The map in {path} was made with a Python function as baseline, which no file keeps; "
            "it cannot be computed again."
        )
    _require_same_draws(inscribed, path)


def _require_same_draws(inscribed: Inscription, path: str | Path) -> None:
    """Raise InputError where a map was sampled in a way that its method no longer samples."""
    asked = inscribed.provenance.get("method") or {}
    method = every_method().get(asked.get("name", ""))
    if method is None or asked.get("exact", True) or asked.get("draws") == method.draws:
        return
    raise InputError(
        f"The map in {path} was sampled by an older bathyscope, which drew other sets of features "
        f"for {method.name}: only that version gives its numbers again. Those of today differ from "
        "them within both errors; make the map anew to have them."
    )


def _require_described(inscribed: Inscription, path: str | Path) -> None:
    """Raise InputError where provenance is not as published: older figures have no digest of it."""
    try:  # figures of earlier versions have no digest of what they say
        require_provenance(kind_of(inscribed), inscribed.provenance)
    except NotAsPublished as error:
        raise InputError(
            f"{path} does not say of its map what has to be known: {error}; it is damaged, or an "
            "older bathyscope made it."
        ) from error


def _load(made_by: Mapping[str, Any], device: str | None, progress: Progress) -> Scorer:
    source = source_of(made_by)
    with packages_needed():
        from bathyscope.model.loading import load

    return load(
        source,
        revision=None if "sha256" in made_by else made_by.get("revision"),
        dtype=dtype_of(made_by),
        device=device or made_by.get("placed", made_by["device"]),
        progress=progress,
    )


def _compared(inscribed: Inscription, before: Run | None, run: Run) -> Rerun:
    values = run.heatmap.values
    same_shape = values.shape == inscribed.shape
    identical = same_shape and digest(values) == inscribed.digest
    others = () if before is None else _others(before.to_document(), run.to_document())
    versions = _changed_versions(inscribed.provenance.get("versions", {}))
    if inscribed.values is None or not same_shape:
        differing, largest = (0, 0.0) if identical else (None, None)
        return Rerun(run, inscribed.shape, identical, differing, largest, None, others, versions)
    bits = _differing(inscribed.values, values)
    sizes = _distances(inscribed.values, values)
    row, column = divmod(int(sizes.argmax()), values.shape[1])
    place = (row, column) if bits else None
    return Rerun(run, inscribed.shape, identical, bits, float(sizes.max()), place, others, versions)


def _differing(then: FloatArray, now: FloatArray) -> int:
    both_nan = np.isnan(then) & np.isnan(now)
    return int(((then.view(np.int64) != now.view(np.int64)) & ~both_nan).sum())


def _distances(then: FloatArray, now: FloatArray) -> FloatArray:
    """Return |then − now|: 0 where both are the same or no number, infinite where one is none."""
    same = (then == now) | (np.isnan(then) & np.isnan(now))
    with np.errstate(invalid="ignore"):
        return np.where(same, 0.0, np.nan_to_num(np.abs(then - now), nan=np.inf))


def _others(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what else of a document changed, beside the map's values and the provenance."""
    apart = {"provenance", "heatmap", "digest", "notes"}
    changed = [
        key for key in then if key not in apart and _lasting(then[key]) != _lasting(now.get(key))
    ]
    maps = then["heatmap"], now["heatmap"]
    changed += [key for key in ("rows", "columns") if maps[0][key] != maps[1][key]]
    return tuple(changed)


def _lasting(value: Any) -> Any:
    """Return what of a document is to come out again: all but how long it took."""
    if isinstance(value, Mapping):
        return {name: _lasting(one) for name, one in value.items() if name != "seconds"}
    return value


def _changed_versions(then: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    now = {name: _version(name) for name in then}
    return {name: (then[name], now[name]) for name in then if then[name] != now[name]}


def _version(name: str) -> str:
    if name == "python":
        return platform.python_version()
    try:
        return version_of(name)
    except PackageNotFoundError:
        return "none"
