"""The page of depth by word, sentence and role: its table, its line, its cells, hostile names."""

import re
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.roles import RoleRule
from bathyscope.page.copies import groups_copies
from bathyscope.page.data import Shown, page_data
from tests.conftest import tiny
from tests.page.conftest import Open
from tests.page.test_page import exported
from tests.runs.test_depth_groups import PIECES, run_of

HOSTILE = ("<img", " src=x", " onerror", "=alert(1)>", ".", " \u202eזה", " </script>", "</b>", "!")


def rows_of(page: Any) -> list[str]:
    rows = page.locator(".groups tbody tr").all_inner_texts()
    return [re.sub(r"\s+", " ", row).strip() for row in rows]


def test_sentences_have_medians_shares_and_intervals(open_page: Open) -> None:
    run = bs.group_depths(run_of(), "sentence")
    page = open_page([run])
    found = rows_of(page)
    assert len(found) == len(run.groups) == 3
    for text, group in zip(found, run.groups, strict=True):
        assert text.startswith(group.label) and f"{group.deep} of {group.tokens}, " in text
        assert f"{group.deep_share:.2f}" in text
        within = group.deep_share_interval
        said = None if within is None else f"({within.low:.2f} to {within.high:.2f})"
        assert ("(" in text) == (within is not None) and (said is None or said in text)
    assert [group.deep_share_interval is not None for group in run.groups] == [True, True, False]
    shares = [group.deep_share for group in run.groups]
    deepest = [index for index, one in enumerate(shares) if one == max(shares)]
    assert [index for index, text in enumerate(found) if "deepest" in text] == deepest == [0, 2]
    wide = page.locator(".groups .fill").evaluate_all("all => all.map(one => one.style.width)")
    parts = [float(one.rstrip("%")) / 100 for one in wide]
    assert parts == pytest.approx(shares, abs=1e-4)
    assert page.locator(".groups .whisker").count() == 4
    known = re.sub(r"\s+", " ", page.locator(".facts").first.inner_text())
    assert "median settling layer 6.5 (2 to 10) of 10" in known and "words 8" in known
    line = re.findall(r'<polyline points="([^"]*)"', exported(page, "SVG").decode())
    heights = [float(pair.split(",")[1]) for pair in line[0].split(" ")][::2]
    medians = [group.median_layer for group in run.groups]
    steps = np.diff(heights) / -np.diff(medians)
    assert steps == pytest.approx([steps[0]] * len(steps), rel=0.02) and steps[0] > 1


def test_words_and_roles_have_their_own(open_page: Open) -> None:
    words = open_page([bs.group_depths(run_of(), "word")])
    assert words.locator(".groups .whisker").count() == 0
    assert "too few tokens for intervals" in words.locator(".groups caption").inner_text()
    rules = [RoleRule.pattern("a role with 1 number", "^The$")]
    run = bs.group_depths(run_of(), "role", rules)
    page = open_page([run], viewport={"width": 390, "height": 800})
    assert rows_of(page)[0].startswith("a role with 1 number")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no sideways scroll"
    page.get_by_label("Columns").select_option("settling")


def test_texts_that_look_like_markup_stay_text(open_page: Open) -> None:
    depths = [1 + at % 10 for at in range(len(HOSTILE))]
    for by in ("word", "sentence"):
        page = open_page([bs.group_depths(run_of(HOSTILE, depths), by)])
        assert page.locator(".groups img, .groups b").count() == 0
        assert page.locator(".groups tbody tr").count() > 1


def test_the_page_opens_on_the_deepest_group() -> None:
    run = bs.group_depths(run_of(), "sentence")
    (found,) = page_data([Shown(run, "own")])["maps"]
    shares = [group.deep_share for group in run.groups]
    deepest = shares.index(max(shares))
    assert found["opening"] == {
        "row": int(run.groups[deepest].median_layer) - 1, "column": deepest
    }  # fmt: skip
    assert found["copies"] is None, "its model has no source"
    assert len(found["groups"]["each"]) == 3 and found["groups"]["clusters"] == "word"


def test_what_is_copied_groups_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("llama")
    monkeypatch.setitem(model.provenance, "source", "a folder's name")
    monkeypatch.setattr(bs, "load", lambda *names: model)
    depths = bs.settle(model, "Q: 8 + 5?\nA:", "".join(PIECES), threshold=0.25, begin="always")
    rules = [RoleRule.parsed("fruit=^(the|end)$")]
    for by, further in (("sentence", []), ("role", rules)):
        run = bs.group_depths(depths, by, further)
        copies = groups_copies(run)
        assert copies is not None and f"--by={by}" in copies.cli and "--begin=always" in copies.cli
        assert ("--role=fruit=^(the|end)$" in copies.cli.replace("'", "")) == bool(further)
        names: dict[str, Any] = {}
        exec(copies.python, names)
        assert names["run"].heatmap.columns == run.heatmap.columns
        assert (names["run"].heatmap.values == run.heatmap.values).all()
    own = bs.group_depths(depths, "role", [RoleRule.of("own", lambda text: text == "a")])
    assert groups_copies(own) is None, "no text says what a function decides"
