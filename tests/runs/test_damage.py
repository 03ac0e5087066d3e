"""A run whose document was changed in any one place is refused when opened, or works everywhere."""

import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.attribution.attribute import interact
from bathyscope.comparison.compare import compare
from bathyscope.core.errors import BathyscopeError, InputError
from bathyscope.replay.rerun import rerun
from bathyscope.runs.base import Run
from bathyscope.runs.folder import DOCUMENT
from bathyscope.runs.opening import open_run
from tests.conftest import tiny

PROMPT = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\nQ: [[5]]?\nA:")
RUNS: dict[str, Callable[[], Run]] = {
    "attribution": lambda: bs.attribute(tiny("llama"), PROMPT, " 00"),
    "sampled": lambda: bs.attribute(
        tiny("llama"), bs.Prompt.marked("".join(f"[[{i}]]+" for i in range(9))), " 0", budget=150
    ),
    "interactions": lambda: interact(tiny("llama"), PROMPT, " 00"),
    "depth": lambda: bs.depth(tiny("llama"), PROMPT.text, " 00é", top_k=2),
    "think": lambda: bs.think(
        tiny("llama"), PROMPT.text, n=3, prefix=4, max_new_tokens=6, answer="regex:.", compare=True
    ),
    "chain": lambda: bs.chain(
        tiny("llama"), PROMPT, "So 12.\nIt is 6.", steps="lines", method="leave_one_out"
    ),
    "faithfulness": lambda: bs.evaluate(
        tiny("llama"), PROMPT, " 00", methods=["shapley", "leave_one_out"]
    ),
}
_GONE = object()
VALUES = [_GONE, None, "x", -1, 0.5, True, [], {}, 1e999, 1e308, "\ud800", 10**30]
OF_EACH = 1
"""Runs that opened in spite of a change, for each value, that go through all that takes a run."""


@cache
def whole(kind: str) -> tuple[Run, str]:
    """Return a run, and its document as an earlier version would have written it: unsealed."""
    run = RUNS[kind]()
    document = run.to_document()
    del document["digest"]
    return run, json.dumps(document)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where every entry of objects stands, and the last one of lists."""
    if isinstance(document, dict):
        names = list(document)
    else:
        names = [len(document) - 1] if isinstance(document, list) and document else []
    for name in names:
        yield (*path, name)
        yield from places(document[name], (*path, name))


def changed(text: str, path: tuple[Any, ...], value: Any) -> str:
    inner = document = json.loads(text)
    for name in path[:-1]:
        inner = inner[name]
    if value is _GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize(
    "value", VALUES, ids=lambda value: "gone" if value is _GONE else ascii(value)[:8]
)
def test_a_change_anywhere(tmp_path: Path, kind: str, value: Any) -> None:
    run, text = whole(kind)
    refused, opened = 0, []
    for path in places(json.loads(text)):
        (tmp_path / DOCUMENT).write_text(changed(text, path, value))
        try:
            found = open_run(tmp_path)
        except InputError as error:
            assert str(tmp_path) in str(error)
            refused += 1
            continue
        found.to_document()
        opened.append(path)
    assert refused > 15
    for path in random.Random(f"{kind} {value!a}").sample(opened, min(OF_EACH, len(opened))):
        (tmp_path / DOCUMENT).write_text(changed(text, path, value))
        _works_everywhere(run, tmp_path)


def _works_everywhere(run: Run, folder: Path) -> None:
    """Require that whatever takes a run either works or says in one sentence why not."""
    opened = open_run(folder)
    page = folder / "page.html"
    page.unlink(missing_ok=True)
    uses: list[Callable[[], object]] = [
        lambda: bs.describe(opened),
        lambda: bs.draw(opened, folder / "figure.svg"),
        lambda: bs.view([opened], page),
        lambda: bs.describe(compare(run, opened)),
        lambda: rerun(folder, tiny("llama")),
    ]
    for use in uses:
        try:
            use()
        except BathyscopeError as error:
            assert "\n" not in str(error).strip()


@pytest.mark.parametrize("kind", RUNS)
def test_the_whole_run_goes_through_everything(tmp_path: Path, kind: str) -> None:
    """What refuses a damaged run must not refuse every run."""
    run, text = whole(kind)
    (tmp_path / DOCUMENT).write_text(text)
    opened = open_run(tmp_path)
    assert len(opened.notes) == len(run.notes) + 1, "the arrays are not there"
    assert bs.describe(opened) == bs.describe(run.noted(opened.notes))
    bs.draw(open_run(tmp_path), tmp_path / "figure.svg")
    if kind != "faithfulness":
        bs.view([open_run(tmp_path)], tmp_path / "page.html")
        assert rerun(tmp_path, tiny("llama")).agrees()
        if run.not_compared is None:
            assert bs.describe(compare(run, open_run(tmp_path)))


def test_a_document_nested_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("[" * 200_000)
    with pytest.raises(InputError, match="not complete JSON"):
        open_run(tmp_path)
