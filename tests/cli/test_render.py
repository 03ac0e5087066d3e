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
    assert (
        "max 1.907 at “\N{NO-BREAK SPACE}/” × “4900 / 100 = 49”; 3 cells beyond the scale" in words
    )
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


def test_options_for_print_reach_the_figure(tmp_path: Path) -> None:
    figure, names = tmp_path / "f.svg", tmp_path / "names.txt"
    names.write_text("".join(f"demo {index}\n" for index in range(1, 6)))
    given = ("--width", "column", "--transpose", "--totals", "--digits", "2", "--symmetric")
    more = ("--labels", names, "--font", "DejaVu Serif", "--text")
    code, error = render("-o", figure, *given, *more)
    assert code == 0, error
    words = figure.read_text()
    assert 'width="234pt"' in words and "DejaVu Serif" in words
    for said in (">demo 3<", ">sum<", ">+1.91<", ">+3.68<", ">␣<"):
        assert said in words


def test_a_latex_table_is_printed_or_written(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["render", str(TABLE), "--tex", "--digits", "1"])
    assert result.exit_code == 0 and "\\begin{tabular}" in result.stdout
    assert render("-o", tmp_path / "t.tex", "--digits", "1")[0] == 0
    assert (tmp_path / "t.tex").read_text() == result.stdout
    assert render("-o", tmp_path / "t.tex", "--tex")[0] == 2  # it exists
    for arguments, words in (
        ((), "give --output"),
        (("-o", tmp_path / "t.png", "--tex"), "does not end in .tex"),
        (("--tex", "--width", "page"), "leave out --width"),
        (("-o", tmp_path / "t.png", "--text"), "leave out --text"),
        (("-o", tmp_path / "t.png", "--digits", "99"), "0 to 12 decimals"),
        (("-o", tmp_path / "t.png", "--font", "No Such"), "not installed"),
        (("-o", tmp_path / "t.png", "--labels", tmp_path / "no.txt"), "cannot be read"),
        (("-o", tmp_path / "t.png", "--width", "wide"), "3.25 inches"),
    ):
        code, error = render(*arguments)
        assert code == 2 and words in error and error.count("\n") == 1, arguments
    assert [path.name for path in tmp_path.iterdir()] == ["t.tex"]
