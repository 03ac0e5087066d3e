from pathlib import Path

import pytest
from typer.testing import CliRunner

from bathyscope.cli.app import app
from tests.page.hand_made import attribution, depth


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["view", *map(str, arguments)])
    return result.exit_code, result.stderr


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    attribution().save(tmp_path / "drove")
    depth().save(tmp_path / "deep")
    (tmp_path / "table.csv").write_text("row,a,b\nx,1,-2\n", encoding="utf-8")
    return tmp_path


def test_runs_and_tables_become_one_page(runs: Path) -> None:
    page = runs / "page.html"
    code, said = run(runs / "drove", runs / "deep", runs / "table.csv", "-o", page)
    assert (code, said) == (0, f"open {page} in a browser\n")
    text = page.read_text(encoding="utf-8")
    for name in ("drove", "deep", "table.csv"):
        assert f'"name": "{name}"' in text


def test_a_page_is_replaced_only_when_asked(runs: Path) -> None:
    page = runs / "page.html"
    page.write_text("mine", encoding="utf-8")
    code, said = run(runs / "drove", "-o", page)
    assert code == 2 and "--overwrite" in said
    assert page.read_text(encoding="utf-8") == "mine"
    code, said = run(runs / "drove", "-o", page, "--overwrite")
    assert code == 2 and "was not written by bathyscope" in said
    assert page.read_text(encoding="utf-8") == "mine"
    page.unlink()
    for subject in ("deep", "drove"):
        assert run(runs / subject, "-o", page, "--overwrite")[0] == 0
    assert '"name": "drove"' in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("harm", ["missing", "truncated", "newer", "ending"])
def test_bad_input_leaves_nothing_behind(runs: Path, harm: str) -> None:
    document = runs / "drove" / "run.json"
    text = document.read_text(encoding="utf-8")
    page = runs / ("page.pdf" if harm == "ending" else "page.html")
    if harm == "missing":
        document.unlink()
    elif harm == "truncated":
        document.write_text(text[: len(text) // 2], encoding="utf-8")
    elif harm == "newer":
        document.write_text(text.replace('"schema": 1', '"schema": 99'), encoding="utf-8")
    before = sorted(runs.iterdir())
    code, said = run(runs / "drove", runs / "deep", "-o", page)
    assert code == 2
    assert said.startswith("bathyscope: ") and said.count("\n") == 1
    assert sorted(runs.iterdir()) == before
