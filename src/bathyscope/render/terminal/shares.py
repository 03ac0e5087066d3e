"""Columns without a value of their own: a mark behind their labels, and what it means."""

from bathyscope.runs.base import Run

SHARE = "≈"
"""Stands where a value is but an even share of its group's."""

SHARES_ARE = f"{SHARE}: not measured by itself, an even share of its group's value"


def column_labels(run: Run) -> list[str]:
    """Return the labels of a map's columns, marked where a column has a share."""
    labels, shared = run.heatmap.columns.labels, run.shared
    if shared is None:
        return [*labels]
    return [f"{label} {SHARE}" if one else label for label, one in zip(labels, shared, strict=True)]


def what_shares_are(run: Run) -> str | None:
    """Return what the mark means; None where no column has it."""
    return None if run.shared is None or not run.shared.any() else SHARES_ARE
