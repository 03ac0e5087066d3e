"""Facts of an attribution: what was asked, how exact it is, what it adds up to."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, number_or_null
from bathyscope.description.facts.evidence import Likelihood, likelihood
from bathyscope.description.facts.grid import Place
from bathyscope.description.facts.map import MapFacts, map_facts, sides
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.chain import ChainRun
from bathyscope.runs.interactions import InteractionRun

ROUNDING = 1e-6
"""A difference is rounding when it is at most this share of the largest size among the numbers."""

_ALL = slice(None)


@dataclass(frozen=True)
class Asked:
    """Question that was asked of a model.

    Attributes:
        model: Its name.
        continuation: The text that is explained.
        generated: Whether the model wrote it itself.
        likelihood: How probable it was; None where that was not recorded.
        against: The text it is compared with; None where it stands alone.
        against_likelihood: How probable that was; None without.
        method: A name in `games.methods.METHODS` or `GRADIENT_METHODS`.
        definition: What a cell is by the method's own words, `{exact}` still in them; None in runs
            of before it was recorded.
        of: What is measured of a token, a name in `attribution.token_value.TOKEN_VALUES`.
        exact: Whether nothing was sampled.
        removes_text: Whether features were taken out of the prompt; gradients remove none.
        baseline: Text that stands for an absent feature; empty where it was left out.
        token: The one target token that was asked about; None for all of them.
        segmenter: What found the features, a name in `segmenters.feature_names()`, or "spans".
    """

    model: str
    continuation: str
    generated: bool
    likelihood: Likelihood | None
    against: str | None
    against_likelihood: Likelihood | None
    method: str
    definition: str | None
    of: str
    exact: bool
    removes_text: bool
    baseline: str
    token: Place | None
    segmenter: str


@dataclass(frozen=True)
class Sampling:
    """Exactness of a sampled map.

    Attributes:
        evaluations: Coalitions that were evaluated.
        largest_error: The largest standard error of a cell, in the map's unit.
        unvaried: Cells that were not seen to vary among the samples.
        unclear: Cells whose 95 % interval covers neutral.
        cells: Cells that were looked at.
    """

    evaluations: int
    largest_error: float | None
    unvaried: int
    unclear: int
    cells: int


@dataclass(frozen=True)
class Shares:
    """Features without a value of their own.

    Attributes:
        features: How many there are.
        of: How many features the map has.
        groups: Of how many groups they are.
        bound: By how much a cell may be off its share, at most, in the map's unit.
    """

    features: int
    of: int
    groups: int
    bound: float | None


@dataclass(frozen=True)
class Effect:
    """Effect of one feature on the whole continuation.

    Attributes:
        feature: Which.
        value: By how much, in the map's unit; None where a cell of it has no number.
        margin: Half the width of its 95 % interval; None where not sampled.
    """

    feature: Place
    value: float | None
    margin: float | None


@dataclass(frozen=True)
class Whole:
    """The whole continuation: the sum over its tokens, or the difference of both continuations.

    Attributes:
        everything: Its value with every feature, in the map's unit.
        nothing: Its value with none.
        effects: What each feature did to it, in the order of the prompt.
    """

    everything: float | None
    nothing: float | None
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Completeness:
    """Completeness: how far rows add up to what the features do together.

    Attributes:
        row: The row that misses most.
        gap: Its sum minus (all − none), in the map's unit.
        complete: Whether that is rounding: at most `ROUNDING` of the largest of all and none.
    """

    row: Place
    gap: float
    complete: bool


@dataclass(frozen=True)
class AttributionFacts:
    """Facts of an attribution map.

    Attributes:
        asked: What was asked of which model.
        map: The rows of single tokens; the whole map where a contrast has none.
        contrast: Whether the map's last row is the whole continuation's and not one of `map`.
        sampling: How exact it is; None where nothing was sampled.
        shares: Which features share the values of groups; None where all have their own.
        whole: The whole continuation.
        completeness: What rows add up to; None where signs mean nothing.
    """

    asked: Asked
    map: MapFacts
    contrast: bool
    sampling: Sampling | None
    shares: Shares | None
    whole: Whole
    completeness: Completeness | None
    kind: ClassVar[str] = AttributionRun.kind


def attribution_facts(run: AttributionRun) -> AttributionFacts:
    """Return what can be said of an attribution map."""
    tokens = len(run.heatmap.rows) - (run.heatmap.provenance.get("against") is not None)
    own = slice(tokens or None)  # a contrast may have no row but the whole
    margin = None if run.margin is None else run.margin[own]
    whole_margin = run.whole_target_margin
    contrast = tokens < len(run.heatmap.rows)
    return AttributionFacts(
        asked=asked(run),
        map=map_facts(
            _tokens_only(run.heatmap, tokens), margin, None if contrast else whole_margin
        ),
        contrast=contrast,
        sampling=sampling(run, own),
        shares=shares(run, own),
        whole=_whole(run, whole_margin),
        completeness=_completeness(run, own),
    )


def asked(run: AttributionRun | InteractionRun) -> Asked:
    """Return what was asked of which model."""
    provenance = run.heatmap.provenance
    method, token = provenance["method"], provenance.get("token")
    return Asked(
        model=provenance["model"]["name"],
        continuation=provenance["target"],
        generated=provenance["generated"],
        likelihood=likelihood(run.evidence),
        against=provenance.get("against"),
        against_likelihood=likelihood(run.against_evidence),
        method=method["name"],
        definition=method.get("definition"),
        of=method.get("of", "logprob"),
        exact=run.standard_error is None,
        removes_text="path_from" not in method,
        baseline=method["baseline"],
        token=None if token is None else Place(token["position"], token["label"], None),
        segmenter=provenance.get("segmenter", "spans"),
    )


def sampling(run: AttributionRun | InteractionRun, rows: slice = _ALL) -> Sampling | None:
    """Return how exact some rows of a run are; None where nothing was sampled."""
    if run.standard_error is None or run.margin is None:
        return None
    values = run.heatmap.values[rows] - (run.heatmap.quantity.neutral or 0.0)
    finite = np.isfinite(values)
    errors = run.standard_error[rows]
    known = errors[np.isfinite(errors)]
    return Sampling(
        evaluations=run.heatmap.provenance["method"]["evaluations"],
        largest_error=float(known.max()) if len(known) else None,
        unvaried=0 if run.unvaried is None else int((finite & run.unvaried[rows]).sum()),
        unclear=int((finite & ~(np.abs(values) > run.margin[rows])).sum()),
        cells=int(finite.sum()),
    )


def shares(run: AttributionRun | InteractionRun, rows: slice = _ALL) -> Shares | None:
    """Return which features of some rows share the values of groups; None where none does."""
    shared = run.shared
    if run.group_of is None or shared is None or run.unseen is None or not shared.any():
        return None
    bounds = run.unseen[rows][:, shared]
    known = bounds[np.isfinite(bounds)]
    return Shares(
        features=int(shared.sum()),
        of=len(shared),
        groups=len(np.unique(run.group_of[shared])),
        bound=float(known.max()) if len(known) else None,
    )


def _tokens_only(heatmap: Heatmap, tokens: int) -> Heatmap:
    """Return the rows of single tokens; where a contrast has none, the map, its row no token."""
    if tokens == len(heatmap.rows):
        return heatmap
    if not tokens:
        return replace(heatmap, rows=Axis("row", heatmap.rows.labels))
    rows = Axis(heatmap.rows.name, heatmap.rows.labels[:tokens])
    return replace(heatmap, values=heatmap.values[:tokens], rows=rows)


def _whole(run: AttributionRun, margin: FloatArray | None) -> Whole:
    _, columns = sides(run.heatmap)
    return Whole(
        everything=number_or_null(float(run.whole(run.all))),
        nothing=number_or_null(float(run.whole(run.none))),
        effects=tuple(
            Effect(
                columns.place(index),
                number_or_null(float(value)),
                None if margin is None else number_or_null(float(margin[index])),
            )
            for index, value in enumerate(run.whole_target)
        ),
    )


def _completeness(run: AttributionRun, own: slice) -> Completeness | None:
    sizes = np.abs(run.gap[own])
    if not np.isfinite(sizes).any():
        return None
    row = int(np.nanargmax(np.where(np.isfinite(sizes), sizes, np.nan)))
    values = np.concatenate([run.all[own], run.none[own]])
    scale = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    gap = float(run.gap[row])
    rows, _ = sides(run.heatmap)
    return Completeness(rows.place(row), gap, abs(gap) <= ROUNDING * scale)


def gap_is_rounding(run: AttributionRun | ChainRun) -> bool:
    """Tell whether no row misses all − none by more than rounding, or none can."""
    everything, nothing, gap = run.all, run.none, run.gap
    if everything is None or nothing is None or gap is None:
        return True
    values = np.concatenate([everything, nothing])
    scale = np.abs(values[np.isfinite(values)]).max(initial=0.0)
    return bool((np.abs(gap[np.isfinite(gap)]) <= ROUNDING * scale).all())
