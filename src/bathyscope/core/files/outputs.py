"""Outputs that are refused: what exists and should stay, and what could not be written."""

import os
from pathlib import Path

from bathyscope.core.errors import InputError
from bathyscope.core.files.ownership import foreign
from bathyscope.core.files.scratch import scratch

_ROOM = 1 << 16  # bytes; where there is less, no run has room


def require_writable(
    path: Path, *, overwrite: bool, folder: bool = True, asked: str = "--overwrite"
) -> None:
    """Raise InputError where a file or folder could not be written, before it is computed.

    What is asked for is tried: a few bytes under the same name, in a hidden folder that is removed.
    """
    refuse_existing(path, overwrite=overwrite, folder=folder, asked=asked)
    place = Path(os.path.abspath(path))
    above = next(parent for parent in place.parents if os.path.lexists(parent))
    if not above.is_dir():
        raise InputError(f"{above} is no folder, so {path} cannot lie in it: choose another name.")
    try:
        with scratch(above) as work:
            trial = work / place.relative_to(above)
            trial.parent.mkdir(parents=True, exist_ok=True)
            trial.write_bytes(bytes(_ROOM))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{path} cannot be written ({reason}): choose another place, or make it possible."
        ) from error


def refuse_existing(
    path: Path, *, overwrite: bool, folder: bool = True, asked: str = "overwrite=True"
) -> None:
    """Raise InputError when writing `path` would destroy something unasked, or of another kind.

    Args:
        path: What is to be written.
        overwrite: Whether it may replace what is there, if that is bathyscope's own.
        folder: Whether it is a folder.
        asked: How whoever is told may ask for that.
    """
    if not os.path.lexists(path):
        return
    if path.is_symlink():
        raise InputError(
            f"{path} is a symbolic link, which is left alone: name what it points to, or another "
            "place."
        )
    if path.is_dir() != folder:
        came, expected = ("file", "folder") if folder else ("folder", "file")
        raise InputError(f"{path} is a {came}; the output is a {expected}: choose another name.")
    if not overwrite:
        raise InputError(f"{path} exists already; add {asked} or choose another place.")
    if os.path.ismount(path) or Path(os.path.abspath(path)) in (Path.cwd(), *Path.cwd().parents):
        raise InputError(f"{path} is in use as a folder to work in: name a folder inside of it.")
    if not os.access(path, os.W_OK):
        raise InputError(f"{path} is protected from being written: choose another place.")
    try:
        refuse_foreign(path, path, folder=folder)
    except OSError as error:
        raise InputError(
            f"{error.filename} cannot be read ({error.strerror}), so it may not be bathyscope's "
            "own: choose another place."
        ) from error


def refuse_foreign(place: Path, path: Path, *, folder: bool) -> None:
    """Raise InputError where what lies at `place`, and has or had the name `path`, should stay."""
    found = foreign(place)
    if found is None and place.is_dir() != folder:
        found = place
    if found is not None:
        named = path / found.relative_to(place)
        raise InputError(
            f"{named} was not written by bathyscope, or is damaged, and nothing else is replaced: "
            "move it away, or choose another place."
        )
