"""Runs kept in one folder: listed, searched, renamed, removed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError, WriteError, advice
from bathyscope.core.files.ownership import foreign
from bathyscope.core.files.renaming import rename_new
from bathyscope.core.files.scratch import is_scratch, scratch
from bathyscope.runs.folder import DOCUMENT, read_document


@dataclass(frozen=True)
class KeptRun:
    """A run folder, as far as its document tells without being checked.

    Attributes:
        name: Its path below the folder that was searched.
        kind: What it is; None where its document cannot be read.
        model: Name of the model; None where it has none.
        prompt: The prompt; None likewise.
        text: The continuation that it is of; None likewise.
        changed: When it was written, seconds since 1970.
        problem: Why its document cannot be read; None where it can.
    """

    name: str
    kind: str | None
    model: str | None
    prompt: str | None
    text: str | None
    changed: float
    problem: str | None = None

    def has(self, words: Sequence[str]) -> bool:
        """Tell whether each word stands somewhere in what is known of it; case does not count."""
        known = (self.name, self.kind, self.model, self.prompt, self.text)
        told = "\n".join(one for one in known if one is not None).casefold()
        return all(word.casefold() in told for word in words)


def kept_runs(folder: Path, words: Sequence[str] = ()) -> list[KeptRun]:
    """Return the runs in a folder, the newest first: its own, and those of several targets.

    Args:
        folder: Where they lie; where it does not exist there are none.
        words: Those that each must have.

    Raises:
        InputError: It cannot be looked into.
    """
    try:
        found = [_kept(path, folder) for path in _documents(folder)]
    except OSError as error:
        raise InputError(f"{folder} cannot be looked into ({error.strerror}).") from error
    chosen = [one for one in found if one.has(words)]
    return sorted(chosen, key=lambda one: (-one.changed, one.name))


def rename_run(folder: Path, old: str, new: str) -> None:
    """Give a run folder another name, that nothing has yet.

    Raises:
        InputError: There is no such run, or the name is taken.
        WriteError: It cannot be renamed.
    """
    place = require_kept(folder, old)
    try:
        rename_new(place, folder / new)
    except FileExistsError:
        raise InputError(f"{folder / new} exists already; choose another name.") from None
    except OSError as error:
        raise WriteError(folder / new, error.strerror or str(error)) from error


def remove_runs(folder: Path, names: Sequence[str]) -> None:
    """Remove run folders; none of them where one is no run, or holds what bathyscope did not write.

    Raises:
        InputError: One is not there, or not bathyscope's own.
        WriteError: One cannot be removed.
    """
    places = [require_removable(folder, name) for name in dict.fromkeys(names)]
    for place in places:
        try:
            with scratch(folder) as work:  # it goes at once, and what is in it afterwards
                rename_new(place, work / place.name)
        except OSError as error:
            raise WriteError(place, error.strerror or str(error)) from error


def require_removable(folder: Path, name: str) -> Path:
    """Return a run's folder, having seen that nothing else lies in it.

    Raises:
        InputError: It is not there, or holds what bathyscope did not write.
    """
    place = require_kept(folder, name)
    try:
        found = foreign(place)
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read ({error.strerror}).") from error
    if found is not None:
        raise InputError(
            f"{found} was not written by bathyscope, or is damaged; move it away, or remove "
            f"{place} yourself."
        )
    return place


def require_kept(folder: Path, name: str) -> Path:
    """Return the folder of a run by its name.

    Raises:
        InputError: There is none.
    """
    place = folder / name
    names = sorted({one.name.split("/")[0] for one in kept_runs(folder)})
    if name in names and not place.is_symlink():
        return place
    if not names:
        raise InputError(f"There is no run in {folder}.")
    raise InputError(f"There is no run {name!r} in {folder}; {advice(name, names)}.")


def _documents(folder: Path) -> Iterator[Path]:
    if not folder.exists():
        return
    for entry in sorted(folder.iterdir()):
        if not entry.is_dir() or is_scratch(entry.name):
            continue
        if (entry / DOCUMENT).is_file():
            yield entry
        else:
            yield from (part.parent for part in sorted(entry.glob(f"*/{DOCUMENT}")))


def _kept(path: Path, folder: Path) -> KeptRun:
    name = path.relative_to(folder).as_posix()
    changed = (path / DOCUMENT).stat().st_mtime
    try:
        document = read_document(path)
    except InputError as error:
        return KeptRun(name, None, None, None, None, changed, str(error))
    said = document.get("provenance")
    origin: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    model = origin.get("model")
    return KeptRun(
        name,
        _text(document.get("kind")),
        _text(model.get("name")) if isinstance(model, Mapping) else None,
        _text(origin.get("prompt")),
        _text(origin.get("target")),
        changed,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
