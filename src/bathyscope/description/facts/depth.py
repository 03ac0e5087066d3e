"""Facts of a depth map: where which tokens settle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray, Heatmap, number_or_null
from bathyscope.description.facts.evidence import Likelihood, likelihood
from bathyscope.description.facts.grid import AxisFacts, Gaps, Place, gaps
from bathyscope.description.facts.map import sides
from bathyscope.layers.lenses.summaries import SUMMARIES
from bathyscope.prompt.roles import TEMPLATE, Role
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.depth_groups import DepthGroup, group_depths
from bathyscope.runs.settling import SettlingRun

PROFILE_LAYERS = 5
"""At so many layers, from the first to the last one drawn, the median is told."""


@dataclass(frozen=True)
class Settled:
    """One token and the layer at which it settles: num_layers where it settles at none before."""

    token: Place
    layer: int


@dataclass(frozen=True)
class Level:
    """The median over all tokens at one layer, in bits; None where no token has a number."""

    layer: int
    median: float | None


@dataclass(frozen=True)
class RoleDepth:
    """Settling layers of the tokens of one role.

    Attributes:
        role: The role.
        count: How many tokens have it.
        median: Median of their settling layers.
        earliest: The smallest of them.
        latest: The largest.
    """

    role: Role
    count: int
    median: float
    earliest: int
    latest: int


@dataclass(frozen=True)
class Repeats:
    """Tokens that occur more than once: how often the second settles earlier than the first.

    Attributes:
        tokens: How many different tokens (by id) occur more than once.
        earlier: How many of them settle earlier at their second time.
        later: How many settle later.
        same: How many settle at the same layer.
        change: Median of second minus first settling layer.
        pairs: The first and the second time of each, in the order of the text.
    """

    tokens: int
    earlier: int
    later: int
    same: int
    change: float
    pairs: tuple[tuple[Settled, Settled], ...]


@dataclass(frozen=True)
class Template:
    """Template words against digits.

    Attributes:
        words: How many tokens are template words and complete nothing.
        words_median: Median of their settling layers.
        completions: How many tokens are digits, or directly follow an operator or equals sign.
        completions_median: Median of their settling layers.
    """

    words: int
    words_median: float
    completions: int
    completions_median: float


@dataclass(frozen=True)
class SentenceDepths:
    """The sentences of a response.

    Attributes:
        count: How many there are.
        deepest: The first of those with the largest deep share.
    """

    count: int
    deepest: DepthGroup


@dataclass(frozen=True)
class SettledText:
    """Facts of settling depths, with their map or without.

    Attributes:
        model: Name of the model.
        response: The text that was looked into.
        generated: Whether the model wrote it itself.
        likelihood: How probable it was; None where that was not recorded.
        lens: How intermediate layers are read, by name.
        fit: The beginning of the hash of its file; None where it was not fitted.
        lens_summary: The same in words.
        threshold: A token settles at the first layer with at most so many bits.
        deep_layer: Tokens that settle here or later count as deep.
        settled: Where each token settles, in the order of the text.
        median_layer: Median of those layers.
        deep: How many tokens settle at the deep layer or later.
        deep_thinking_ratio: Their share, 0..1.
    """

    model: str
    response: str
    generated: bool
    likelihood: Likelihood | None
    lens: str
    fit: str | None
    lens_summary: str
    threshold: float
    deep_layer: int
    settled: tuple[Settled, ...]
    median_layer: float
    deep: int
    deep_thinking_ratio: float


def settled_text(run: DepthRun | SettlingRun, tokens: AxisFacts) -> SettledText:
    """Return what can be said of the settling depths of a text whose tokens are the columns."""
    said, depths = run.provenance, run.settling_depth
    return SettledText(
        model=said["model"]["name"],
        response=said["target"],
        generated=said["generated"],
        likelihood=likelihood(run.evidence),
        lens=said["lens"],
        fit=fit_of(said),
        lens_summary=lens_summary(said),
        threshold=said["threshold"],
        deep_layer=said["deep_layer"],
        settled=tuple(
            Settled(tokens.place(index), int(layer)) for index, layer in enumerate(depths)
        ),
        median_layer=float(np.median(depths)),
        deep=int((depths >= said["deep_layer"]).sum()),
        deep_thinking_ratio=run.deep_thinking_ratio,
    )


@dataclass(frozen=True)
class DepthFacts(SettledText):
    """Facts of a depth map.

    Attributes:
        num_layers: Layers of the model; one more than the map's rows.
        depth_fraction: The share of all layers before it.
        tokens: The columns.
        gaps: Cells without a number, left out of the medians; None where there are none.
        profile: The median over the tokens at `PROFILE_LAYERS` layers.
        median_settles: The first layer whose median is at most the threshold; None where none is.
        decided: How many cells are at most the threshold.
        cells: How many cells have a number.
        early: Tokens that settle before the last layer.
        risen: Of those, how many rise above the threshold again at a later layer.
        roles: Where tokens settle by role, the earliest median first; None without roles.
        repeats: First and second times; None where no token occurs twice.
        template: Template words against digits; None where the response lacks one of them.
        sentences: The deepest one; None where the tokens have no places in a text.
    """

    num_layers: int
    depth_fraction: float
    tokens: AxisFacts
    gaps: Gaps | None
    profile: tuple[Level, ...]
    median_settles: int | None
    decided: int
    cells: int
    early: int
    risen: int
    roles: tuple[RoleDepth, ...] | None
    repeats: Repeats | None
    template: Template | None
    sentences: SentenceDepths | None
    kind: ClassVar[str] = DepthRun.kind


def depth_facts(run: DepthRun) -> DepthFacts:
    """Return what can be said of a depth map."""
    heatmap, depths = run.heatmap, run.settling_depth
    provenance: Any = heatmap.provenance
    rows, tokens = sides(heatmap)
    threshold = provenance["threshold"]
    medians = _medians(heatmap.values)
    below = np.flatnonzero(medians <= threshold)
    roles = tokens.roles or ()
    return DepthFacts(
        **vars(settled_text(run, tokens)),
        num_layers=run.num_layers,
        depth_fraction=provenance["depth_fraction"],
        tokens=tokens,
        gaps=gaps(heatmap, rows, tokens),
        profile=_profile(medians),
        median_settles=int(below[0]) + 1 if len(below) else None,
        decided=int((heatmap.values <= threshold).sum()),
        cells=int(np.isfinite(heatmap.values).sum()),
        early=int((depths < run.num_layers).sum()),
        risen=_risen(heatmap.values, depths, threshold),
        roles=_role_depths(roles, depths) or None,
        repeats=_repeats(heatmap, tokens, depths),
        template=_template(tokens.labels, roles, depths),
        sentences=_sentences(run),
    )


def _sentences(run: DepthRun) -> SentenceDepths | None:
    try:
        groups = group_depths(run, "sentence").groups
    except InputError:  # tables and old files name tokens without their places
        return None
    return SentenceDepths(len(groups), max(groups, key=lambda group: group.deep_share))


def _medians(values: FloatArray) -> FloatArray:
    """Return the median over the tokens at each layer, shape (layers,); NaN where none counts."""
    rows = [row[np.isfinite(row)] for row in values]
    return np.array([np.median(row) if len(row) else np.nan for row in rows])


def _profile(medians: FloatArray) -> tuple[Level, ...]:
    count = min(PROFILE_LAYERS, len(medians))
    chosen = np.linspace(0, len(medians) - 1, count).round().astype(int)
    return tuple(Level(int(i) + 1, number_or_null(float(medians[i]))) for i in chosen)


def _risen(values: FloatArray, depths: NDArray[np.int64], threshold: float) -> int:
    layers = np.arange(1, len(values) + 1)[:, None]
    return int(((values > threshold) & (layers > depths)).any(axis=0).sum())


def _role_depths(roles: Sequence[Role], depths: NDArray[np.int64]) -> tuple[RoleDepth, ...]:
    found = []
    for role in Role:
        own = depths[[index for index, other in enumerate(roles) if other is role]]
        if len(own):
            median = float(np.median(own))
            found.append(RoleDepth(role, len(own), median, int(own.min()), int(own.max())))
    return tuple(sorted(found, key=lambda part: part.median))


def _repeats(heatmap: Heatmap, tokens: AxisFacts, depths: NDArray[np.int64]) -> Repeats | None:
    times: dict[int | str, list[int]] = {}
    keys: Sequence[int | str] = heatmap.columns.ids or heatmap.columns.labels
    for index, key in enumerate(keys):
        times.setdefault(key, []).append(index)
    twice = [(found[0], found[1]) for found in times.values() if len(found) > 1]
    if not twice:
        return None
    changes = np.array([depths[second] - depths[first] for first, second in twice])
    return Repeats(
        tokens=len(twice),
        earlier=int((changes < 0).sum()),
        later=int((changes > 0).sum()),
        same=int((changes == 0).sum()),
        change=float(np.median(changes)),
        pairs=tuple(
            (_settled(tokens, depths, first), _settled(tokens, depths, second))
            for first, second in twice
        ),
    )


def _settled(tokens: AxisFacts, depths: NDArray[np.int64], index: int) -> Settled:
    return Settled(tokens.place(index), int(depths[index]))


def _template(
    labels: Sequence[str], roles: Sequence[Role], depths: NDArray[np.int64]
) -> Template | None:
    before = [None, *roles[:-1]]
    completes = np.array(
        [
            role is Role.DIGIT or last in (Role.OPERATOR, Role.EQUALS)
            for role, last in zip(roles, before, strict=True)
        ]
    )
    words = [label.strip("▁⏎") for label in labels]
    template = np.array(TEMPLATE.matches(words), dtype=bool) & ~completes
    if not template.any() or not completes.any():
        return None
    return Template(
        int(template.sum()),
        float(np.median(depths[template])),
        int(completes.sum()),
        float(np.median(depths[completes])),
    )


def lens_summary(provenance: Mapping[str, Any]) -> str:
    """Return how layers were read: by the run's own words, which older runs do not have."""
    lens = provenance["lens"]
    own = provenance.get("lens_summary") or SUMMARIES.get(lens)
    return f"{own or f'read through the lens {lens}'}{_of_fit(provenance)}"


def lens_named(provenance: Mapping[str, Any]) -> str:
    """Return a lens by its name, and one that was fitted by the hash of its file: fits differ."""
    return f"{provenance.get('lens')}{_of_fit(provenance)}"


def fit_of(provenance: Mapping[str, Any]) -> str | None:
    """Return the beginning of the hash of a fitted lens; None where a lens was not fitted."""
    translators = provenance.get("translators")
    return None if translators is None else str(translators["sha256"])[:12]


def _of_fit(provenance: Mapping[str, Any]) -> str:
    fit = fit_of(provenance)
    return "" if fit is None else f", translators {fit}"
