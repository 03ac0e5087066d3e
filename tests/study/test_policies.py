"""Ways of answering, judged on samples of which the outcome is known."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from bathyscope.core.errors import InputError
from bathyscope.runs.think import ThinkRun
from bathyscope.study.claims.view import StudyView
from bathyscope.study.policies import thought
from bathyscope.study.rows import StudyRows, Told, answered
from bathyscope.study.store import begin_study
from bathyscope.study.tables import ratio_bins
from tests.study.stub import question


def played(right_is_deep: bool, number: int) -> ThinkRun:
    """Return four samples of 20 tokens, of which the two deepest are kept; half are right."""
    samples = []
    for i in range(4):
        right = (i >= 2) == right_is_deep
        answer = str(number % 7) if right else f"wrong {i}"
        samples.append(
            SimpleNamespace(
                deep_thinking_ratio=0.1 * i, kept=i >= 2, tokens=20, text="", answer=answer
            )
        )
    heatmap = SimpleNamespace(values=np.ones((4, 5)))
    return cast(ThinkRun, SimpleNamespace(samples=samples, heatmap=heatmap))


def view(folder: Path, right_is_deep: bool, count: int = 12) -> StudyView:
    study = begin_study(folder, {"asked": {"settings": {}}, "versions": {}})
    rows: list[StudyRows] = []
    for number in range(1, count + 1):
        told = Told("", 9, str(number % 7 if number % 3 else 8), str(number % 7))
        rows.append(answered(question(number), "k", [], told, played(right_is_deep, number)))
    study.add(rows)
    return StudyView(study)


@pytest.mark.parametrize("right_is_deep", [True, False])
def test_policies_are_judged_by_their_own_samples(right_is_deep: bool, tmp_path: Path) -> None:
    found = thought(view(tmp_path / "study", right_is_deep))
    table = {policy.name: policy for policy in found.policies}
    assert table["Think@n"].accuracy.value == float(right_is_deep)
    assert table["reverse ranking"].accuracy.value == float(not right_is_deep)
    assert table["greedy"].accuracy.value == pytest.approx(8 / 12)
    assert (table["majority of all"].accuracy.value, table["majority of all"].tokens.value) == (
        1,
        80,
    )
    assert table["Think@n"].tokens.value == table["random share"].tokens.value == 50
    assert table["greedy"].tokens.value == 9
    # Two of four at random: only with both wrong, one time in six, there is no right answer; of
    # one right and one wrong the first sample wins the tie.
    assert table["random share"].accuracy.value == pytest.approx(5 / 6 if not right_is_deep else
                                                                 1 / 6, abs=0.06)  # fmt: skip
    test = table["reverse ranking"].test
    assert test is not None and test.first_only == (12 if right_is_deep else 0)
    assert found.bins.binned.value > 0.8 if right_is_deep else found.bins.binned.value < -0.8
    assert found.bins.binned.low <= found.bins.binned.value <= found.bins.binned.high
    assert found.to_document()["records"] == 12


def test_bins_are_of_equal_size_and_cover_everything() -> None:
    chance = np.random.default_rng(0)
    ratio = chance.uniform(size=103)
    right = (chance.uniform(size=103) < ratio).astype(float)
    clusters: Any = np.arange(103) // 4
    found = ratio_bins(ratio, right, clusters)
    assert [one.n for one in found.right] == [21, 21, 21, 20, 20]
    shares = [one.value * one.n for one in found.right]
    assert sum(shares) == pytest.approx(right.sum())
    assert list(found.ratio) == sorted(found.ratio)
    assert found.correlation.value == pytest.approx(np.corrcoef(ratio, right)[0, 1])


def test_a_study_without_samples_says_so(tmp_path: Path) -> None:
    study = begin_study(tmp_path / "study", {"asked": {"settings": {}}, "versions": {}})
    study.add([answered(question(1), "k", [], Told("", 1, "1", "1"))])
    with pytest.raises(InputError, match="no samples"):
        thought(StudyView(study))
