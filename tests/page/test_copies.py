"""What is copied from a page computes the same map again."""

import shlex
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bathyscope as bs
from bathyscope.page.copies import attribution_copies, depth_copies
from bathyscope.page.data import Shown, page_data
from bathyscope.prompt.marks import read_marks, written_marks
from bathyscope.runs.table import as_run
from tests.conftest import tiny
from tests.page.hand_made import attribution, table

HOSTILE = 'It\'s [[so]] \\[[b]] $(rm -rf /) `x` "q"\n-- a\\'


@given(st.text(alphabet="a[]\\ \n", min_size=1, max_size=14), st.data())
def test_marks_that_are_written_are_read_back(text: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=4, unique=True).map(sorted))
    spans = tuple(zip(cuts[::2], cuts[1::2], strict=False))
    source = written_marks(text, spans)
    assert source is None or read_marks(source) == (text, spans)
    if not {"[", "]"} & set(text):
        assert source is not None


def test_marks_beside_brackets() -> None:
    assert written_marks("a [[b]] c", ((0, 1),)) == "[[a]] \\[[b\\]] c"
    assert written_marks("a[b", ((2, 3),)) is None, "[[[b]] would begin one bracket early"
    assert written_marks("ab\\", ((0, 3),)) == "[[ab\\\\]]"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Any:
    model = tiny("llama")
    monkeypatch.setitem(model.provenance, "source", "a folder's name")
    return model


@pytest.mark.parametrize("text", ["Two and three. Then?", HOSTILE])
def test_the_copied_program_computes_the_same(
    named: Any, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    asked: list[object] = []
    prompt = bs.Prompt(text, ((0, 3), (4, 9)))
    drove = bs.attribute(named, prompt, target=" a\n'b", method="leave_one_out", of="logit")
    deep = bs.depth(named, text, response=" a\n'b", top_k=2, lens="raw")

    def load(*names: str) -> Any:
        asked.append(names)
        return named

    monkeypatch.setattr(bs, "load", load)
    for run, copies in ((drove, attribution_copies(drove)), (deep, depth_copies(deep))):
        assert copies is not None
        names: dict[str, Any] = {}
        exec(copies.python, names)
        assert (names["run"].heatmap.values == run.heatmap.values).all()
    assert asked == [("a folder's name",)] * 2


def test_the_copied_command_says_the_same(named: Any) -> None:
    prompt = bs.Prompt.marked("[[It's]] [[1 + 2]] \\[[x")
    run = bs.attribute(named, prompt, target=" -3", against=" 4", baseline="…")
    copies = attribution_copies(run)
    assert copies is not None
    program, verb, *options, dashes, source = shlex.split(copies.cli)
    assert (program, verb, dashes) == ("bathyscope", "attribute", "--")
    assert set(options) == {
        "--target= -3", "--against= 4", "--baseline=…", "--model=a folder's name"
    }  # fmt: skip
    assert bs.Prompt.marked(source) == prompt
    found = bs.Prompt.segmented("One is here. Two is there. Three?", "words")
    cli = attribution_copies(bs.attribute(named, found, target=" 3", method="leave_one_out"))
    assert cli is not None and "--features=words" in shlex.split(cli.cli)
    assert shlex.split(cli.cli)[-1] == found.text


def test_what_nobody_can_say_is_not_offered(named: Any) -> None:
    assert attribution_copies(attribution()) is None, "its model has no source"
    data = page_data([Shown(as_run(table([[1.0]])), "table"), Shown(attribution(), "drove")])
    assert [one["copies"] for one in data["maps"]] == [None, None]
    prompt = bs.Prompt("a[b c", ((2, 3),))
    run = bs.attribute(named, prompt, target=" 3", method="leave_one_out")
    copies = attribution_copies(run)
    assert copies is not None and copies.cli == "" and "((2, 3),)" in copies.python
    values = np.array(run.heatmap.values)
    assert values.shape[1] == 1
