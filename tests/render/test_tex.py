r"""A map as a LaTeX table: nothing in a label is a command, and pdfLaTeX sets it where it is."""

import re
import shutil
import string
import subprocess
from pathlib import Path

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from bathyscope.render.look import Look
from bathyscope.render.tex import escaped, latex_table
from bathyscope.runs.table import as_run

KEPT = Path(__file__).parent.parent / "kept_runs" / "schema-1"
HOSTILE = (
    "$x_1$ \\frac{a}{b}", " 50% & #1 ~^", "a--b <<c>> |d| \"q\" 'r' ``s``", "16,,000  z ?`!`",
    "⏎⇥▁", "[x] \\\\", "*a", "¡¿«»éßłçÅñ€", "\\end{tabular}", "-", "\x07\u200d", "",
)  # fmt: skip
MAP = Heatmap(
    np.random.default_rng(3).normal(size=(12, 12)),
    Axis("target token", HOSTILE),
    Axis("feature_%", HOSTILE),
    Quantity("attribution", "nats", neutral=0.0, legend="nats: + supports, − opposes & 5 %"),
)

_TOKEN = re.compile(r"\\([a-zA-Z]+|.)|[{}$&#%_~^]|[^\\{}$&#%_~^]", re.DOTALL)


def rows_of(table: str) -> list[list[str]]:
    r"""Read a table as TeX does: groups by braces, cells by &, rows by \\, comments away."""
    body = table.partition("\\midrule\n")[2].partition("\\bottomrule")[0]
    rows: list[list[str]] = [[""]]
    depth, mathematics = 0, False
    for token in _TOKEN.finditer(body):
        text = token[0]
        assert text not in ("%", "#", "_"), f"{text} is not escaped"
        depth += (text == "{") - (text == "}")
        assert depth >= 0
        mathematics ^= text == "$"
        assert text != "^" or mathematics, "^ outside of a formula"
        if text == "&" and depth == 0:
            rows[-1].append("")
        elif text == "\\\\" and depth == 0:
            rows.append([""])
        else:
            rows[-1][-1] += text
    assert depth == 0 and not mathematics
    return [[cell.strip() for cell in row] for row in rows if len(row) > 1]


def number(cell: str) -> float:
    return float(cell.replace("$-$", "-").removeprefix("\\midrule").strip())


def test_every_cell_is_there_whatever_the_labels_are() -> None:
    rows = rows_of(latex_table(as_run(MAP)))
    assert [len(row) for row in rows] == [13] * 12
    read = np.array([[number(cell) for cell in row[1:]] for row in rows])
    np.testing.assert_allclose(read, MAP.values, atol=5e-5)
    assert rows[5][0] == escaped("[x] \\\\") == r"{[}x] \textbackslash{}\textbackslash{}"
    assert not re.search(r"\\\\\s*[\[*]", latex_table(as_run(MAP))), "taken for an option"


def test_every_printable_letter_is_set_as_itself() -> None:
    plain = string.ascii_letters + string.digits + ".;:!?/()=+@]"
    assert escaped(plain) == plain
    for character in set(string.punctuation) - set(plain):
        assert escaped(character) != character
    assert escaped("é1,5 ") == r"\'{e}1{,}5 "
    assert escaped("日") == "日"
    assert "LuaLaTeX, with a font that has: 日" in latex_table(
        as_run(Heatmap(np.eye(1), Axis("", ("日",)), Axis("", ("a",)), Quantity("q")))
    )


def test_totals_digits_and_transposing() -> None:
    rows = rows_of(latex_table(as_run(MAP), Look(totals=True, digits=2, transpose=True)))
    assert len(rows) == 13 and [len(row) for row in rows] == [14] * 13
    np.testing.assert_allclose(number(rows[-1][1]), MAP.values[0].sum(), atol=5e-3)
    np.testing.assert_allclose(number(rows[0][-1]), MAP.values[:, 0].sum(), atol=5e-3)
    np.testing.assert_allclose(number(rows[-1][-1]), MAP.values.sum(), atol=5e-3)
    assert all(len(cell.rpartition(".")[2]) == 2 for cell in rows[0][1:])


def test_a_table_says_what_a_figure_says(tmp_path: Path) -> None:
    run = bs.open_run(KEPT / "attribution-sampled")
    bs.draw(run, tmp_path / "t.tex", totals=True)
    text = (tmp_path / "t.tex").read_text()
    caption = text.partition("\\caption{")[2].replace("{,}", ",").replace("{-}", "-")
    for words in ("Target ``{}~4''{}", "given, not written", "standard error up to 0.26"):
        assert words in caption
    assert text.count("$\\pm$") == 14, "sums of sampled columns have intervals"
    bs.draw(run, tmp_path / "t.tex")  # it knows its own
    (tmp_path / "mine.tex").write_text("mine")
    with pytest.raises(bs.InputError, match="mine"):
        bs.draw(run, tmp_path / "mine.tex")
    paths = bs.draw(run, tmp_path / "p.tex", per_page=7)
    assert [path.name for path in paths] == ["p-1.tex", "p-2.tex"]


def test_what_a_table_does_not_have_is_refused(tmp_path: Path) -> None:
    for look in (
        {"width": "page"},
        {"palette": "RdBu"},
        {"settling": True},
        {"font": "DejaVu Sans"},
    ):
        with pytest.raises(bs.InputError, match=f"leave out --{next(iter(look))}"):
            bs.draw(MAP, tmp_path / "t.tex", **look)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
def test_latex_sets_it(tmp_path: Path) -> None:
    bs.draw(MAP, tmp_path / "hostile.tex", totals=True)
    for name in ("attribution-sampled", "depth-readings", "comparison", "chain"):
        bs.draw(bs.open_run(KEPT / name), tmp_path / f"{name}.tex")
    inputs = "".join(f"\\input{{{path.name}}}\n" for path in sorted(tmp_path.glob("*.tex")))
    assert inputs.count("input") == 5
    (tmp_path / "main.tex").write_text(
        "\\documentclass{article}\n\\usepackage{booktabs,graphicx}\n\\begin{document}\n\\tiny\n"
        + inputs + "\\end{document}\n"
    )  # fmt: skip
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "main.pdf").stat().st_size > 10_000
