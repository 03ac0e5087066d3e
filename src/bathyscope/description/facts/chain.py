"""Facts of a chain: what each step owes to which passage, and where the answer's shares end."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.description.facts.evidence import Likelihood, likelihood
from bathyscope.description.facts.grid import Gaps, gaps
from bathyscope.description.facts.map import MeasuredQuantity, measured, sides
from bathyscope.runs.chain import ChainRun

NEGLIGIBLE = 0.05
"""Nothing depends on a step that has at most this share of the largest size of every later row."""

NOTABLE = 0.1
"""Two numbers of a cell are compared where one is at least this share of its row's largest."""

MOST_DISAGREEMENTS = 5


@dataclass(frozen=True)
class Passage:
    """A part of the prompt, a step, or the answer.

    Attributes:
        what: "part", "step" or "answer".
        number: Which of its kind, from 1.
        label: Its display text.
    """

    what: str
    number: int
    label: str


@dataclass(frozen=True)
class Owed:
    """Effect of a passage on a row.

    Attributes:
        to: The passage.
        value: In the map's unit.
        margin: Half the width of its 95 % interval; None where not sampled.
    """

    to: Passage
    value: float
    margin: float | None


@dataclass(frozen=True)
class RowFacts:
    """Facts of one row: what it owes.

    Attributes:
        row: The step or the answer.
        effect: All − none: what everything before it does together; None where that is not asked.
        largest: The passages that it owes most, the largest value first; those alone whose interval
            excludes 0, at most three.
        depth: The median settling depth of its tokens; None where it was not measured.
        deep_share: The share of them that settles deep; None likewise.
    """

    row: Passage
    effect: float | None
    largest: tuple[Owed, ...]
    depth: float | None
    deep_share: float | None


@dataclass(frozen=True)
class Disagreement:
    """A cell of which leave-one-out says something else than the map.

    Attributes:
        row: The row.
        to: The passage.
        value: The map's value.
        alone: What the row loses without this passage alone.
    """

    row: Passage
    to: Passage
    value: float
    alone: float


@dataclass(frozen=True)
class ChainSampling:
    """Exactness of a sampled chain.

    Attributes:
        largest_error: The largest standard error of a cell, in the map's unit; None where there is
            no number.
        unclear: Cells before their row whose 95 % interval covers 0.
        cells: Cells before their row.
        evaluations: Coalitions that were evaluated; None where none were.
        tokens_written: Tokens of all continuations; None where none were written.
    """

    largest_error: float | None
    unclear: int
    cells: int
    evaluations: int | None
    tokens_written: int | None


@dataclass(frozen=True)
class Origins:
    """Origins of the answer: its shares, directly and through the steps; a heuristic.

    Attributes:
        straight: Share of the answer's positive values that is on the prompt directly, 0..1.
        through: The same after the steps have passed on theirs.
        direct: The part with the largest direct share; None where none has any.
        traced: The part with the largest share in the end; None likewise.
        hops: How many times shares were passed on.
        area_direct: Faithfulness of the direct ranking for the whole response, nats; None where
            there is no ranking.
        area_through: The same of the multi-hop ranking.
    """

    straight: float
    through: float
    direct: Passage | None
    traced: Passage | None
    hops: int
    area_direct: float | None
    area_through: float | None


@dataclass(frozen=True)
class ChainFacts:
    """Facts of a chain.

    Attributes:
        model: Its name.
        response: The text that is looked into.
        generated: Whether the model wrote it.
        likelihood: How probable it was; None where that was not recorded.
        reading: "deletion", "suppression" or "resampling".
        variant: The method, or what is measured.
        definition: What a cell is.
        source: Where that comes from.
        quantity: What a cell measures.
        columns: All passages that something may be owed to, in order.
        rows: What each row owes, the answer last.
        gaps: Cells without a finite number; None where there are none.
        sampling: How exact it is; None where nothing was sampled.
        unused: Steps of which nothing later depends.
        origins: How the answer's shares divide; None for other readings than deletion.
        disagreements: Where leave-one-out says something else, the largest difference first.
        compared: Whether leave-one-out stands beside the map.
    """

    model: str
    response: str
    generated: bool
    likelihood: Likelihood | None
    reading: str
    variant: str
    definition: str
    source: str
    quantity: MeasuredQuantity
    columns: tuple[Passage, ...]
    rows: tuple[RowFacts, ...]
    gaps: Gaps | None
    sampling: ChainSampling | None
    unused: tuple[Passage, ...]
    origins: Origins | None
    disagreements: tuple[Disagreement, ...]
    compared: bool
    kind: ClassVar[str] = ChainRun.kind


def chain_facts(run: ChainRun) -> ChainFacts:
    """Return what can be said of a chain."""
    said = run.provenance
    asked = said["reading"]
    rows, columns = passages_of(run)
    beside = run.beside.get("leave_one_out")
    return ChainFacts(
        model=said["model"]["name"],
        response=run.response,
        generated=said["generated"],
        likelihood=likelihood(run.evidence),
        reading=run.reading,
        variant=asked["variant"],
        definition=asked["definition"],
        source=asked["source"],
        quantity=measured(run.heatmap.quantity),
        columns=columns,
        rows=tuple(_row(run, rows, columns, index) for index in range(len(rows))),
        gaps=gaps(run.heatmap, *sides(run.heatmap)),
        sampling=_sampling(run),
        unused=_unused(run, columns),
        origins=_origins(run, columns),
        disagreements=() if beside is None else _disagreements(run, beside.values, rows, columns),
        compared=beside is not None,
    )


