"""Two maps compared, in words: every sentence computed from the numbers and true of them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bathyscope.comparison.changes import (
    CellChange,
    Drive,
    axes_of,
    clear_changes,
    largest_changes,
    largest_entry,
    swaps,
)
from bathyscope.comparison.origins import Aspect, origins
from bathyscope.core.alignment import LAYER, Alignment
from bathyscope.core.heatmap import Axis
from bathyscope.description.facts.comparison import (
    DEPTH_MEASURE,
    ComparisonFacts,
    mean_change,
)
from bathyscope.description.facts.depth import lens_named
from bathyscope.description.markdown import code, listed
from bathyscope.description.words.account import Account
from bathyscope.description.words.evidence import chance
from bathyscope.description.words.phrases import count, number
from bathyscope.runs.base import Run
from bathyscope.runs.comparison import Comparison
from bathyscope.runs.differences import LAYERS, Change

_SHORT = 40  # texts up to this length are quoted where they differ


def comparison_account(found: ComparisonFacts) -> Account:
    """Return what is said of a comparison: what is compared, what can be, and what changed."""
    comparison = found.comparison
    return Account(
        title="Two maps compared",
        overview=[*_overview(comparison)],
        axes=[*_common(comparison)],
        values=[*_changes(comparison)],
        observations=[],
        meaning=[],
        headings=("What can be compared", "What changed", "", ""),
    )


def _overview(comparison: Comparison) -> Iterator[str]:
    same, different = origins(*comparison.maps)
    differing = ", ".join(map(_aspect, different)) or "nothing that is recorded"
    alike = ", ".join(aspect.name for aspect in same) or "nothing that is recorded"
    yield (
        f"A is {named(comparison.a, code)}; B is {named(comparison.b, code)}. They differ in: "
        f"{differing}. The same in both: {alike}. Differences are B − A."
    )
    for name, heatmap in zip("AB", comparison.maps, strict=True):
        if "model" not in heatmap.provenance:
            yield f"{name} does not say of which model it is."


def of_model(model: Mapping[str, Any]) -> list[str]:
    """Return a model's name and the type of its weights, as far as its record says."""
    kept = "weights" if "weights" in model else "dtype"  # few bits are turned into it
    return [model[name] for name in ("name", kept) if name in model]


def named(run: Run, quoted: Callable[[str], str] = "“{}”".format) -> str:
    """Return in a few words what a run or a map is of."""
    provenance = run.provenance
    model = provenance.get("model")
    if not isinstance(model, Mapping):
        table = provenance.get("table")
        return f"the table {quoted(table)}" if table else "a map"
    of = [] if run.text is None else [f"of {quoted(run.text)}{_given(run)}"]
    return ", ".join([*of_model(model), _how(run), *of])


def _given(run: Run) -> str:
    if run.provenance.get("generated", True):
        return ""
    how_probable = "" if run.evidence is None else f", p = {chance(run.evidence.log_prob)}"
    return f" (given{how_probable})"


def _how(run: Run) -> str:
    """Return the lens, the method, or else the quantity of a map."""
    if "lens" in run.provenance:
        return f"lens {lens_named(run.provenance)}"
    method = run.provenance.get("method") or {}
    name: str = method.get("name") or run.heatmap.quantity.name
    return name.replace("_", "-")


def _aspect(aspect: Aspect) -> str:
    values = [_value(aspect.a), _value(aspect.b)]
    if aspect.name == "target" or None in values:
        return aspect.name
    return f"{aspect.name} ({values[0]} → {values[1]})"


def _value(value: Any) -> str | None:
    """Return a value that is short enough to be told; None for another."""
    if value is None:
        return "not stated"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return code(text) if 0 < len(text) <= _SHORT else None


def _common(comparison: Comparison) -> Iterator[str]:
    yield f"Rows: {_alignment(comparison.rows, *axes_of(comparison, 'rows'))}"
    yield f"Columns: {_alignment(comparison.columns, *axes_of(comparison, 'columns'))}"
    first, second = (heatmap.quantity for heatmap in comparison.maps)
    if not comparison.one_scale and first.unit == second.unit == LAYERS:
        yield (
            "Cells are layers, but the models have not as many, or do not say how many: they are "
            "not subtracted; only their ranks are compared."
        )
    elif not comparison.one_scale:
        yield (
            f"Cells of A are {first.name} in {first.unit or 'no unit'}, cells of B {second.name} "
            f"in {second.unit or 'no unit'}: they have no common scale and are not subtracted; "
            "only their ranks are compared."
        )
    elif first.unit != second.unit:
        silent = "A" if not first.unit else "B"
        yield (
            f"{silent} does not say its unit; it is taken to be {first.unit or second.unit}, as "
            "the other's."
        )
    if comparison.cells is None:
        yield _no_cells(comparison)


