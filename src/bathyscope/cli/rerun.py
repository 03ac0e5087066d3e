"""`bathyscope rerun`: reproduction of the numbers of a figure or a run."""

from typing import TYPE_CHECKING, Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars, tell
from bathyscope.cli.provenance import File

if TYPE_CHECKING:
    from bathyscope.replay.rerun import Rerun


def command(
    file: File,
    model: options.Model = None,
    device: options.Device = None,
    verify: options.Verify = False,
    translators: options.Translators = None,
    tolerance: Annotated[
        float,
        typer.Option(
            min=0, help="Largest difference that counts as agreement. [default: none, bit for bit]"
        ),
    ] = 0.0,
) -> None:
    """Compute a map again and say whether the numbers agree.

    The map is that of a figure or a run.

    Exit code 0 where they agree, 1 where they do not, 2 where they cannot be computed.
    """
    with progress_bars() as progress:
        from bathyscope.model.measured import measuring_anew
        from bathyscope.model.provenance import dtype_of
        from bathyscope.replay.rerun import inscription_of, require_computed, rerun

        loaded = None
        inscribed, _ = inscription_of(file)
        require_computed(inscribed, file)
        if model is not None:
            dtype = dtype_of(inscribed.provenance["model"])
            loaded = options.load_model(model, None, dtype, device, progress, verify=verify)
        with measuring_anew(verify):
            found = rerun(file, loaded, translators=translators, device=device, progress=progress)
    print(_sentence(found))
    tell(found.run.notes)
    if not found.agrees(tolerance):
        raise typer.Exit(1)


def _sentence(found: "Rerun") -> str:
    rows, columns = found.run.heatmap.values.shape
    count = f"{rows * columns} numbers of the map"
    others = f"; other numbers of the run differ: {', '.join(found.others)}" if found.others else ""
    if found.identical:
        return f"The {count} come out the same, bit for bit{others}."
    versions = ", ".join(
        f"{name} {then} then, {now} now" for name, (then, now) in found.versions.items()
    )
    why = f" ({versions})" if versions else ""
    if found.shape != (rows, columns):
        then = f"{found.shape[0]} × {found.shape[1]}"
        return f"The map has {then} cells in the file, but {rows} × {columns} now{why}."
    if found.largest is None or found.place is None:
        return f"The {count} are not those of which the file holds a digest{why}."
    unit = f" {found.run.heatmap.quantity.unit}" if found.run.heatmap.quantity.unit else ""
    row, column = found.place
    labels = found.run.heatmap.rows.labels[row], found.run.heatmap.columns.labels[column]
    return (
        f"{found.differing} of the {count} differ, by at most {found.largest:.2g}{unit} at "
        f"“{labels[0]}” × “{labels[1]}”{why}{others}."
    )
