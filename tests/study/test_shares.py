"""Parts whose effects are even shares of a group's, through the rows of a study and its words."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bathyscope.runs.attribution import AttributionRun
from bathyscope.study.claims.finding import findings
from bathyscope.study.claims.view import StudyView
from bathyscope.study.claims.words import describe_shares
from bathyscope.study.packages import parquet
from bathyscope.study.questions import StudyQuestion
from bathyscope.study.ranking import ranked_parts, ranked_study
from bathyscope.study.report import StudyReport
from bathyscope.study.store import Study, open_study
from tests.cli.conftest import call
from tests.study import stub
from tests.study.stub import EXAMPLES, attribution, question
from tests.study.test_driver import run

COUNT = 5


def of_groups(one: StudyQuestion) -> AttributionRun:
    """Return the stub's map; of odd records its last two columns were not told apart."""
    found = attribution(one)
    if one.record.place % 2 == 0:
        return found
    values = found.heatmap.values.copy()
    values[:, 1:] = values[:, 1:].mean(axis=1, keepdims=True)
    unseen = np.where([False, True, True], np.ones((3, 3)), np.nan)
    return replace(
        found,
        heatmap=replace(found.heatmap, values=values),
        standard_error=np.full((3, 3), 0.1),
        degrees_of_freedom=9,
        unseen=unseen,
        whole_target_error=np.full(3, 0.1),
        whole_target_unseen=unseen[0],
        group_of=np.array([0, 1, 1]),
    )


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setattr(stub, "attribution", of_groups)
    return run(tmp_path / "study", count=COUNT).study


def test_rows_say_which_effects_are_shares(study: Study) -> None:
    for table, each in (("features", 1), ("cells", 3)):
        lines = study.table(table, ("id", "column", "shared")).to_pylist()
        assert len(lines) == COUNT * 3 * each
        for line in lines:
            assert line["shared"] is (int(line["id"][1:]) % 2 == 1 and line["column"] > 0)


def test_words_claims_and_ranks_say_it(study: Study) -> None:
    view = StudyView(study)
    said = describe_shares(view)
    assert said is not None
    assert said.startswith("6 of 15 parts, in 3 of 5 records, were not measured one by one")
    assert StudyReport(view, []).paragraphs() == [said]
    (left,) = findings(["mean(column.effect) where not column.shared"], view)
    assert left.groups[0].estimate.n == 9
    assert {part.label: part.shared for part in ranked_study(view)} == dict(
        zip(EXAMPLES, (0, 3, 3), strict=True)
    )
    alone = {part.label: part.shared for part in ranked_parts(of_groups(question(1)))}
    assert alone == dict(zip(EXAMPLES, (0, 3, 3), strict=True)), "of three tokens each"


def test_the_command_line_says_it(study: Study) -> None:
    shown = call("study", str(study.folder))
    assert "were not measured one by one" in shown.stdout
    document = json.loads(call("study", str(study.folder), "--json").stdout)
    assert document["shares"] == describe_shares(StudyView(study))
    ranked = call("rank", str(study.folder)).stdout
    assert ranked.count("≈") == 3 and "an even share of its group's value" in ranked


def test_where_all_were_told_apart_nothing_is_said(tmp_path: Path) -> None:
    study = run(tmp_path / "study", count=2).study
    assert describe_shares(StudyView(study)) is None
    assert not any(line["shared"] for line in study.table("cells").to_pylist())
    assert "≈" not in call("rank", str(study.folder)).stdout


def test_rows_of_before_there_were_marks_are_read_and_goes_on(study: Study) -> None:
    before: dict[str, Any] = {name: study.table(name) for name in ("features", "cells")}
    for path in study.folder.rglob("*.parquet"):
        if path.stem in before:
            table = parquet().read_table(path)
            parquet().write_table(table.drop_columns(["shared"]), path)
    for path in study.folder.rglob("digests.json"):
        path.unlink()
    again = open_study(study.folder)
    for name, table in before.items():
        found = again.table(name)
        assert found.drop_columns(["shared"]).equals(table.drop_columns(["shared"]))
        assert found.column("shared").null_count == len(table)
    assert describe_shares(StudyView(again)) is None
    assert run(study.folder, count=COUNT + 1).computed == 1
    assert again.table("features").column("shared").null_count == COUNT * 3
