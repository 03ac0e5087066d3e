import base64
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bathyscope.page.arrays import EXACT_CELLS, is_rounded, packed


def unpacked(document: dict[str, Any]) -> NDArray[Any]:
    """Read a packed array by other means than the page: a number at a time."""
    size = {"float64": 8, "float32": 4, "uint32": 4}[document["type"]]
    planes = zlib.decompress(base64.b64decode(document["planes"]))
    count = len(planes) // size
    numbers = [bytes(planes[k * count + i] for k in range(size)) for i in range(count)]
    values = [np.frombuffer(number, dtype=document["type"])[0] for number in numbers]
    return np.array(values).reshape(document["shape"])


def test_every_digit_is_kept() -> None:
    values = np.random.default_rng(0).normal(size=(13, 7)) * 10.0 ** np.arange(-3, 4)
    values[2, 3], values[5, 1], values[0, 0] = np.nan, np.inf, -0.0
    document = packed(values)
    assert document["type"] == "float64"
    assert unpacked(document).tobytes() == values.tobytes()
    assert not is_rounded(values)


def test_half_the_bytes_serve_where_they_say_the_same() -> None:
    values = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32).astype(np.float64)
    assert packed(values)["type"] == "float32"
    assert (unpacked(packed(values)) == values).all()
    assert not is_rounded(values)


def test_large_maps_are_rounded_and_say_so() -> None:
    values = np.random.default_rng(0).uniform(size=(EXACT_CELLS // 64 + 1, 64))
    assert packed(values)["type"] == "float32"
    assert is_rounded(values)
    assert packed(values[1:])["type"] == "float64"
    assert not is_rounded(values[1:])


def test_numbers_beyond_32_bits_do_not_become_infinite() -> None:
    values = np.array([[1e300, 1.0]])
    assert (unpacked(packed(values)) == values).all()


@pytest.mark.parametrize("shape", [(1,), (4, 5, 3)])
def test_integers(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, 200_000, size=shape)
    assert (unpacked(packed(values)) == values).all()
