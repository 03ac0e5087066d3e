"""Claims over rows of which the answer is known, computed again by loops."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bathyscope.core.errors import InputError
from bathyscope.core.roles import RoleRule
from bathyscope.study.claims.finding import Finding, Group, findings
from bathyscope.study.claims.language import parsed
from bathyscope.study.claims.observations import Observations, natural
from bathyscope.study.claims.view import StudyView, numbers, operators
from bathyscope.study.claims.words import describe_finding
from bathyscope.study.comparison import paired_findings
from bathyscope.study.doing import Doing
from bathyscope.study.driver import carry_out
from bathyscope.study.packages import parquet
from bathyscope.study.ranking import ranked_study
from bathyscope.study.report import StudyReport
from bathyscope.study.statistics.estimate import Interval
from bathyscope.study.tables import mean_map, mean_maps
from tests.study.stub import StubWork, attribution, question
from tests.study.test_driver import ASKED, run

COUNT = 30


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> StudyView:
    folder = tmp_path_factory.mktemp("claims") / "study"
    return StudyView(run(folder, StubWork(failing=("r8",)), count=COUNT).study)


def maps() -> dict[int, Any]:
    return {n: attribution(question(n)).heatmap.values for n in range(1, COUNT + 1) if n != 8}


def find(claim: str, view: StudyView) -> Finding:
    return findings([claim], view)[0]


def test_the_largest_cell_of_the_operator_is_asked_of_the_operator_alone(view: StudyView) -> None:
    found = find("largest(column.operator == row.operator) by operator", view)
    margins = [m[1, 1] - max(m[1, 0], m[1, 2]) for m in maps().values()]  # the token is /
    whole, group = found.groups
    assert group.name == "/" and whole.estimate.n == group.estimate.n == COUNT - 1
    assert whole.held == sum(margin > 0 for margin in margins)
    assert whole.estimate.value == np.mean(np.array(margins) > 0)
    assert whole.margin is not None
    assert whole.margin.value == pytest.approx(np.mean(margins))
    assert whole.chance == pytest.approx(1 / 3)
    assert found.excluded == {
        "operator is not known": 2 * (COUNT - 1), "records that failed": 1
    }  # fmt: skip
    worst = sorted((m, f"r{n}") for n, m in zip(maps(), margins, strict=True))[:3]
    assert [one.id for one in found.against] == [name for _, name in worst]
    assert [one.support for one in found.against] == pytest.approx([m for m, _ in worst])
    words = describe_finding(found)
    assert f"{whole.held} of {COUNT - 1}" in words and found.against[0].id in words


def test_means_shares_and_differences_are_those_of_loops(view: StudyView) -> None:
    cells = maps()
    mean = find("mean(value, column.position == 2) where row.role == 'digit'", view)
    assert mean.groups[0].estimate.value == pytest.approx(
        np.mean([[m[0, 1], m[2, 1]] for m in cells.values()])
    )
    assert mean.unit == "nats" and mean.groups[0].estimate.n == 2 * len(cells)
    share = find("share(value > 0, row.operator == '/') by column.demonstration", view)
    assert [group.name for group in share.groups] == ["all", "1", "2", "3"]
    for group, column in zip(share.groups[1:], range(3), strict=True):
        assert group.estimate.value == np.mean([m[1, column] > 0 for m in cells.values()])
    difference = find("difference(column.position == 1, column.position == 3)", view)
    assert difference.groups[0].estimate.value == pytest.approx(
        np.mean([m[:, 0].mean() - m[:, 2].mean() for m in cells.values()])
    )
    assert difference.groups[0].estimate.n == len(cells)
    right = find("share(record.right) by record.group", view)
    expected = {n: n % 5 == n % 7 for n in cells}
    assert right.groups[0].held == sum(expected.values())
    assert [g.estimate.n for g in right.groups[1:]] == [
        sum(n % 3 == group for n in cells) for group in range(3)
    ]


def test_a_correlation_is_that_of_numpy(view: StudyView) -> None:
    found = find("correlation(record.effect, record.right)", view)
    effect = [m.sum() for m in maps().values()]
    right = [float(n % 5 == n % 7) for n in maps()]
    assert found.groups[0].estimate.value == pytest.approx(np.corrcoef(effect, right)[0, 1])


@pytest.mark.parametrize(
    ("claim", "held", "of"),
    [
        ("share(record.score > 0.5)", 5, 10),
        ("share(not record.score > 0.5)", 5, 10),
        ("share(not record.score <= 0.5)", 5, 10),
        ("share(record.score != 1)", 5, 10),
        ("share(not record.passed)", 10, 20),
        ("share(record.passed == False)", 10, 20),
        ("share(record.score > 0.5 or record.kind == '+')", 12, 15),
        ("share(record.score > 0.5 and record.kind == '+')", 0, 25),
        ("share(0 < record.score < 2)", 5, 10),
        ("share(record.mixed == True)", 10, 30),
        ("share(record.mixed == 0.5)", 10, 30),
        ("share(record.right) where not record.score > 0.5", None, 5),
        ("share(record.score in (0, 1))", 10, 10),
        ("share(record.kind in ('+', 1))", 7, 30),
        ("share(record.digit in (1, 2))", 10, 30),
        ("share(1 in record.digits)", 12, 30),
    ],
)
def test_what_is_not_known_neither_holds_nor_fails(
    claim: str, held: int | None, of: int, tmp_path: Path
) -> None:
    def fields(n: int) -> dict[str, Any]:
        known = {"score": n // 3 % 2} if n % 3 == 0 else {}
        passed = {"passed": n % 3 == 1} if n % 3 else {}
        return {
            **known,
            **passed,
            "digit": str(n % 6),
            "digits": str(n),
            "mixed": ("a", True, 0.5)[n % 3],
        }

    folder = tmp_path / "study"
    asked = [question(n, **fields(n)) for n in range(1, COUNT + 1)]
    how = Doing(shard=30)
    study = carry_out(asked, folder, ASKED, StubWork(), how.made(folder), how).study
    whole = find(claim, StudyView(study)).groups[0]
    assert whole.estimate.n == of
    assert held is None or whole.held == held


@pytest.mark.parametrize(
    ("claim", "unit"),
    [
        ("mean(value)", "nats"),
        ("mean(-value / 2 - row.effect)", "nats"),
        ("mean(value > 0)", ""),
        ("mean(value / value)", ""),
        ("mean(value * row.effect)", ""),
        ("mean(record.answer_tokens, record.effect > 0)", ""),
        ("mean(value) where row.position > row.log_prob", "nats"),
    ],
)
def test_a_unit_is_that_of_the_quantity_alone(claim: str, unit: str, view: StudyView) -> None:
    found = find(claim, view)
    assert found.unit == unit
    assert np.isnan(found.groups[0].chance) == (unit == "" or found.groups[0].estimate.n == 0)


def test_a_correlation_of_nothing_says_nothing(view: StudyView) -> None:
    found = find("correlation(record.effect, record.ratio) by record.kind", view)
    assert found.groups[0].estimate.n == 0 and found.against == () and found.support == {}
    assert found.excluded == {"a quantity is not known": COUNT - 1, "records that failed": 1}
    grouped = find("correlation(record.effect, record.right) by record.ratio", view)
    assert len(grouped.groups) == 1 and "record.ratio is not known" in grouped.excluded
    few = find("correlation(record.effect, record.right) where record.answer == '1'", view)
    assert "No record speaks against it" not in describe_finding(few)


def test_of_a_study_that_failed_whole_nothing_is_said(tmp_path: Path) -> None:
    study = run(tmp_path / "study", StubWork(failing=("r1", "r2")), count=2).study
    found = find("share(record.right)", StudyView(study))
    assert found.groups[0].estimate.n == 0 and found.excluded == {"records that failed": 2}
    with pytest.raises(InputError, match="no attribution maps"):
        find("mean(value)", StudyView(study))
    with pytest.raises(InputError, match="no effects of parts"):
        ranked_study(StudyView(study))


def test_cells_without_their_parts_are_no_cells_of_others(tmp_path: Path) -> None:
    study = run(tmp_path / "study", count=2).study
    (part,) = (study.folder / "parts").iterdir()
    (part / "digests.json").unlink()  # as of before there were any
    table = parquet().read_table(part / "features.parquet")
    parquet().write_table(table.slice(0, 2), part / "features.parquet")
    with pytest.raises(InputError, match="has cells of parts that it does not have"):
        find("mean(value)", StudyView(study))


def test_own_roles_and_own_functions_are_taken(view: StudyView) -> None:
    slash = StudyView(view.study, [RoleRule.pattern("slash", "/")])
    assert find("mean(value, row.role == 'slash')", slash).groups[0].estimate.n == 3 * (COUNT - 1)

    def first(of: StudyView) -> Observations:
        value = of.cells("attribution").value[::9]
        record = np.arange(len(value))
        group = np.full(len(value), "all", dtype=object)
        return Observations(value, record, group, False, "nats", 0 * value, value)

    (found,) = findings([first], view)
    assert found.claim.text == "first"
    expected = np.mean([m[0, 0] for m in maps().values()])
    assert found.groups[0].estimate.value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("largest(column.operater == row.operator)", "no 'operater'; did you mean 'operator'"),
        ("biggest(value > 0)", "statistic of a claim 'biggest' is not known"),
        ("largest(value)", "is no condition, but a number"),
        ("mean(row.text)", "is a text, not a number"),
        ("mean(value, row.text < 3)", "cannot be put in order"),
        ("mean(value", "cannot be read"),
        ("mean(value) by", "cannot be read at"),
        ("value > 0", "no statistic of something"),
        ("mean(value) where value > 0 where value < 1", "'where' twice"),
        ("mean()", "takes 1 to 2 arguments, not 0"),
        ("mean(__import__('os').system('true'))", "nothing that a claim can say"),
        ("mean((lambda: 1)())", "nothing that a claim can say"),
        ("mean(row.__class__)", "no '__class__'"),
        ("mean(value.real)", "'value' is not known"),
        ("mean(layer)", "no depth maps"),
        ("mean(record.nowhere)", "A record has no 'nowhere'"),
        ("correlation(record.right)", "two quantities"),
        ("x" * 3000, "up to 2000 characters"),
        ("mean(" + "(" * 900 + "1" + ")" * 900 + ")", "cannot be read"),
        ("mean(" + "-" * 1900 + "1)", "nested up to 100 deep"),
        ("share(" + "not " * 480 + "record.right)", "nested up to 100 deep"),
        ("mean(" + "9" * 1900 + ")", "at most 1e\\+30"),
        ("mean(1e999)", "at most 1e\\+30"),
        ("share(record.kind in 5)", "is a number: nothing is in it"),
        ("largest(column.position == 1) by column.position", "cannot group them"),
        ("largest(column.position == 1) by value", "cannot group them"),
    ],
)
def test_what_a_claim_cannot_say_is_one_sentence(
    claim: str, sentence: str, view: StudyView
) -> None:
    with pytest.raises(InputError, match=sentence):
        find(claim, view)


def test_a_claim_is_divided_outside_of_brackets_and_quotes() -> None:
    claim = parsed("share(record.text == 'where by', (record.a in ('by',))) by record.k")
    assert (claim.statistic, len(claim.arguments)) == ("share", 2)
    assert claim.where is None and claim.by is not None


@pytest.mark.parametrize(
    ("text", "found", "digits"),
    [
        ("9 + 3 = 12", ["+"], ["9", "3", "12"]),
        ("2 × 3 ÷ 4 = 1.5", ["*", "/"], ["2", "3", "4", "1.5"]),
        ("$16,000 / 0.8 = $20,000", ["/"], ["16000", "0.8", "20000"]),
        ("7 − 5 - 1", ["-"], ["7", "5", "1"]),
        ("Tom has 3 pens.", [], ["3"]),
    ],
)
def test_operators_and_numbers_of_a_text(text: str, found: list[str], digits: list[str]) -> None:
    assert [*operators(text)] == found
    assert [*numbers(text)] == digits


def test_the_mean_map_is_the_mean_over_records_and_its_spread(view: StudyView) -> None:
    table = mean_map(view)
    assert table.columns == ("+", "-", "/") and table.rows == ("digit", "operator")
    slash = [m[1, 1] for m in maps().values()]
    assert table.mean[1, 2] == pytest.approx(np.mean(slash))
    assert table.spread[1, 2] == pytest.approx(np.std(slash, ddof=1))
    digits = [m[[0, 2], 2].mean() for m in maps().values()]
    assert table.mean[0, 1] == pytest.approx(np.mean(digits))


def test_a_mean_map_of_a_group_is_of_its_records_alone(view: StudyView) -> None:
    by = parsed("mean(value) by group").by
    assert by is not None
    parts = dict(mean_maps(view, by))
    own = {f"g{n}": [m for number, m in maps().items() if number % 3 == n] for n in range(3)}
    assert parts.keys() == {f"{name} ({len(found)})" for name, found in own.items()}
    assert len({len(found) for found in own.values()}) == 2, "groups of unequal sizes"
    for name, found in own.items():
        part = parts[f"{name} ({len(found)})"]
        assert part.records.max() == len(found)
        assert part.mean[1, 2] == pytest.approx(np.mean([m[1, 1] for m in found]))


def test_groups_that_do_not_show_what_the_whole_shows_are_named_first(view: StudyView) -> None:
    whole = Interval(0.85, 0.7, 0.93, 1e-12, 40, 40, "")
    groups = (
        Group("all", whole, 0.25, corrected=1e-12),
        Group("/", replace(whole, p=0.002), 0.25, corrected=0.0024),
        Group("+", replace(whole, value=0.4, low=0.14, high=0.73, n=10, clusters=7), 0.25),
    )
    said = describe_finding(Finding(parsed("share(value > 0)"), True, "share of cells", groups))
    assert (
        said.index("The pattern holds")
        < said.index("Not so where it is '+'.")
        < said.index("4 of 10")
    )
    assert "p < 0.001 corrected" in said and "p = 0.0024 corrected" in said
    assert "over 10 observations of 7 records" in said


def test_what_a_correction_takes_away_does_not_hold() -> None:
    lone = Group("all", Interval(0.5, 0.28, 0.72, 0.03, 20, 20, ""), 0.25, corrected=0.03)
    claim = parsed("share(value > 0)")
    assert "The pattern holds" in describe_finding(Finding(claim, True, "share of cells", (lone,)))
    among = Finding(claim, True, "share of cells", (replace(lone, corrected=0.2),))
    said = describe_finding(among)
    assert "Whether it holds is open" in said and "p = 0.2" in said and "pattern holds" not in said


def test_groups_are_in_the_order_of_their_numbers() -> None:
    names = ["10", "b", "2", "nan", "-1", "1.5", "a"]
    assert sorted(names, key=natural) == ["-1", "1.5", "2", "10", "a", "b", "nan"]


def test_parts_are_ranked_by_their_mean_effect(view: StudyView) -> None:
    parts = ranked_study(view)
    sums = np.array([m.sum(axis=0) for m in maps().values()])
    assert parts[0].label == "8 / 2 = 4"
    assert [part.effect for part in parts] == pytest.approx(sorted(sums.mean(axis=0))[::-1])
    assert parts[0].helped == (sums[:, 1] > 0).sum() and parts[0].of == COUNT - 1
    assert parts[0].low < parts[0].effect < parts[0].high


def test_two_studies_are_compared_record_by_record(view: StudyView, tmp_path: Path) -> None:
    how = Doing()
    asked = [question(n, answer=str(n % 5)) for n in range(3, COUNT + 3)]  # all are right here
    other = StudyView(
        carry_out(asked, tmp_path / "o", ASKED, StubWork(), how.made(tmp_path), how).study
    )
    right, value = paired_findings(["share(record.right)", "mean(value)"], view, other)
    shared = [n for n in maps() if n >= 3]
    lost = sum(n % 5 != n % 7 for n in shared)
    assert right.difference.value == pytest.approx(lost / len(shared))
    assert right.test is not None
    assert (right.test.first_only, right.test.second_only) == (0, lost)
    assert right.unpaired == 2 + 3 and value.difference.value == 0
    with pytest.raises(InputError, match="one number of a whole study"):
        paired_findings(["correlation(record.right, record.effect)"], view, other)


def test_the_report_opens_every_records_maps_and_shows_text_as_text(tmp_path: Path) -> None:
    how = Doing()
    hostile = "<script>alert(1)</script>"
    asked = [question(n, note=hostile, answer=hostile) for n in range(1, 7)]
    study = carry_out(asked, tmp_path / "s", ASKED, StubWork(), how.made(tmp_path), how).study
    view = StudyView(study)
    claim = "largest(column.operator == row.operator)"
    report = StudyReport(view, findings([claim, "mean(value) by group"], view))
    report.write(tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text()
    assert hostile not in page and "&lt;script&gt;alert(1)" in page
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"index.html", "forest.png", "roles.png", "multiples.png", "maps"} == names
    assert len(list((tmp_path / "report" / "maps").iterdir())) == 6
    first = page[page.index('href="maps/1.html">') :].split(">")[1].split("<")[0]
    assert first in {one.id for finding in report.findings for one in finding.against}
    report.write(tmp_path / "report", overwrite=True)
