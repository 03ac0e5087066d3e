"""Folder that runs are saved in where no other is named, and their names in it."""

from pathlib import Path

from bathyscope.core.errors import InputError

RUNS = Path("bathyscope-runs")
"""In the working folder."""


def place_of(output: Path | None, name: str | None) -> Path | None:
    """Return the folder that a run was asked to have; None where neither place nor name was.

    Raises:
        InputError: Both were, or the name is none.
    """
    if name is None:
        return output
    if output is not None:
        raise InputError("--name names a folder in ./bathyscope-runs/; give it or --output.")
    return RUNS / require_name(name)


def require_name(name: str) -> str:
    """Return a name that a folder in `RUNS` can have.

    Raises:
        InputError: It is empty, hidden, or a path.
    """
    given = name.strip()
    if not given or given != name or given.startswith(".") or set(given) & set("/\\\0\n"):
        raise InputError(
            f"A run cannot be called {name!r}: a name has no slash, no space at its ends and no "
            "full stop at its beginning."
        )
    return given
