"""Packages of the extra `study`, each with one sentence where it is missing."""

from importlib import import_module
from typing import Any

from bathyscope.core.errors import InputError


def arrow() -> Any:
    """Return pyarrow."""
    return _package("pyarrow", "study")


def parquet() -> Any:
    """Return pyarrow.parquet."""
    return _package("pyarrow.parquet", "study")


def special() -> Any:
    """Return scipy.special: quantiles and tails of Student's t and of the beta distribution."""
    return _package("scipy.special", "study")


def ray() -> Any:
    """Return Ray."""
    return _package("ray", "ray")


def submitit() -> Any:
    """Return submitit."""
    return _package("submitit", "slurm")


def _package(name: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"This needs {name.partition('.')[0]}, which is not installed ({error}); install "
            f"'bathyscope[{extra}]'."
        ) from error
