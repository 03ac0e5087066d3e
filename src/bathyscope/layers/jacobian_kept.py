"""Sums of a fit that is not done: kept now and then, to go on from."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from bathyscope.core.errors import InputError
from bathyscope.core.files.locks import lock_of
from bathyscope.core.files.outputs import require_writable
from bathyscope.layers.jacobian_mean import HalfMean
from bathyscope.layers.lenses.fitted import (
    describe_model,
    read_tensors,
    require_same_identity,
    require_tensors,
    save_tensors,
)
from bathyscope.model.language_model import LanguageModel

KIND = "Jacobian lens in the making"
SECONDS = 60.0
"""So often the sums are written."""


class Kept:
    """The file of a fit that is not done; none where there is no path.

    As a context manager it belongs to one process at a time.
    """

    def __init__(self, path: Path | None, model: LanguageModel, asked: Mapping[str, Any]) -> None:
        """Prepare for a fit.

        Args:
            path: The file, or None.
            model: The model.
            asked: What has to be the same for a fit to go on.
        """
        self._path, self._model = path, model
        self._asked = dict(asked)
        self._about: dict[str, Any] | None = None
        self._written = time.monotonic()
        self._lock: int | None = None

    def __enter__(self) -> Self:
        """Take the file, where there is one."""
        self._take()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the file to others."""
        self._leave()

    def resume(self, halves: Sequence[HalfMean]) -> None:
        """Give halves the sums that were kept, where there are any.

        Raises:
            InputError: They are those of another fit, or cannot be written.
        """
        if self._path is None:
            return
        if not self._path.exists():
            require_writable(self._path, overwrite=False, folder=False)
            return
        try:
            about, tensors = read_tensors(self._path, KIND)
        except InputError as error:
            wrong = str(error).rstrip(".")
            raise InputError(f"{wrong}; remove that file to begin anew.") from error
        require_same_identity(self._path, about, self._model)
        counted = _counted(self._path, about, len(halves))
        differs = [name for name in self._asked if about["asked"].get(name) != self._asked[name]]
        if differs:
            raise InputError(
                f"{self._path} holds a fit that was begun with another {', '.join(differs)}; give "
                "the same again to go on with it, or remove that file to begin anew."
            )
        names = [f"half_{number}" for number in range(len(halves))]
        shape = tuple(halves[0].sums.shape)
        parts = {"": shape, "_squares": shape[:2], "_counts": shape[2:], "_chances": shape[2:]}
        shapes = {f"{name}{part}": size for name in names for part, size in parts.items()}
        require_tensors(self._path, tensors, shapes)
        for name, half, (count, since) in zip(names, halves, counted, strict=True):
            half.passages, half.since = count, since
            half.sums.copy_(tensors[name])
            half.squares.copy_(tensors[f"{name}_squares"])
            half.counts.copy_(tensors[f"{name}_counts"])
            half.chances = tensors[f"{name}_chances"] if half.since else None

    def write_now_and_then(self, halves: Sequence[HalfMean]) -> None:
        """Keep the sums where the last time was a while ago."""
        if time.monotonic() - self._written >= SECONDS:
            self.write(halves)

    @contextmanager
    def written_after(
        self, error: type[BaseException], halves: Sequence[HalfMean]
    ) -> Iterator[None]:
        """Keep the sums where an error ends what is done with them."""
        try:
            yield
        except error:
            if all(half.is_whole for half in halves) and any(half.passages for half in halves):
                self.write(halves)
            raise

    def write(self, halves: Sequence[HalfMean]) -> None:
        """Keep the sums, whole or as they were before.

        Raises:
            InputError: Another fit has begun to keep its own there.
            WriteError: They cannot be written.
        """
        if self._path is None:
            return
        if self._lock is None:
            self._take()
        if self._about is None:  # the hash of weights in memory takes a while
            self._about = {**describe_model(KIND, self._model), "asked": self._asked}
        counted = {name: [getattr(half, name) for half in halves] for name in ("passages", "since")}
        about = {**self._about, **counted}
        tensors: dict[str, Tensor] = {}
        for number, half in enumerate(halves):
            chances = torch.zeros(half.width) if half.chances is None else half.chances
            tensors |= {
                f"half_{number}": half.sums,
                f"half_{number}_squares": half.squares,
                f"half_{number}_counts": half.counts,
                f"half_{number}_chances": chances,
            }
        save_tensors(self._path, about, tensors, overwrite=True)
        self._leave()
        self._take()  # the file of this name is another one now
        self._written = time.monotonic()

    def remove(self) -> None:
        """Remove the file: the fit is done."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _take(self) -> None:
        if self._path is None or not self._path.is_file():
            return
        try:
            self._lock = lock_of(self._path, wait=False)
        except BlockingIOError as error:
            raise InputError(
                f"{self._path} belongs to a fit that is running; wait for it, or choose another "
                "output."
            ) from error
        except OSError:  # who reads it next says why it cannot be read
            pass

    def _leave(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _counted(path: Path, about: Mapping[str, Any], halves: int) -> list[tuple[int, int]]:
    """Return for each half its passages, and after how many of them its chances were drawn up.

    Raises:
        InputError: The record does not say so.
    """
    try:
        dict(about["asked"])
        counted = [(int(n), int(m)) for n, m in zip(about["passages"], about["since"], strict=True)]
        if len(counted) != halves or any(not 0 <= since <= count for count, since in counted):
            raise ValueError("other halves")
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} holds a fit that was begun by another version of bathyscope, or is damaged; "
            "remove that file to begin anew."
        ) from error
    return counted


def kept_beside(output: Path) -> Path:
    """Return where the sums of a lens that is to be written are kept."""
    return output.with_name(f"{output.name}.begun")
