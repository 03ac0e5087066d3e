"""A run whose document was changed in any one place is refused when opened, or works."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bathyscope.comparison.compare import Comparable, compare
from bathyscope.core.errors import InputError
from bathyscope.description.words.comparison import describe_comparison
from bathyscope.runs.kinds import AttributionRun, DepthRun, open_run
from tests.comparison.maps import attribution, depth

_ERROR = np.full((2, 3), 0.1)
RUNS: dict[str, AttributionRun | DepthRun] = {
    "attribution": attribution([[1, 2, 3], [4, 5, 6]], error=_ERROR, freedom=5),
    "depth": depth([[0.9, 0.2, 0.7], [0.1, 0.1, 0.6]], "xyz", [2, 1, 3]),
}
_GONE = object()


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where every entry of objects stands, and the last one of lists."""
    if isinstance(document, dict):
        names = list(document)
    else:
        names = [len(document) - 1] if isinstance(document, list) and document else []
    for name in names:
        yield (*path, name)
        yield from places(document[name], (*path, name))


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    document = copy.deepcopy(document)
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    if value is _GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return document


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize(
    "value", [_GONE, None, "x", -1, [], {}, 1e999], ids=lambda value: str(value)[:8]
)
def test_a_change_anywhere(tmp_path: Path, kind: str, value: Any) -> None:
    run: Comparable = RUNS[kind]
    whole = json.loads(json.dumps(RUNS[kind].to_document()))
    refused = 0
    for path in places(whole):
        (tmp_path / "run.json").write_text(json.dumps(changed(whole, path, value)))
        try:
            opened = open_run(tmp_path)
        except InputError as error:
            assert str(tmp_path) in str(error)
            refused += 1
            continue
        opened.to_document()
        try:
            describe_comparison(compare(run, opened))
        except InputError:
            pass
    assert refused > 15


def test_a_document_nested_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("[" * 200_000)
    with pytest.raises(InputError, match="not complete JSON"):
        open_run(tmp_path)
