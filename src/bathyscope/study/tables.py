"""Tables over the records of a study: means by role, profiles of layers, bins of a ratio."""

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.study.claims.language import Evaluator, parsed
from bathyscope.study.claims.observations import group_name, natural
from bathyscope.study.claims.view import StudyView, Values
from bathyscope.study.statistics.clustered import clustered_mean, clustered_share
from bathyscope.study.statistics.correlation import clustered_correlation
from bathyscope.study.statistics.estimate import Interval

BINS = 5


@dataclass(frozen=True)
class MeanMap:
    """The mean map over records, by what tokens and features are.

    Attributes:
        rows: Groups of tokens.
        columns: Groups of features.
        mean: Mean over records of each record's mean cell, shape (rows, columns), nats; NaN where
            no record has such a cell.
        spread: Standard deviation over records, same shape; NaN below two records.
        records: How many records have such a cell, same shape.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    mean: FloatArray
    spread: FloatArray
    records: FloatArray


def mean_map(view: StudyView, rows: str = "row.role", columns: str = "auto") -> MeanMap:
    """Return the mean attribution map by groups.

    Args:
        view: The study.
        rows: Expression of the language of claims that groups tokens.
        columns: One that groups features; "auto" takes operators, else demonstrations, else places.

    Raises:
        InputError: The study has no attribution maps, or an expression cannot be evaluated.
    """
    return _averaged(*_by_record(view, rows, columns))


def _by_record(
    view: StudyView, rows: str, columns: str
) -> tuple[tuple[str, ...], tuple[str, ...], FloatArray]:
    """Return names of rows and columns, and each record's mean cells, NaN where it has none."""
    at = Evaluator(view, "cell", "attribution")
    if columns == "auto":
        columns = _grouping(view)
    (across,) = parsed(f"mean({columns})").arguments
    (down,) = parsed(f"mean({rows})").arguments
    row_names, row = _codes(at(down))
    column_names, column = _codes(at(across))
    value, record = view.cells("attribution").value, at.record
    known = (row >= 0) & (column >= 0) & ~np.isnan(value)
    shape = len(view.ids), len(row_names), len(column_names)
    key = np.ravel_multi_index((record[known], row[known], column[known]), shape)
    size = int(np.prod(shape))
    count = np.bincount(key, minlength=size).reshape(shape)
    total = np.bincount(key, value[known], minlength=size).reshape(shape)
    return row_names, column_names, np.where(count, total / np.maximum(count, 1), np.nan)


