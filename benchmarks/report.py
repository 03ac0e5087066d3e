"""What a benchmark found: as JSON, printed or written, and as a table of the docs."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def hand_over(report: Mapping[str, Any], path: Path | None) -> None:
    """Print a report, and write it where a path is given."""
    if path is not None:
        write(path, report)
    print(as_json(report), end="")


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report, in place of an earlier one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_json(report), encoding="utf-8")


def rewrite(page: Path, results: Path, filled: Callable[[str, Mapping[str, Any]], str]) -> None:
    """Write a page of the docs anew from what was found and kept."""
    found = json.loads(results.read_text(encoding="utf-8"))
    page.write_text(filled(page.read_text(encoding="utf-8"), found), encoding="utf-8")


def with_table(page: str, begin: str, table: str, end: str) -> str:
    """Return a page of the docs with a table between its two marks, in place of an earlier one."""
    before, rest = page.split(begin)
    return before + begin + table + end + rest.split(end)[1]


def as_json(report: Mapping[str, Any]) -> str:
    """Return a report as a text that ends with a line break; NaN is refused, JSON has none."""
    return json.dumps(report, indent=1, allow_nan=False) + "\n"
