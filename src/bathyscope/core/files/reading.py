"""Reading of a file that a user names."""

from pathlib import Path

from bathyscope.core.errors import InputError


def contents(path: Path, most: int | None = None) -> bytes:
    """Return what a file holds.

    Args:
        path: The file.
        most: So many bytes at most, and one more that tells of a larger file; None reads all.

    Raises:
        InputError: It cannot be read, or its name is none that a file can have.
    """
    try:
        with path.open("rb") as file:
            return file.read() if most is None else file.read(most + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from error
    except ValueError as error:  # a name that none can be
        raise InputError(f"{path!s} cannot be read ({error}).") from error
