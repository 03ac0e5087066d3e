"""Two maps compared: of two prompts, models, methods, dtypes, or tools."""

from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import notes_kept
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
    return Comparison.of(as_run(a), as_run(b))
