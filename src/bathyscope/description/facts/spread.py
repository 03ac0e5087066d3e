"""Spread of values: extremes, near zero, signs, symmetry, and how few cells hold half."""

from dataclasses import dataclass

import numpy as np

from bathyscope.description.facts.grid import Cell, Grid

NEAR_ZERO_SHARE = 0.05
"""A cell is near zero when its size is at most this share of the largest size in the map."""

EVEN_BALANCE = 0.2
"""Signs are about even when the balance is at most this in size: 40 to 60 % of all sizes each."""


MOST_NEGATIVE = 8
"""So many negative cells are named."""


@dataclass(frozen=True)
class NearZero:
    """Cells of little size.

    Attributes:
        limit: The largest size that counts as near zero, in the map's unit.
        count: How many cells are at most that.
    """

    limit: float
    count: int


@dataclass(frozen=True)
class Signs:
    """On which side of neutral the cells are. In a sampled map only clear ones have a side.

    Attributes:
        positive: How many are above neutral.
        negative: How many are below.
        zero: How many are exactly neutral; 0 in a sampled map, where those are unclear.
        unclear: How many have a 95 % interval that covers neutral; 0 where not sampled.
        positive_sum: Sum of the effects above neutral, unclear ones included, in the map's unit.
        negative_sum: The same below; at most 0.
        balance: (positive sum + negative sum) / (positive sum − negative sum), −1 to 1, 0 is
            symmetric; None where all cells are neutral.
        even: Whether the balance is at most `EVEN_BALANCE` in size.
        noted: How many cells are clearly negative and not near zero.
        most_negative: The first of them, the most negative first, at most `MOST_NEGATIVE`.
    """

    positive: int
    negative: int
    zero: int
    unclear: int
    positive_sum: float
    negative_sum: float
    balance: float | None
    even: bool
    noted: int
    most_negative: tuple[Cell, ...]


@dataclass(frozen=True)
class Spread:
    """Spread of the values of a map.

    Attributes:
        cells: How many cells count.
        total: Sum of their sizes (absolute values, from neutral), in the map's unit.
        largest: Cell with the largest value; the first in reading order where several are.
        smallest: Cell with the smallest value, likewise.
        half: The fewest cells that together hold at least half of the total.
        near_zero: Cells of little size.
        signs: On which side of neutral the cells are; None where the quantity has no sign.
    """

    cells: int
    total: float
    largest: Cell
    smallest: Cell
    half: int
    near_zero: NearZero
    signs: Signs | None


def spread(grid: Grid) -> Spread | None:
    """Return how the values of a grid are spread; None where no cell counts."""
    if not grid.counted.any():
        return None
    columns = grid.values.shape[1]
    return Spread(
        cells=int(grid.counted.sum()),
        total=grid.total,
        largest=grid.cell(*divmod(int(np.nanargmax(grid.values)), columns)),
        smallest=grid.cell(*divmod(int(np.nanargmin(grid.values)), columns)),
        half=_half(grid),
        near_zero=NearZero(near_zero_limit(grid), int((grid.counted & ~not_near_zero(grid)).sum())),
        signs=_signs(grid) if grid.signed else None,
    )


def near_zero_limit(grid: Grid) -> float:
    """Return the largest size that counts as near zero."""
    return NEAR_ZERO_SHARE * float(grid.sizes.max())


def not_near_zero(grid: Grid) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which cells are not near zero."""
    noted: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = grid.sizes > near_zero_limit(grid)
    return noted


def _half(grid: Grid) -> int:
    held = np.cumsum(np.sort(grid.sizes, axis=None)[::-1])
    return 1 + int(np.searchsorted(held, held[-1] / 2))


def _signs(grid: Grid) -> Signs:
    effects, clear = np.nan_to_num(grid.effects, nan=0.0), grid.clear
    positive, negative = float(effects[effects > 0].sum()), float(effects[effects < 0].sum())
    balance = (positive + negative) / (positive - negative) if positive > negative else None
    noted = clear & (effects < 0) & not_near_zero(grid)
    order = np.argsort(np.where(noted, effects, 0.0), axis=None, kind="stable")[:MOST_NEGATIVE]
    places = [divmod(flat, effects.shape[1]) for flat in order.tolist()]
    return Signs(
        positive=int((clear & (effects > 0)).sum()),
        negative=int((clear & (effects < 0)).sum()),
        zero=int((clear & (effects == 0)).sum()),
        unclear=int((grid.counted & ~clear).sum()),
        positive_sum=positive,
        negative_sum=negative,
        balance=balance,
        even=balance is None or abs(balance) <= EVEN_BALANCE,
        noted=int(noted.sum()),
        most_negative=tuple(grid.cell(*place) for place in places if noted[place]),
    )
