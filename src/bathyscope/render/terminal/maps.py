"""Rankings and strongest rows of each kind of map, within 80 columns."""

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from bathyscope.attribution.token_value import TOKEN_VALUES
from bathyscope.description.facts.attribution import gap_is_rounding
from bathyscope.render.terminal.numbers import alike
from bathyscope.render.terminal.ranking import Ranked, ranking, strongest
from bathyscope.render.terminal.shares import column_labels, what_shares_are
from bathyscope.render.terminal.wide import wide_map
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.chain import ChainRun
from bathyscope.runs.comparison import NO_DIFFERENCE, Comparison
from bathyscope.runs.interactions import InteractionRun


def map_table(run: Run) -> RenderableType:
    """Return the strongest rows of any map."""
    return strongest(run)


def attribution_table(run: AttributionRun) -> RenderableType:
    """Return the features by their effect on the whole answer, then the strongest tokens."""
    quantity = run.heatmap.quantity
    whole = "the answer" if run.provenance.get("against") is None else "the difference"
    features = Ranked(
        f"Effect on {whole} as a whole: {quantity.legend or quantity.name}",
        run.heatmap.columns.name,
        column_labels(run),
        run.whole_target,
        run.whole_target_margin,
        quantity.neutral is not None,
    )
    contrast = run.provenance.get("against") is not None
    tokens = range(len(run.heatmap.rows) - contrast)
    said = [one for one in (what_shares_are(run), _ends(run)) if one is not None]
    parts = [ranking(features), *(Text(one, style="dim") for one in said)]
    if tokens:
        beside = None if np.isnan(run.effect).any() else ("all − none", run.effect)
        parts.append(Padding(strongest(run, tokens, beside), (1, 0, 0, 0)))
    return Group(*parts)


def _ends(run: AttributionRun) -> str | None:
    """Return what the answer is worth with all features and with none, and what cells miss."""
    everything, nothing = float(run.whole(run.all)), float(run.whole(run.none))
    if not np.isfinite([everything, nothing]).all():
        return None
    of = TOKEN_VALUES[run.provenance["method"].get("of", "logprob")]
    change = everything - nothing
    write = alike(max(abs(everything), abs(nothing)), sign="")
    said = (
        f"all: {write(everything)} with every feature; none: {write(nothing)} with every feature "
        f"absent ({of.words}); all − none: {alike(abs(change))(change)}."
    )
    if gap_is_rounding(run):
        return said
    gap = float(np.nanmax(np.abs(run.gap)))
    return f"{said} The cells of a row miss its all − none by up to {gap:.2g}."


def interactions_table(run: InteractionRun) -> RenderableType:
    """Return the features alone, then the pairs of the largest sizes."""
    values, margin, labels = run.heatmap.values, run.margin, run.heatmap.columns.labels
    alone = Ranked(
        "Each feature alone: its Shapley value",
        "feature",
        labels,
        values.diagonal(),
        None if margin is None else margin.diagonal(),
    )
    above = np.triu_indices(len(labels), k=1)
    pairs = Ranked(
        f"Pairs: {run.heatmap.quantity.legend}",
        "pair",
        [f"{labels[one]} & {labels[two]}" for one, two in zip(*above, strict=True)],
        values[above],
        None if margin is None else margin[above],
    )
    if not len(above[0]):
        return ranking(alone)
    return Group(ranking(alone), Padding(ranking(pairs), (1, 0, 0, 0)))


def chain_table(run: ChainRun) -> RenderableType:
    """Return what the answer owes to each passage, then the strongest rows."""
    quantity, margin = run.heatmap.quantity, run.margin
    answer = Ranked(
        f"The answer: {quantity.legend or quantity.name}",
        "passage",
        run.heatmap.columns.labels,
        run.heatmap.values[-1],
        None if margin is None else margin[-1],
        quantity.neutral is not None,
    )
    if len(run.heatmap.rows) == 1:
        return ranking(answer)
    beside = None if run.effect is None else ("all − none", run.effect)
    return Group(ranking(answer), Padding(strongest(run, None, beside), (1, 0, 0, 0)))


def comparison_table(run: Comparison) -> RenderableType:
    """Return the rows of B − A that changed most; where there is none, that there is none."""
    return _no_difference(run) if run.difference is None else strongest(run)


def wide_comparison_table(run: Comparison) -> RenderableType:
    """Return every cell of B − A; where there is none, that there is none, and no number."""
    return _no_difference(run) if run.difference is None else wide_map(run)


def _no_difference(run: Comparison) -> RenderableType:
    sizes = [
        Text("{}: {} × {}, {}".format(name, *one.values.shape, one.quantity.name))
        for name, one in zip("AB", run.maps, strict=True)
    ]
    return Group(Text(NO_DIFFERENCE), *sizes)
