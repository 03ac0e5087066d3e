"""Depth by word, sentence and role: counted by hand, through every door, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.clustered import median_interval, share_interval
from bathyscope.core.heatmap import Axis
from bathyscope.core.roles import RoleRule
from bathyscope.model.tokens import visible
from bathyscope.runs.folder import sealed
from bathyscope.runs.settling import SettlingRun
from tests.comparison.maps import provenance
from tests.conftest import tiny

PIECES: tuple[str, ...] = (
    "The",
    " sum",
    " of",
    " 8",
    " +",
    " 5",
    " is",
    " 1",
    "3",
    ".",
    " So",
    " it",
    " is",
    " 13",
)
PIECES += (",", " the", " end", ".", "\n", " Fine", ".")
DEPTHS = [1, 2, 3, 9, 10, 9, 2, 10, 10, 4, 1, 1, 5, 9, 3, 2, 6, 4, 1, 7, 10]


def run_of(pieces: tuple[str, ...] = PIECES, depths: list[int] | None = None) -> SettlingRun:
    """Return settling depths of a model of ten layers, deep from the ninth."""
    ends = np.cumsum([len(piece) for piece in pieces])
    spans = tuple(
        (int(end) - len(piece), int(end)) for piece, end in zip(pieces, ends, strict=True)
    )
    tokens = Axis("response token", tuple(map(visible, pieces)), tuple(range(len(pieces))), spans)
    origin = provenance(lens="norm", threshold=0.5, depth_fraction=0.85, deep_layer=9)
    origin |= {"target": "".join(pieces), "target_ids": list(range(len(pieces)))}
    origin["model"] = {**origin["model"], "num_layers": 10}
    found = np.array(DEPTHS if depths is None else depths)
    return SettlingRun.of(tokens, found, float((found >= 9).mean()), origin)


def test_sentences_are_counted() -> None:
    run = bs.group_depths(run_of(), "sentence")
    own = [DEPTHS[:10], DEPTHS[10:19], DEPTHS[19:]]
    assert [group.label for group in run.groups] == [
        "The sum of 8 + 5 is 13.", "So it is 13, the end.", "Fine.",
    ]  # fmt: skip
    assert [group.first for group in run.groups] == [0, 10, 19]
    assert [group.tokens for group in run.groups] == [10, 9, 2]
    assert [group.median_layer for group in run.groups] == [np.median(depths) for depths in own]
    assert [group.deep for group in run.groups] == [5, 1, 1]
    assert [group.deep_share for group in run.groups] == [0.5, 1 / 9, 0.5]
    assert [group.clusters for group in run.groups] == [8, 6, 1]
    for row in range(10):
        expected = [np.mean(np.array(depths) <= row + 1) for depths in own]
        np.testing.assert_allclose(run.heatmap.values[row], expected)
    words = np.array([0, 1, 2, 3, 4, 5, 6, 7, 7, 7])
    first = np.array(own[0])
    assert run.groups[0].deep_share_interval == share_interval(first >= 9, words)
    assert run.groups[0].median_interval == median_interval(first, words)
    assert run.groups[2].deep_share_interval is None and run.groups[2].median_interval is None


def test_words_are_counted_without_intervals() -> None:
    run = bs.group_depths(run_of(), "word")
    assert [group.label for group in run.groups][:9] == [
        "The", "sum", "of", "8", "+", "5", "is", "13.", "So",
    ]  # fmt: skip
    assert run.groups[7].tokens == 3 and run.groups[7].median_layer == 10
    assert sum(group.tokens for group in run.groups) == len(PIECES)
    assert all(group.deep_share_interval is None for group in run.groups)


def test_roles_are_counted_with_sentences_for_clusters() -> None:
    run = bs.group_depths(run_of(), "role")
    found = {group.label: group for group in run.groups}
    digits = [9, 9, 10, 10, 9]
    assert found["digit"].tokens == 5 and found["digit"].median_layer == np.median(digits)
    assert found["operator"].tokens == 1 and found["newline"].tokens == 1
    template = [
        place for place, text in enumerate(PIECES) if text.strip() in ("The", "the", "is", ".")
    ]
    assert found["template"].tokens == len(template) == 7
    assert found["template"].median_layer == np.median([DEPTHS[place] for place in template])
    assert found["template"].clusters == 3 and found["digit"].clusters == 2
    assert found["template"].deep_share_interval is None, "three sentences are too few"
    twice = bs.group_depths(run_of((*PIECES, "\n", *PIECES), [*DEPTHS, 1, *DEPTHS]), "role")
    found = {group.label: group for group in twice.groups}
    sentences = np.array([0, 0, 0, 1, 1, 1, 2])
    depths = np.array([DEPTHS[place] for place in template] * 2)
    expected = share_interval(depths >= 9, np.concatenate([sentences, sentences + 3]))
    assert expected is not None and found["template"].deep_share_interval == expected
    assert found["digit"].clusters == 4 and found["digit"].median_interval is not None


def test_roles_of_ones_own_come_first() -> None:
    rules = [RoleRule.pattern("result", r"^\s*1?3$"), RoleRule.words("filler", ("so", "fine"))]
    found = {group.label: group for group in bs.group_depths(run_of(), "role", rules).groups}
    assert (found["result"].tokens, found["filler"].tokens) == (2, 2)


def test_the_same_from_the_map_as_from_the_depths_alone() -> None:
    model, text = tiny("llama"), " it is 13. So the end. Fine."
    deep, quick = (verb(model, "Q: 8 + 5?\nA:", text) for verb in (bs.depth, bs.settle))
    for by in ("word", "sentence", "role"):
        one, other = bs.group_depths(deep, by), bs.group_depths(quick, by)
        assert one.groups == other.groups
        np.testing.assert_array_equal(one.heatmap.values, other.heatmap.values)
        assert one.evidence is not None and one.deep_thinking_ratio == deep.deep_thinking_ratio


@pytest.mark.parametrize("by", ["word", "sentence", "role"])
def test_words_figures_and_pages_show_it(by: str, tmp_path: Path) -> None:
    run = bs.group_depths(run_of(), by)
    said = bs.describe(run)
    for group in run.groups:
        assert f"`{group.label}` ({group.tokens} token" in said
        assert f"{group.deep} of {group.tokens} token" in said
    if by == "sentence":
        deepest = run.groups[0]
        assert deepest.deep_share_interval is not None
        low, high = deepest.deep_share_interval
        line = next(line for line in said.splitlines() if "largest deep share, 0.5000" in line)
        assert f"`{deepest.label}`" in line and "`Fine.`" in line
        assert f"95 % interval of the share {low:.2f} to {high:.2f}" in line
    assert ("Intervals count" in said) == (by != "word")
    run.save(tmp_path / "run")
    opened = bs.open_run(tmp_path / "run")
    assert isinstance(opened, bs.DepthGroupsRun) and opened.groups == run.groups
    assert opened.to_document() == run.to_document()
    bs.draw(run, tmp_path / "figure.svg")
    drawn = (tmp_path / "figure.svg").read_text()
    assert (
        f"by {by}" in drawn and "largest deep share" in drawn and "median, 95 % interval" in drawn
    )
    axes: Any = bs.figure(run).axes[0]
    bars = axes.containers[0].lines[2][0].get_segments()
    medians = [group.median_interval or (group.median_layer,) * 2 for group in run.groups]
    assert [(low[1] + 1, high[1] + 1) for low, high in bars] == [
        pytest.approx(tuple(ends)) for ends in medians
    ]
    bs.view(run, tmp_path / "page.html")
    assert f"one {by} each" in (tmp_path / "page.html").read_text()


def test_a_depth_run_says_which_sentence_is_deepest() -> None:
    model = tiny("llama")
    run = bs.depth(model, "Q: 8 + 5?\nA:", " it is 13. So the end. Fine.", threshold=0.001)
    groups = bs.group_depths(run, "sentence").groups
    deepest = max(groups, key=lambda group: group.deep_share)
    assert deepest.deep, "there has to be something to say"
    assert f"Of 3 sentences the deepest is `{deepest.label}`" in bs.describe(run)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("deep_share",), 0.75),
        (("deep",), 4),
        (("tokens",), 11),
        (("median_layer",), 5.0),
        (("label",), "other"),
        (("median_interval",), [9, 2]),
        (("deep_share_interval",), [0.5]),
        (("clusters",), 0),
    ],
)
def test_a_run_that_contradicts_itself_is_refused(
    path: tuple[str, ...], value: Any, tmp_path: Path
) -> None:
    bs.group_depths(run_of(), "sentence").save(tmp_path / "run")
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    assert document["groups"][0][path[0]] != value
    document["groups"][0][path[0]] = value
    (tmp_path / "run" / "arrays.safetensors").unlink()
    (tmp_path / "run" / "run.json").write_text(json.dumps(sealed(document)))
    with pytest.raises(bs.InputError, match="damaged"):
        bs.open_run(tmp_path / "run")


def test_a_ratio_that_is_not_that_of_the_groups_is_refused(tmp_path: Path) -> None:
    bs.group_depths(run_of(), "sentence").save(tmp_path / "run")
    (tmp_path / "run" / "arrays.safetensors").unlink()
    assert bs.open_run(tmp_path / "run").kind == "depth_groups"
    path = tmp_path / "run" / "run.json"
    document = json.loads(path.read_text())
    document["deep_thinking_ratio"] = 1 - document["deep_thinking_ratio"] / 2
    path.write_text(json.dumps(sealed(document)))
    with pytest.raises(bs.InputError, match="deep_thinking_ratio is not that of the groups"):
        bs.open_run(tmp_path / "run")


def test_what_cannot_be_grouped_is_refused() -> None:
    with pytest.raises(bs.InputError, match=r"by 'sentense' is not known; did you mean 'sentence'"):
        bs.group_depths(run_of(), "sentense")
    with pytest.raises(bs.InputError, match="a table run has none"):
        bs.group_depths(bs.open_run(Path(__file__).parents[1] / "kept_runs/schema-1/table"), "word")
    blank = run_of((" ", "\n"), [1, 2])
    with pytest.raises(bs.InputError, match="no places in a text"):
        bs.group_depths(blank, "word")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31mred", "\u202eabc", "\0"])
def test_a_role_has_a_name_that_can_be_read(name: str) -> None:
    with pytest.raises(bs.InputError, match="name it by letters"):
        RoleRule.pattern(name, "^The$")