def _alignment(alignment: Alignment, a: Axis, b: Axis) -> str:
    name = a.name if a.name == b.name else f"{a.name} or {b.name}"
    if alignment.whole:
        return f"all {len(a)} are the same in both ({name})."
    if LAYER in (a.name, b.name):
        return (
            f"A has {len(a)} ({a.name}), B has {len(b)} ({b.name}); layers of models of different "
            "depth do not correspond."
        )
    if not alignment.pairs:
        return f"none of A's {len(a)} and B's {len(b)} ({name}) is the same in both."
    shown = listed([f"{code(a.labels[one])}" for one, _ in alignment.pairs], str, most=20)
    swapped = "".join(
        f" In the place of A's {_stretch(a, in_a)} B has {_stretch(b, in_b)}."
        for in_a, in_b in alignment.replaced[:10]
    )
    return (
        f"{len(alignment.pairs)} of A's {len(a)} and B's {len(b)} ({name}) are the same, aligned "
        f"in their order: {shown}.{swapped}"
    )


def _stretch(axis: Axis, stretch: tuple[int, int]) -> str:
    return listed([_entry(axis, position) for position in range(*stretch)], str, most=6)


def _no_cells(comparison: Comparison) -> str:
    left = []
    if comparison.together is not None:
        left.append("what all features together do to a row that both have")
    if comparison.whole_target is not None:
        left.append("what a feature that both have does to the whole continuation")
    if comparison.settling is not None:
        left.append("where a token that both have settles")
    if None not in (comparison.a.deep_thinking_ratio, comparison.b.deep_thinking_ratio):
        left.append("the deep-thinking ratios")
    rest = f" What can be: {'; '.join(left)}." if left else ""
    return f"No cell is in both maps, so cells are not compared.{rest}"


def _changes(comparison: Comparison) -> Iterator[str]:
    lines = [
        *_cells(comparison),
        *_whole_target(comparison),
        *_swapped(comparison),
        *_together(comparison),
        *_depth(comparison),
    ]
    yield from lines or ["Nothing can be said: the maps have neither rows nor columns in common."]


def _cells(comparison: Comparison) -> Iterator[str]:
    cells = comparison.cells
    if cells is None:
        return
    known = int((~(np.isnan(cells.a) | np.isnan(cells.b))).sum())
    both = f"the {count(known, 'cell')} that both have"
    if comparison.correlation is None:
        yield (
            f"Spearman's ρ of {both} is not defined: one of the maps gives all of them the same "
            "value, or there are fewer than 2."
        )
    else:
        yield (
            f"Spearman's ρ of {both}: {number(comparison.correlation)} (1: the same order, 0: "
            "nothing in common, −1: reversed)."
        )
    if not comparison.one_scale:
        return
    found = largest_changes(comparison)
    if not found:
        yield "No cell that both have changed."
        return
    yield from _certainty(comparison, cells)
    yield (
        f"Mean size of a change: {mean_change(cells.difference) or 0.0:.4f}{_unit(comparison)}. "
        f"The largest: {'; '.join(_cell(comparison, change) for change in found)}."
    )


def _certainty(comparison: Comparison, cells: Change) -> Iterator[str]:
    clear = clear_changes(cells)
    if clear is None:
        return
    yield (
        f"{clear} of {count(cells.a.size, 'cell')} changed by more than the 95 % interval of "
        f"their difference; without any real change about {0.05 * cells.a.size:.1f} would."
    )
    if comparison.coupled:
        yield (
            "Both maps were sampled with the same seed, so that their errors may move together; "
            "the intervals are those of independent runs. Give one of them another --seed."
        )


def _cell(comparison: Comparison, change: CellChange) -> str:
    rows, columns = axes_of(comparison, "rows"), axes_of(comparison, "columns")
    place = f"{_both(rows, change.row)} × {_both(columns, change.column)}"
    return f"{_moved(change.a, change.b, change.margin)} at {place}"


def _moved(a: float, b: float, margin: float | None) -> str:
    interval = "" if margin is None else f" ± {margin:.4f}"
    unclear = margin is not None and abs(b - a) <= margin
    doubt = ", which may be sampling error" if unclear else ""
    return f"{number(b - a, '+.4f')}{interval} ({number(a)} → {number(b)}{doubt})"


def _whole_target(comparison: Comparison) -> Iterator[str]:
    whole = comparison.whole_target
    place = None if whole is None else largest_entry(whole)
    if whole is None or place is None:
        return
    margin = None if whole.margin is None else float(whole.margin[place])
    moved = _moved(float(whole.a[place]), float(whole.b[place]), margin)
    columns = axes_of(comparison, "columns")
    yield (
        "Over the whole continuation the feature that changed most: "
        f"{moved}{_unit(comparison)}, {_both(columns, comparison.columns.pairs[place])}."
    )


