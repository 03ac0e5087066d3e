"""`bathyscope provenance`: where the numbers of a figure or a run come from."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json

File = Annotated[
    Path, typer.Argument(metavar="FIGURE|RUN", help="A figure as bathyscope drew it, or a folder.")
]


def command(file: File, as_json: options.Json = False) -> None:
    """Print where the numbers of a figure or a run come from."""
    from bathyscope.replay.rerun import inscription_of

    inscribed, _ = inscription_of(file)
    rows, columns = inscribed.shape
    document = {
        "kind": inscribed.kind,
        "shape": [rows, columns],
        "values_sha256": inscribed.digest,
        "provenance": dict(inscribed.provenance),
    }
    if as_json:
        print_json(document)
        return
    lines = dict(_lines("", document["provenance"]))
    print(f"a map of {rows} rows and {columns} columns: {inscribed.kind}\n")
    width = max(map(len, lines), default=0)
    for name, text in lines.items():
        print(f"{name:<{width}}  {text}")


def _lines(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested provenance, each with the path to it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _lines(f"{name}.{key}" if name else key, inner)
    else:
        yield name, json.dumps(value, ensure_ascii=False)