def _averaged(rows: tuple[str, ...], columns: tuple[str, ...], own: FloatArray) -> MeanMap:
    """Return the mean over some records of their mean cells, (records, rows, columns)."""
    there = ~np.isnan(own)
    records = there.sum(axis=0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(records, np.where(there, own, 0.0).sum(axis=0) / records, np.nan)
        squares = np.where(there, (own - mean) ** 2, 0.0).sum(axis=0)
        spread = np.where(records > 1, np.sqrt(squares / (records - 1)), np.nan)
    return MeanMap(rows, columns, mean, spread, records)


def mean_maps(
    view: StudyView, by: ast.expr, rows: str = "row.role", columns: str = "auto"
) -> list[tuple[str, MeanMap]]:
    """Return a mean map for each group of records, named with how many records it is of.

    Args:
        view: The study.
        by: Expression that groups; a record belongs to each group that one of its cells is in.
        rows: Groups the tokens, as in `mean_map`.
        columns: Groups the features.

    Raises:
        InputError: The study has no attribution maps, or an expression cannot be evaluated.
    """
    at = Evaluator(view, "cell", "attribution")
    names, group = _codes(at(by))
    row_names, column_names, own = _by_record(view, rows, columns)
    members = [np.unique(at.record[group == index]) for index in range(len(names))]
    return [
        (f"{name} ({len(which)})", _averaged(row_names, column_names, own[which]))
        for name, which in zip(names, members, strict=True)
    ]


def _grouping(view: StudyView) -> str:
    """Return what features are best grouped by: what tells them apart in most records."""
    for name in ("operator", "demonstration"):
        values = view.get("feature", name, "attribution")
        known = [one for one in values.tolist() if one not in (None, 0) and one == one]
        if len(known) > len(values) / 2 and len(set(known)) > 1:
            return f"column.{name}"
    return "column.position"


def _codes(values: Values) -> tuple[tuple[str, ...], Values]:
    """Return the names of groups, and the group of each; −1 where it is not known."""
    labels = [group_name(one) for one in values.tolist()]
    names = sorted({label for label in labels if label is not None}, key=natural)
    place: dict[str | None, int] = {name: index for index, name in enumerate(names)}
    return tuple(names), np.array([place.get(label, -1) for label in labels], dtype=np.int64)


@dataclass(frozen=True)
class LayerProfile:
    """Mean divergence from the last layer, layer by layer, of a group of tokens.

    Attributes:
        name: The group.
        layers: Layers, from 1.
        estimates: Bits with intervals, one for each layer.
    """

    name: str
    layers: tuple[int, ...]
    estimates: tuple[Interval, ...]


def layer_profiles(view: StudyView, by: str = "row.role") -> list[LayerProfile]:
    """Return the profile of each group of tokens.

    Raises:
        InputError: The study has no depth maps.
    """
    at = Evaluator(view, "cell", "depth")
    (grouped,) = parsed(f"mean({by})").arguments
    names, group = _codes(at(grouped))
    cells = view.cells("depth")
    if len(cells.layer) == 0:
        raise InputError("The study has settling depths, but no map of the layers.")
    clusters = view.clusters[at.record]
    profiles = []
    for index, name in enumerate(names):
        found = []
        layers = np.unique(cells.layer)
        for layer in layers:
            which = (group == index) & (cells.layer == layer) & ~np.isnan(cells.value)
            found.append(clustered_mean(cells.value[which], clusters[which].tolist()))
        profiles.append(LayerProfile(name, tuple(map(int, layers)), tuple(found)))
    return profiles


@dataclass(frozen=True)
class RatioBins:
    """Deep-thinking ratio against rightness, in bins of equal size.

    Attributes:
        ratio: Mean ratio of each bin.
        right: Share of right answers of each, with intervals.
        correlation: Of ratio and rightness over all answers, clustered by record.
        binned: Pearson's r over the bins, as arXiv 2602.13517 has it; its interval is the 2.5 % to
            97.5 % range of 2,000 bootstrap draws of whole records.
    """

    ratio: tuple[float, ...]
    right: tuple[Interval, ...]
    correlation: Interval
    binned: Interval

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "bins": [
                {"ratio": ratio, "right": right.to_document()}
                for ratio, right in zip(self.ratio, self.right, strict=True)
            ],
            "correlation": self.correlation.to_document(),
            "binned_correlation": self.binned.to_document(),
        }


def ratio_bins(
    ratio: FloatArray, right: FloatArray, clusters: Values, bins: int = BINS, seed: int = 0
) -> RatioBins:
    """Return how rightness goes with the ratio, over answers that may share a record.

    Args:
        ratio: Deep-thinking ratio of each answer, shape (n,).
        right: 1 where it is right, else 0.
        clusters: The record of each.
        bins: How many bins.
        seed: Where the bootstrap begins.
    """
    parts = np.array_split(np.argsort(ratio, kind="stable"), bins)
    parts = [part for part in parts if len(part)]
    shares = tuple(
        clustered_share(right[part].astype(bool), clusters[part].tolist()) for part in parts
    )
    means = tuple(float(ratio[part].mean()) for part in parts)
    whole = clustered_correlation(ratio, right, clusters.tolist())
    return RatioBins(means, shares, whole, _binned(ratio, right, clusters, bins, seed))


def _binned(
    ratio: FloatArray, right: FloatArray, clusters: Values, bins: int, seed: int
) -> Interval:
    names, place = np.unique(clusters, return_inverse=True)
    members = [np.flatnonzero(place == index) for index in range(len(names))]

    def r(which: Values) -> float:
        x, y = ratio[which], right[which]
        parts = [p for p in np.array_split(np.argsort(x, kind="stable"), bins) if len(p)]
        one = np.array([x[part].mean() for part in parts])
        other = np.array([y[part].mean() for part in parts])
        if not one.std() or not other.std():
            return float("nan")
        return float(np.corrcoef(one, other)[0, 1])

    value = r(np.arange(len(ratio))) if len(ratio) else float("nan")
    low = high = float("nan")
    if len(names) > 1:
        draw = np.random.default_rng(seed)
        drawn = [
            r(np.concatenate([members[i] for i in draw.integers(0, len(names), len(names))]))
            for _ in range(2000)
        ]
        defined = [one for one in drawn if one == one]
        if defined:
            low, high = (float(one) for one in np.percentile(defined, [2.5, 97.5]))
    method = f"bootstrap of {len(names)} records, {bins} bins"
    return Interval(value, low, high, float("nan"), len(ratio), len(names), method)
