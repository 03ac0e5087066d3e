import re

import pytest
from rich.console import Console

import bathyscope as bs
from bathyscope.render.palette import scale_of
from bathyscope.render.terminal.table import table
from bathyscope.runs.base import Run
from tests.conftest import tiny

PROMPT = bs.Prompt.marked("Q: [[9 [bold] 1]]\nA: [[12]]\nQ: 5?\nA:")


def printed(run: Run, width: int = 200) -> str:
    console = Console(width=width, record=True, file=None, quiet=False, markup=False)
    with console.capture() as capture:
        console.print(table(run))
    return re.sub(r"\x1b\[[0-9;]*m", "", capture.get())


def test_attribution_shows_every_number() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00")
    text = printed(run)
    for value in [*run.heatmap.values.ravel(), *run.whole_target]:
        assert f"{value:+.4f}" in text
    for value in [*run.all, *run.none, run.all.sum()]:
        assert f"{value:.4f}" in text
    assert "9 [bold] 1" in text, "labels are text, not markup"
    assert "whole target" in text


def many(count: int) -> bs.AttributionRun:
    prompt = bs.Prompt.marked(" ".join(f"[[p{i}]]" for i in range(count)) + ":")
    return bs.attribute(tiny("llama"), prompt, " 01", method="leave_one_out")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_columns_that_do_not_fit_go_on_below(width: int) -> None:
    """Every number whole, each under its header, every part with the rows' labels."""
    run = many(40)
    text = printed(run, width)
    assert max(map(len, text.splitlines())) <= width
    parts = text.split("┏")[1:]
    assert len(parts) > 40 * 10 / width and text.count("nats of") == 1
    numbers = [re.findall(r"[+-]\d+\.\d{4}", line) for line in text.splitlines()]
    for row, values in enumerate([*run.heatmap.values, run.whole_target]):
        label = [*run.heatmap.rows.labels, "whole target"][row]
        lines = [i for i, line in enumerate(text.splitlines()) if line.startswith(f"│ {label} ")]
        assert [f"{v:+.4f}" for v in values] == [n for i in lines for n in numbers[i]][:40]
    headers = re.findall(r"p\d+|all|none|gap", "".join(part.split("┡")[0] for part in parts))
    assert headers == [*(f"p{i}" for i in range(40)), "all", "none", "gap"]


def test_of_very_many_columns_those_that_weigh_most_are_shown() -> None:
    run = many(60)
    text = printed(run, 100)
    assert "48 of 60 columns, those that weigh most" in text
    order = abs(run.heatmap.values).sum(axis=0).argsort()
    shown = [int(n) for n in re.findall(r"p(\d+)", text)]
    assert shown == sorted(order[-48:].tolist())


@pytest.mark.parametrize("family", ["llama", "llama-36"])
def test_depth_shows_every_token(family: str) -> None:
    run = bs.depth(tiny(family), "Q: 8 + 5?\nA:", " 13.")
    lines = printed(run).splitlines()
    for position, label in enumerate(run.heatmap.columns.labels):
        line = next(line for line in lines if line.startswith(f"│ {label} "))
        bars = re.search(r"[▁▂▃▄▅▆▇█]{3,}", line)
        assert bars is not None and len(bars[0]) == run.num_layers - 1
        assert f" {run.settling_depth[position]} " in line


def test_cells_have_the_colours_of_a_figure() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00")
    console = Console(width=200, force_terminal=True, color_system="truecolor")
    with console.capture() as capture:
        console.print(table(run))
    scale = scale_of(run.heatmap)
    for value, ground in zip(
        run.heatmap.values.ravel(), scale.colours(run.heatmap.values).reshape(-1, 3), strict=True
    ):
        red, green, blue = (round(255 * part) for part in ground)
        assert re.search(rf"48;2;{red};{green};{blue}m\s*\{value:+.4f}", capture.get())