def _swapped(comparison: Comparison) -> Iterator[str]:
    """Say of rows that stand in each other's place what drove each."""
    rows, columns = axes_of(comparison, "rows"), axes_of(comparison, "columns")
    for swap in swaps(comparison)[:10]:
        in_a = "; ".join(_drive(drive, rows[0], columns[0]) for drive in swap.a[:6])
        in_b = "; ".join(_drive(drive, rows[1], columns[1]) for drive in swap.b[:6])
        yield f"In A: {in_a}. In its place in B: {in_b}."


def _drive(drive: Drive, row: Axis, columns: Axis) -> str:
    up = [(c, v) for c, v in zip(drive.columns, drive.values, strict=True) if v > 0][:2]
    down = [(c, v) for c, v in zip(drive.columns, drive.values, strict=True) if v < 0][-1:]
    pulled = " and ".join(f"{code(columns.labels[c])} ({number(v, '+.4f')})" for c, v in up)
    against = "".join(f"{code(columns.labels[c])} ({number(v, '+.4f')})" for c, v in down)
    said = [f"raised most by {pulled}"] if up else ["raised by none"]
    said += [f"lowered most by {against}"] if down else ["lowered by none"]
    return f"{_entry(row, drive.row)} was {', '.join(said)}"


def _together(comparison: Comparison) -> Iterator[str]:
    together = comparison.together
    place = None if together is None else largest_entry(together)
    if together is None or place is None:
        return
    rows = axes_of(comparison, "rows")
    yield (
        f"All features together (all − none), over the {count(len(together.a), 'row')} that both "
        f"have: {number(together.a.sum(), '+.4f')} in A, {number(together.b.sum(), '+.4f')} in B; "
        "the row that changed most: "
        f"{_moved(float(together.a[place]), float(together.b[place]), None)}"
        f"{_unit(comparison)}, {_both(rows, comparison.rows.pairs[place])}."
    )


def _depth(comparison: Comparison) -> Iterator[str]:
    a, b = comparison.a, comparison.b
    if a.deep_thinking_ratio is None or b.deep_thinking_ratio is None:
        return
    _, different = origins(a.heatmap, b.heatmap)
    unlike = [aspect.name for aspect in different if aspect.name in DEPTH_MEASURE]
    caution = (
        f" The runs differ in {' and '.join(unlike)}, so these are not the same measure."
        if unlike
        else ""
    )
    yield (
        f"Deep-thinking ratio: {a.deep_thinking_ratio:.4f} in A, {b.deep_thinking_ratio:.4f} in B, "
        f"{number(b.deep_thinking_ratio - a.deep_thinking_ratio, '+.4f')}.{caution}"
    )
    if None in (a.num_layers, b.num_layers):
        yield "How many layers a model has is not recorded: settling depths are not compared."
    elif a.num_layers != b.num_layers:
        yield (
            f"A's model has {a.num_layers} layers, B's {b.num_layers}: settling depths are not "
            "compared."
        )
    if comparison.settling is not None:
        yield from _settling(comparison, comparison.settling)


def _settling(comparison: Comparison, settling: Change) -> Iterator[str]:
    later, earlier = (int((sign * settling.difference > 0).sum()) for sign in (1, -1))
    yield (
        f"Of the {count(len(settling.a), 'token')} that both have, {later} settle later in B, "
        f"{earlier} earlier, {len(settling.a) - later - earlier} at the same layer; median layer "
        f"{np.median(settling.a):g} in A, {np.median(settling.b):g} in B."
    )
    place = largest_entry(settling)
    if place is not None:
        columns = axes_of(comparison, "columns")
        yield (
            f"The largest move: layer {settling.a[place]:g} → {settling.b[place]:g} of "
            f"{_both(columns, comparison.columns.pairs[place])}."
        )


def _both(axes: tuple[Axis, Axis], pair: tuple[int, int]) -> str:
    """Return an entry of both axes by position, counted from 1, and label."""
    moved = f" ({pair[1] + 1} in B)" if pair[0] != pair[1] else ""
    return f"{_entry(axes[0], pair[0])}{moved}"


def _entry(axis: Axis, position: int) -> str:
    if axis.name == LAYER:
        return f"layer {axis.labels[position]}"
    return f"{axis.name} {position + 1} {code(axis.labels[position])}"


def _unit(comparison: Comparison) -> str:
    units = [heatmap.quantity.unit for heatmap in comparison.maps]
    unit = units[0] or units[1]
    return f" {unit}" if unit else ""
