"""Versions of installed packages, each read once: their files are parsed as e-mail is."""

from functools import cache
from importlib.metadata import version


@cache
def version_of(package: str) -> str:
    """Return the version of an installed package.

    Raises:
        PackageNotFoundError: It is not installed.
    """
    return version(package)
