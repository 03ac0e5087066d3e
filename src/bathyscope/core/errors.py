"""Exceptions: everything that can go wrong, as one family.

Every message is one sentence or two for a person: what came, what was expected, what to do.

    BathyscopeError
    ├── InputError     the caller gave something that cannot be used   (exit code 2)
    ├── ModelError     a model cannot be obtained, loaded or trusted   (exit code 2)
    ├── PackageError   a package is not installed; also an ImportError (exit code 2)
    └── WriteError     what was computed cannot be written             (exit code 1)
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

_RUN_MODELS = ("torch", "transformers", "tokenizers", "accelerate", "gguf")


class BathyscopeError(Exception):
    """Base of every error that bathyscope raises on purpose."""


class InputError(BathyscopeError):
    """A prompt, target, table, path or option cannot be used as given."""


class ModelError(BathyscopeError):
    """A model cannot be found, obtained, loaded, or its anatomy does not hold up to the check."""


class PackageError(BathyscopeError, ImportError):
    """A package is not installed that what was asked for needs."""

    def __init__(self, package: str) -> None:
        """Say so of a package by the name that pip knows it by."""
        super().__init__(
            f"{package} is not installed, which running a model needs; install it with "
            f"`pip install {package}`. Runs that exist are opened, described, drawn, compared and "
            "viewed without it."
        )
        self.name = package


@contextmanager
def packages_needed() -> Iterator[None]:
    """Have a package that runs models, and cannot be found, named in one sentence.

    Raises:
        PackageError: It cannot be found.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _RUN_MODELS:
            raise
        raise PackageError(package) from error


class WriteError(BathyscopeError):
    """A file or folder cannot be written; nothing of it is left.

    Attributes:
        reason: What the file system said.
    """

    def __init__(self, path: Path, reason: str) -> None:
        """Say so of a path."""
        super().__init__(f"{path} cannot be written ({reason}); nothing half-written is left.")
        self.reason = reason


def first_sentence(error: BaseException) -> str:
    """Return the first sentence of a foreign error, without its full stop and not too long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.split(". ")[0][:300].rstrip(".")


def advice(name: str, known: Iterable[str]) -> str:
    """Return what to say after "… is not known; ": the nearest of the known names, and all."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    meant = f"did you mean {near[0]!r}? Known are" if near else "choose one of"
    return f"{meant} {', '.join(names)}"
