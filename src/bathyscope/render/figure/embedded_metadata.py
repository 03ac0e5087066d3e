"""Embedded metadata of a figure: where its map's numbers come from, and the numbers."""

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray, Heatmap
from bathyscope.runs.base import Run
from bathyscope.runs.folder import require_untouched, sealed
from bathyscope.runs.table import as_run
from bathyscope.runs.validation import parsed, plain

FORMATS = (".png", ".svg", ".pdf")
MAX_CELLS = 16_384
"""Maps of at most so many cells are written into their figures whole, larger ones as a digest."""

_VERSION = 1
_BYTES_PER_CELL = 8


@dataclass(frozen=True)
class Inscription:
    """Embedded metadata of a figure's file.

    Attributes:
        kind: The kind of run, or "table" for a map that is none.
        provenance: Where the numbers come from.
        shape: Rows and columns of the map.
        digest: SHA-256 of its float64 values, little-endian, row by row.
        values: The values themselves; None for a map of more than `MAX_CELLS` cells.
    """

    kind: str
    provenance: Mapping[str, Any]
    shape: tuple[int, int]
    digest: str
    values: FloatArray | None

    @classmethod
    def of(cls, subject: Run | Heatmap) -> "Inscription":
        """Return what is written into the figure of a run or a map."""
        run = as_run(subject)
        heatmap = run.heatmap
        rows, columns = heatmap.values.shape
        values = heatmap.values if rows * columns <= MAX_CELLS else None
        return cls(run.kind, run.provenance, (rows, columns), digest(heatmap.values), values)

    def to_text(self) -> str:
        """Return it as JSON in ASCII, for the metadata of a file."""
        numbers = None if self.values is None else _packed(self.values)
        document = {
            "bathyscope": _VERSION,
            "kind": self.kind,
            "provenance": plain(dict(self.provenance), "provenance"),
            "values": {"shape": self.shape, "sha256": self.digest, "zlib_base64": numbers},
        }
        return json.dumps(sealed(document), ensure_ascii=True, allow_nan=False)

    @classmethod
    def from_text(cls, text: str) -> "Inscription":
        """Rebuild it from `to_text`.

        Raises:
            KeyError, TypeError, ValueError: The text is something else, or damaged.
        """
        document = parsed(text)
        if document["bathyscope"] > _VERSION:
            raise ValueError("a newer bathyscope drew it")
        require_untouched(document)
        stated, (rows, columns) = document["values"], document["values"]["shape"]
        packed = stated["zlib_base64"]
        values = None if packed is None else _unpacked(packed, (rows, columns))
        if values is not None and digest(values) != stated["sha256"]:
            raise ValueError("its numbers do not have the digest beside them")
        return cls(
            document["kind"], document["provenance"], (rows, columns), stated["sha256"], values
        )


def digest(values: FloatArray) -> str:
    """Return the SHA-256 of float64 values, little-endian, row by row."""
    return hashlib.sha256(_bytes(values)).hexdigest()


def read_inscription(path: Path) -> Inscription:
    """Read what a figure's file tells of its map.

    Raises:
        InputError: The file cannot be read, or bathyscope did not draw it.
    """
    try:
        text = {".png": _in_png, ".svg": _in_svg, ".pdf": _in_pdf}[path.suffix.lower()](path)
        return Inscription.from_text(text)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from error
    except (KeyError, TypeError, ValueError, SyntaxError) as error:
        raise InputError(
            f"{path} holds no provenance of bathyscope ({error}); give a run folder, or a figure "
            f"as bathyscope drew it, {', '.join(FORMATS)}."
        ) from error


def _bytes(values: FloatArray) -> bytes:
    one_nan = np.where(np.isnan(values), np.nan, values)  # there are many, all shown alike
    return one_nan.astype("<f8").tobytes(order="C")


def _packed(values: FloatArray) -> str:
    return base64.b64encode(zlib.compress(_bytes(values), 9)).decode("ascii")


def _unpacked(text: str, shape: tuple[int, int]) -> FloatArray:
    size = shape[0] * shape[1] * _BYTES_PER_CELL
    if not 0 < size <= MAX_CELLS * _BYTES_PER_CELL:
        raise ValueError("its numbers have no possible shape")
    try:
        packed = base64.b64decode(text, validate=True)
        content = zlib.decompressobj().decompress(packed, size)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(str(error)) from error
    return np.frombuffer(content, dtype="<f8").astype(np.float64).reshape(shape)


def _in_png(path: Path) -> str:
    from PIL import Image

    with Image.open(path) as image:
        return str(image.info["Description"])


def _in_svg(path: Path) -> str:
    from xml.etree import ElementTree

    name = "{http://purl.org/dc/elements/1.1/}description"
    found = ElementTree.parse(path).getroot().iter(name)
    return next((element.text or "" for element in found), "")


def _in_pdf(path: Path) -> str:
    """Return the keywords: an ASCII string in parentheses, three characters behind a backslash."""
    found = re.search(rb"/Keywords \(((?:[^\\()]|\\[\\()])*)\)", path.read_bytes())
    if found is None:
        raise ValueError("no keywords")
    return re.sub(rb"\\(.)", rb"\1", found[1]).decode("ascii")
