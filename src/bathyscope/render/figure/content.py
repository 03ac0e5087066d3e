"""Content of a figure: what of a run is drawn, whatever the size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.render.caption import caption
from bathyscope.render.figure import cells, overlays, top_tokens
from bathyscope.render.figure.canvas import LAYER, PLAIN, Canvas, Labelling, View, label_axes
from bathyscope.render.figure.footnotes import notes
from bathyscope.render.figure.heading import heading
from bathyscope.render.figure.sums import Sums, sums_of
from bathyscope.render.figure.totals import Totals
from bathyscope.render.lettering import Lettering
from bathyscope.render.look import Look, part_of
from bathyscope.render.palette import scale_of
from bathyscope.runs.base import Run
from bathyscope.runs.readings import Readings

if TYPE_CHECKING:
    from matplotlib.artist import Artist


@dataclass(frozen=True)
class Content:
    """Content of one figure.

    Attributes:
        run: The run.
        look: What was asked for.
        view: The part of its map that is drawn.
        sums: Of its rows and columns; None where they were not asked for.
        readings: Whose tokens stand in the cells; None where values do.
        final: What the model says in the end at each position; None where nothing tells.
    """

    run: Run
    look: Look
    view: View
    sums: Sums | None = None
    readings: Readings | None = None
    final: NDArray[np.int64] | None = None

    @property
    def heading(self) -> str:
        """The text that the map is of."""
        return heading(self.run)

    def totals(self, form: str) -> Totals | None:
        """Return the totals beside the map, its numbers written in some form."""
        if self.sums is None:
            return None
        return Totals.of(self.sums, form, turned=self.view.turned)

    @property
    def numbers(self) -> FloatArray:
        """Every number that is written, of all parts of the map, so that all are written alike."""
        sums = () if self.sums is None else (self.sums.of_rows, self.sums.of_columns)
        beside = [one for one in sums if one is not None]
        return np.concatenate([self.run.heatmap.values.ravel(), *beside])

    def texts(self, form: str) -> cells.Texts | None:
        """Return the values as they stand in the cells; None where other marks do, or too many."""
        digits = self.look.digits
        if self.readings is not None or (digits is None and self.run.column_medians is not None):
            return None
        return cells.numbers(self.view, digits, form)

    def beside_inches(self, totals: Totals | None) -> float:
        """Return how much room what stands to the right of the map takes."""
        strip = overlays.STRIP_INCHES if self.look.settling and self.view.turned else 0.0
        return strip + (0.0 if totals is None else totals.side_inches(self.view.letters))

    def below_inches(self, totals: Totals | None, cell: float) -> float:
        """Return how much room what stands right below the map takes.

        Args:
            totals: What stands at the edges.
            cell: Width of a cell, inches.
        """
        strip = overlays.STRIP_INCHES if self.look.settling and not self.view.turned else 0.0
        return strip + (0.0 if totals is None else totals.foot_inches(self.view.letters, cell))

    @property
    def entries(self) -> "list[Artist]":
        """The legend's entries."""
        run = self.run
        entries = [*overlays.no_number_entries(self.view)]
        if self.look.hatch and run.margin is not None:
            entries += overlays.uncertain_entries(self.view, run.margin)
        if run.shared is not None:
            entries += overlays.shared_entries(self.view, run.shared)
        if run.column_medians is not None:
            entries += overlays.median_entries()
        if self.look.settling:
            entries += overlays.settling_entries(int(run.provenance["deep_layer"]))
        return entries

    def lines(self, *further: str) -> list[str]:
        """Return what stands below the map."""
        said = []
        if self.readings is not None:
            bold = "" if self.final is None else ", bold where it is what the model says in the end"
            said.append(
                f"in the cells: what each layer would say{bold}; beside it the probability, at the "
                "lowest → the highest of its layers"
            )
        if self.sums is not None and not self.view.part.shows_all_of(self.run.heatmap):
            said.append("sums of what is shown")
        if self.sums is not None and self.sums.unsure:
            said.append("sampled: how sure the sums are is not known")
        return [*filter(None, [caption(self.run)]), *notes(self.view), *said, *further]

    def fill(self, canvas: Canvas, how: Labelling = PLAIN, *, ratio: bool = True) -> None:
        """Label a map and draw over and beside its cells what was asked for, but no text in them.

        Args:
            canvas: The map, or a strip of it.
            how: How its labels are set.
            ratio: Whether the deep-thinking ratio stands beside the strip of deep tokens.
        """
        label_axes(canvas, how)
        run = self.run
        overlays.hatch_what_is_no_number(canvas)
        if self.look.hatch and run.margin is not None:
            overlays.hatch_uncertain(canvas, run.margin)
        if run.shared is not None:
            overlays.hatch_shared(canvas, run.shared)
        if run.column_medians is not None:
            overlays.draw_medians(canvas, run.column_medians)
        if self.look.settling and run.settling_depth is not None:
            deep = int(run.provenance["deep_layer"])
            overlays.draw_settling(canvas, run.settling_depth, deep)
            overlays.draw_strip(canvas, run.settling_depth, deep, ratio=ratio)


def content_of(run: Run, look: Look, letters: Lettering) -> Content:
    """Return what a figure of a run shows.

    Raises:
        InputError: What is asked for is not in the map, or contradicts it.
    """
    heatmap = run.heatmap
    if look.symmetric and heatmap.quantity.neutral is None:
        raise InputError(
            f"Colours of {heatmap.quantity.name} have one end, as it has no sign; leave out "
            "--symmetric."
        )
    part = part_of(heatmap, look.window)
    scale = scale_of(heatmap, look.palette, look.limit, look.scale)
    readings = _required_readings(run, look)
    return Content(
        run,
        look,
        View(heatmap, part, scale, letters, look.transpose),
        sums_of(run, part) if look.totals else None,
        readings,
        None if readings is None else top_tokens.final_ids(run),
    )


def texts(run: Run, look: Look) -> Iterator[str]:
    """Yield every text of a figure whose characters are not known beforehand."""
    heatmap = run.heatmap
    yield from (*heatmap.rows.labels, *heatmap.columns.labels, caption(run), heading(run))
    yield from (heatmap.rows.name, heatmap.columns.name)
    yield from (heatmap.quantity.legend, heatmap.quantity.name)
    if look.top_tokens and run.readings is not None:
        yield from run.readings.labels.values()


def _required_readings(run: Run, look: Look) -> Readings | None:
    """Return the readings to write into the cells, having checked that the map has what is asked.

    Raises:
        InputError: It has not.
    """
    if look.settling and (run.settling_depth is None or run.heatmap.rows.name != LAYER):
        raise InputError("Only a depth run has settling depths; leave out --settling.")
    if not look.top_tokens:
        return None
    if look.digits is not None:
        raise InputError("Cells hold tokens or numbers; leave out --top-tokens or --digits.")
    readings = run.readings
    if readings is None or not readings.top_k:
        raise InputError(
            "What each layer would say is not in this map; compute it with bathyscope depth "
            "--top-k 1, or leave out --top-tokens."
        )
    return readings
