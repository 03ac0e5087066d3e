"""Two maps compared: of two prompts, models, methods, dtypes, or tools."""

from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import note, notes_kept
from bathyscope.runs.base import Run
from bathyscope.runs.comparison import Comparison
from bathyscope.runs.table import as_run


@keywords_checked
@notes_kept
def compare(a: Run | Heatmap, b: Run | Heatmap) -> Comparison:
    """Compare two maps: of two prompts, models, methods, dtypes, or tools.

    Rows and columns are aligned by what they are and where they stand (`core.alignment.align`).
    Cells of rows and columns that both have are subtracted where both are in one unit; a map that
    does not say its unit is taken to be in the other's.

    Args:
        a: A run or a map.
        b: One of the same kind, or a map.

    Raises:
        InputError: The two are of different kinds, or of a kind that cannot be compared.
    """
    compared = as_run(a), as_run(b)
    for name, run in zip("AB", compared, strict=True):
        if run.shared is not None and run.shared.any():
            note(
                f"{int(run.shared.sum())} of {len(run.shared)} features of {name} were not "
                "measured one by one: each has an even share of the value of its group."
            )
    return Comparison.of(*compared)
