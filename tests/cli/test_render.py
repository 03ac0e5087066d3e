from pathlib import Path

import pytest
from typer.testing import CliRunner

from bathyscope.cli.app import app

TABLE = Path(__file__).parent.parent / "figures" / "division.csv"


def render(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["render", str(TABLE), *map(str, arguments)])
    return result.exit_code, result.stderr


def test_every_option_reaches_the_figure(tmp_path: Path) -> None:
    figure = tmp_path / "f.svg"
    given = ("--palette", "RdYlGn", "--limit", "0.5", "--scale", "symlog:0.01", "--window", "7:")
    assert render("-o", figure, *given)[0] == 0
    words = figure.read_text()
    # Text is drawn as paths; matplotlib keeps what they say in comments.
    assert "max 1.907 at “▁/” × “4900 / 100 = 49”; 3 cells beyond the scale" in words
    assert "linear within ±0.01" in words and "tokens 7 to 13 of 13" in words


def test_no_page_is_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "f-2.png").write_text("mine")
    for overwrite in ([], ["--overwrite"]):  # what bathyscope did not write stays in any case
        code, error = render("-o", tmp_path / "f.png", "--per-page", 5, *overwrite)
        assert code == 2 and "f-2.png" in error
        assert (tmp_path / "f-2.png").read_text() == "mine"
        assert [path.name for path in tmp_path.iterdir()] == ["f-2.png"]
    assert render("-o", tmp_path / "f-2.png", "--overwrite")[0] == 2
    (tmp_path / "f-2.png").unlink()
    assert render("-o", tmp_path / "f-2.png")[0] == 0
    code, error = render("-o", tmp_path / "f.png", "--per-page", 5)
    assert code == 2 and "f-2.png exists already" in error
    code, error = render("-o", tmp_path / "f.png", "--per-page", 5, "--overwrite")
    assert code == 0 and "f-1.png" in error and "f-3.png" in error
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--window", "3", "101:200"),
        ("--window", "a:b", "101:200"),
        ("--window", "9:3", "from 9 to 3"),
        ("--window", "20:", "ends at 13"),
        ("--limit", "0", "other than 0"),
        ("--limit", "-1", "--limit"),
        ("--scale", "log", "symlog:T"),
        ("--palette", "rainbow", "RdYlGn"),
    ],
)
def test_wrong_options_are_one_sentence(
    tmp_path: Path, option: str, value: str, words: str
) -> None:
    code, error = render("-o", tmp_path / "f.png", option, value)
    assert code == 2 and words in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
