"""What a benchmark found, as JSON: printed, or written whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bathyscope.core.files import new_file


def hand_over(report: Mapping[str, Any], path: Path | None) -> None:
    """Print a report, and write it where a path is given."""
    if path is not None:
        write(path, report)
    print(as_json(report), end="")


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report, in place of an earlier one."""
    with new_file(path) as partial:
        partial.write_text(as_json(report), encoding="utf-8")


def as_json(report: Mapping[str, Any]) -> str:
    """Return a report as a text that ends with a line break; NaN is refused, JSON has none."""
    return json.dumps(report, indent=1, allow_nan=False) + "\n"
