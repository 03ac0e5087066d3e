"""Safetensors written tensor by tensor, so that no more than a part of one is ever held.

The format wants the table of all tensors in front of their bytes, so room for it is left there, and
what it does not need is filled with spaces, as the format allows
(https://github.com/huggingface/safetensors, "Format").
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

_NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}
_BYTES_PER_NAME = 256  # of the table, for one tensor: its name, type, shape and place
_ELEMENTS_AT_ONCE = 1 << 20

BYTES_PER_SHARD = 4 << 30
"""A file is ended with the tensor that reaches this size."""


class Shards:
    """A model's weights on their way into files."""

    def __init__(self, folder: Path, dtype: torch.dtype, num_tensors: int) -> None:
        """Begin.

        Args:
            folder: Where the files will lie.
            dtype: In which tensors are stored: float32, bfloat16 or float16.
            num_tensors: The most that will come.
        """
        self._folder, self._dtype = folder, dtype
        self._room = 8 * (_BYTES_PER_NAME * (num_tensors + 1) // 8)
        self._tables: list[dict[str, Any]] = []
        self._file: BinaryIO | None = None
        self._filled = 0

    def add(self, name: str, tensor: Tensor) -> None:
        """Write a tensor of any floating type."""
        if self._file is None:
            self._file = self._part(len(self._tables)).open("xb")
            self._file.seek(8 + self._room)
            self._tables.append({})
            self._filled = 0
        begin = self._filled
        for piece in torch.split(tensor.flatten(), _ELEMENTS_AT_ONCE):
            stored = piece.to(self._dtype).contiguous().view(torch.uint8)
            self._file.write(stored.numpy().data)
            self._filled += stored.numel()
        self._tables[-1][name] = {
            "dtype": _NAMES[self._dtype],
            "shape": list(tensor.shape),
            "data_offsets": [begin, self._filled],
        }
        if self._filled >= BYTES_PER_SHARD:
            self._end()

    def finish(self) -> None:
        """End the last file, and give all their names, with an index if they are several."""
        if self._file is not None:
            self._end()
        count = len(self._tables)
        names = [f"model-{i + 1:05d}-of-{count:05d}.safetensors" for i in range(count)]
        names = ["model.safetensors"] if count == 1 else names
        for index, name in enumerate(names):
            self._part(index).rename(self._folder / name)
        if count > 1:
            tables = zip(names, self._tables, strict=True)
            places = {tensor: name for name, table in tables for tensor in table}
            total = sum(one["data_offsets"][1] for one in map(_last, self._tables))
            index_file = self._folder / "model.safetensors.index.json"
            index_file.write_text(
                json.dumps({"metadata": {"total_size": total}, "weight_map": places}, indent=1)
            )

    def close(self) -> None:
        """Let go of a file that is not whole."""
        if self._file is not None:
            self._file.close()

    def _end(self) -> None:
        assert self._file is not None
        table = json.dumps({"__metadata__": {"format": "pt"}, **self._tables[-1]}).encode()
        assert len(table) <= self._room, "names longer than any in use"
        self._file.seek(0)
        self._file.write(self._room.to_bytes(8, "little") + table.ljust(self._room))
        self._file.close()
        self._file = None

    def _part(self, index: int) -> Path:
        return self._folder / f"part-{index}"


@contextmanager
def shards(folder: Path, dtype: torch.dtype, num_tensors: int) -> Iterator[Shards]:
    """Yield what tensors are to be added to; the files have their names when all came."""
    writing = Shards(folder, dtype, num_tensors)
    try:
        yield writing
        writing.finish()
    finally:
        writing.close()


def _last(table: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = list(table.values())[-1]
    return found
