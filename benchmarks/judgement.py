"""Ratios of what benchmarks/estimators.py and benchmarks/indices.py found, with their goals."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from benchmarks.games import REAL
from benchmarks.ratios import Ratio

SECONDS = 0.1
"""An evaluation of orders, of the demo's prompt on the bundled model, on two cores."""


def of_shapley(
    rows: Iterable[Mapping[str, Any]], shared: Iterable[Mapping[str, Any]]
) -> Iterator[Ratio]:
    """Yield evaluations and time at equal error, and how far coverage is from what was promised.

    The squared error of means over orders falls with their number, so that orders need
    (their error / ours)² times as many evaluations for our error.

    Args:
        rows: What benchmarks/estimators.py found.
        shared: What benchmarks/sharing.py found: tokens that are read for an evaluation.
    """
    read = {(one["game"], one["evaluations"]): one["ours"] / one["orders"] for one in shared}
    for row in rows:
        longer = read[row["game"], row["evaluations"]]
        where = f"{row['game']}, {row['evaluations']:,}"
        ours, orders = row["shapley"], row["orders"]
        share = (ours["error"] / orders["error"]) ** 2
        name = f"evaluations for one error, `shapley` / random orders: {where}"
        yield Ratio(name, 1 / 4, share, share, None, ours["error"], orders["error"], "nats")
        own = row["evaluations"] * SECONDS * longer + ours["seconds"]
        other = (row["evaluations"] * SECONDS + orders["seconds"]) / share
        name = f"time for one error, `shapley` / random orders: {where}"
        yield Ratio(name, 1 / 3, own / other, own / other, None, own, other, "s")
        if row["game"] in REAL:
            off = abs(ours["coverage"] - 0.95) / 0.02
            name = f"coverage of 95 % intervals, distance from .95 / .02: {where}"
            yield Ratio(name, 1, off, off, None, ours["coverage"], 0.95, "")


def of_others(rows: Iterable[Mapping[str, Any]]) -> Iterator[Ratio]:
    """Yield evaluations of Banzhaf values and interactions at equal error."""
    for row in rows:
        share = (row["ours"]["error"] / row["first"]["error"]) ** 2
        name = f"evaluations for one error, {row['index']} / as first sampled: "
        yield Ratio(
            f"{name}{row['game']}, {row['evaluations']:,}",
            None,
            share,
            share,
            None,
            row["ours"]["error"],
            row["first"]["error"],
            "nats",
        )