def passages_of(run: ChainRun) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """Return the rows and the columns of a chain as passages."""
    labels = run.heatmap.columns.labels
    parts = [Passage("part", i + 1, label) for i, label in enumerate(labels[: run.parts])]
    steps = [Passage("step", i + 1, label) for i, label in enumerate(labels[run.parts :])]
    answer = Passage("answer", 1, run.heatmap.rows.labels[-1])
    own = steps[: len(run.heatmap.rows) - 1]
    return (*own, answer), (*parts, *steps)


def before(run: ChainRun) -> NDArray[np.bool_]:
    """Return which cells stand before their row, shape (rows, columns)."""
    rows, columns = run.heatmap.values.shape
    first = columns - rows + 1  # columns before the first row: parts, or all steps for the answer
    found: NDArray[np.bool_] = np.arange(columns) < first + np.arange(rows)[:, None]
    return found


def _clear(run: ChainRun) -> NDArray[np.bool_]:
    """Return which cells before their row are told from 0."""
    sizes = np.abs(run.heatmap.values)
    if run.low is not None and run.high is not None:
        told = np.logical_or(run.low > 0, run.high < 0)
    else:
        told = sizes > (np.zeros_like(sizes) if run.margin is None else run.margin)
    found: NDArray[np.bool_] = np.logical_and(before(run), told)
    return found


def _row(
    run: ChainRun, rows: tuple[Passage, ...], columns: tuple[Passage, ...], index: int
) -> RowFacts:
    values, margin = run.heatmap.values[index], run.margin
    sizes = np.where(_clear(run)[index], values, -np.inf)
    largest = [int(at) for at in np.argsort(-sizes, kind="stable")[:3] if sizes[at] > 0]
    return RowFacts(
        rows[index],
        None if run.effect is None else float(run.effect[index]),
        tuple(
            Owed(
                columns[at], float(values[at]), None if margin is None else float(margin[index, at])
            )
            for at in largest
        ),
        None if run.depth is None else run.depth.median[index],
        None if run.depth is None else run.depth.deep_share[index],
    )


def _sampling(run: ChainRun) -> ChainSampling | None:
    if run.standard_error is None:
        return None
    cells, said = before(run), run.provenance["reading"]
    errors = run.standard_error[cells & np.isfinite(run.standard_error)]
    return ChainSampling(
        float(errors.max()) if errors.size else None,
        int((cells & ~_clear(run)).sum()),
        int(cells.sum()),
        said.get("evaluations"),
        said.get("tokens_written"),
    )


def _unused(run: ChainRun, columns: tuple[Passage, ...]) -> tuple[Passage, ...]:
    sizes = np.nan_to_num(np.abs(run.heatmap.values))
    large = sizes > NEGLIGIBLE * sizes.max(axis=1, keepdims=True)
    counted = np.logical_and(_clear(run), large)
    asked = np.logical_and(before(run).any(axis=0), ~np.isnan(run.heatmap.values).any(axis=0))
    return tuple(
        columns[at]
        for at in range(run.parts, len(columns))
        if asked[at] and not counted[:, at].any()
    )


def _origins(run: ChainRun, columns: tuple[Passage, ...]) -> Origins | None:
    total, parts = run.total, run.parts
    if total is None or not parts:
        return None
    areas = {one.by: one.area for one in run.rankings if one.of == "response"}
    return Origins(
        float(total.direct[:parts].sum()),
        float(total.through[:parts].sum()),
        _largest(total.direct[:parts], columns),
        _largest(total.through[:parts], columns),
        total.hops,
        areas.get("direct"),
        areas.get("through"),
    )


def _largest(shares: FloatArray, columns: tuple[Passage, ...]) -> Passage | None:
    return columns[int(shares.argmax())] if shares.max() > 0 else None


def _disagreements(
    run: ChainRun, alone: FloatArray, rows: tuple[Passage, ...], columns: tuple[Passage, ...]
) -> tuple[Disagreement, ...]:
    """Return the cells of which one number is notable and the other less than half of it."""
    values, clear = run.heatmap.values, _clear(run)
    found = []
    for row, column in np.argwhere(clear):
        own, other = float(values[row, column]), float(alone[row, column])
        larger, smaller = (own, other) if abs(own) >= abs(other) else (other, own)
        largest = max(np.abs(values[row]).max(), np.abs(alone[row]).max())
        if abs(larger) >= NOTABLE * largest and smaller * np.sign(larger) < abs(larger) / 2:
            found.append(Disagreement(rows[row], columns[column], own, other))
    found.sort(key=lambda one: -abs(one.value - one.alone))
    answer = [one for one in found if one.row.what == "answer"]
    others = [one for one in found if one.row.what != "answer"]
    return (*answer, *others)[:MOST_DISAGREEMENTS]
