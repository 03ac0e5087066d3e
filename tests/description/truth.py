"""The numbers behind a description, computed again in plain Python."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats

import bathyscope as bs
from bathyscope.core.heatmap import Heatmap
from tests.description.reader import ordinal

ROLE_OF = {
    **dict.fromkeys(("8", "0", "1", "2", "3", "5", "6", "12", "16,000"), "digit"),
    **dict.fromkeys(("▁/", "▁+", "▁x", "×", "/"), "operator"),
    **dict.fromkeys(("▁=", "="), "equals sign"),
    **dict.fromkeys(("▁$", "$", "€"), "currency sign"),
    **dict.fromkeys(("The", "▁the", "▁is", "a", "b", "c", "d", "e", "f", "g", "h", "i"), "word"),
    **dict.fromkeys(("j", "k", "l"), "word"),
    **dict.fromkeys((".", ",", ")", "`", "$\\", "\\", "<"), "punctuation mark"),
    **dict.fromkeys(("▁", "⇥"), "space"),
    **dict.fromkeys(("⏎", "⏎⏎"), "line break"),
    **dict.fromkeys(("☃", "<eos>"), "other"),
    **dict.fromkeys(("9 + 3 = 12", "7 x 5 = 35", "4900 / 100 = 49", "9 - 3 = 6"), "expression"),
    **dict.fromkeys(("6 - 6 = 0", "9 + 3", "50(10x5)", "8 x 48 = 384"), "expression"),
    **dict.fromkeys(("3 x 4 = 12", "6 - 4 = 2", "$35 ($85 - $50)"), "expression"),
    **dict.fromkeys(("Q: 1", "Q: how many"), "phrase"),
}
"""What these labels are, said by hand; `/` and `▁x` stand between numbers where they are used."""


@dataclass
class Truth:
    """A map as plain lists.

    Attributes:
        values: Row by row.
        rows: Labels.
        columns: Labels.
        neutral: What means no effect; None without sign.
        margins: Half widths of 95 % intervals, row by row; None where not sampled.
        row_noun: What a row is called.
        column_noun: What a column is called.
        unit: The unit.
        run: The run, where there is one.
    """

    values: list[list[float]]
    rows: Sequence[str]
    columns: Sequence[str]
    neutral: float | None
    margins: list[list[float]] | None
    row_noun: str
    column_noun: str
    unit: str
    run: Any = None

    @classmethod
    def of(
        cls,
        heatmap: Heatmap,
        margins: list[list[float]] | None = None,
        rows: int | None = None,
        run: Any = None,
    ) -> "Truth":
        row_noun, column_noun = (
            last if (last := axis.name.split(" ")[-1]) in ("token", "feature", "layer") else side
            for axis, side in ((heatmap.rows, "row"), (heatmap.columns, "column"))
        )
        return cls(
            heatmap.values.tolist()[:rows],
            heatmap.rows.labels[:rows],
            heatmap.columns.labels,
            heatmap.quantity.neutral,
            margins,
            row_noun,
            column_noun,
            heatmap.quantity.unit,
            run,
        )

    def effect(self, row: int, column: int) -> float:
        return self.values[row][column] - (self.neutral or 0.0)

    @property
    def cells(self) -> list[tuple[int, int]]:
        """Cells with a finite value, in reading order."""
        return [
            (row, column)
            for row, line in enumerate(self.values)
            for column, value in enumerate(line)
            if math.isfinite(value)
        ]

    def size_of(self, cells: Sequence[tuple[int, int]]) -> float:
        return math.fsum(abs(self.effect(*cell)) for cell in cells)

    def sum_of(self, cells: Sequence[tuple[int, int]]) -> float:
        return math.fsum(self.effect(*cell) for cell in cells)

    @property
    def total(self) -> float:
        return self.size_of(self.cells)

    @property
    def limit(self) -> float:
        """5 % of the largest size."""
        return max(abs(self.effect(*cell)) for cell in self.cells) / 20

    def row(self, index: int) -> list[tuple[int, int]]:
        return [cell for cell in self.cells if cell[0] == index]

    def column(self, index: int) -> list[tuple[int, int]]:
        return [cell for cell in self.cells if cell[1] == index]

    def line(self, noun_is_row: bool, index: int) -> list[tuple[int, int]]:
        return self.row(index) if noun_is_row else self.column(index)

    def near(self, cell: tuple[int, int]) -> bool:
        return abs(self.effect(*cell)) <= self.limit * (1 + 1e-12)

    def clear(self, cell: tuple[int, int]) -> bool:
        """Whether a cell's 95 % interval excludes neutral; always where not sampled."""
        if self.margins is None:
            return True
        return abs(self.effect(*cell)) > self.margins[cell[0]][cell[1]]

    def place(self, page: "object", groups: Sequence[str]) -> int:
        """Return the position that (number, ending, noun, label) name, with the label checked."""
        number, ending, noun, label = groups
        position = ordinal(number, ending)
        known = {self.row_noun: self.rows, self.column_noun: self.columns}[noun]
        assert page.label(label) == shown(known[position])  # type: ignore[attr-defined]
        return position


def shown(label: str) -> str:
    """Return a label on one line."""
    return label.replace("\n", "⏎")


def margins_of(run: bs.AttributionRun | bs.InteractionRun) -> list[list[float]] | None:
    """Return half widths of 95 % intervals by SciPy's Student t."""
    if run.standard_error is None or run.degrees_of_freedom is None:
        return None
    quantile = float(stats.t.ppf(0.975, run.degrees_of_freedom))
    margins = [[quantile * error for error in row] for row in run.standard_error.tolist()]
    if run.unseen is None:
        return margins
    return [
        [half + (0.0 if math.isnan(bound) else bound) for half, bound in zip(*both, strict=True)]
        for both in zip(margins, run.unseen.tolist(), strict=True)
    ]


def roles_of(labels: Sequence[str]) -> list[str]:
    """Return the role of each label, in words."""
    return [ROLE_OF[label.split(" | ")[0]] for label in labels]
