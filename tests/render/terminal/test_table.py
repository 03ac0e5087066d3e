import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

import bathyscope as bs
from bathyscope.render.palette import scale_of
from bathyscope.render.terminal.table import table
from bathyscope.render.terminal.written import cut_at
from bathyscope.runs.base import Run
from tests.conftest import tiny
from tests.description.test_depth import run_of
from tests.runs.test_kinds import SAMPLES

PROMPT = bs.Prompt.marked("Q: [[9 [bold] 1]]\nA: [[12]]\nQ: 5?\nA:")


def printed(run: Run, width: int = 200, *, wide: bool = False) -> str:
    console = Console(width=width, record=True, file=None, quiet=False, markup=False)
    with console.capture() as capture:
        console.print(table(run, wide=wide))
    return re.sub(r"\x1b\[[0-9;]*m", "", capture.get())


def four(value: float) -> str:
    """Return a value of a map as it is written: what rounds to 0 has no sign."""
    return re.sub(r"^[+-](?=0\.0000$)", "", f"{value:+.4f}").replace("-", "−")


def test_attribution_shows_every_number() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00")
    text = printed(run, wide=True)
    for value in [*run.heatmap.values.ravel(), *run.whole_target]:
        assert four(value) in text
    for value in [*run.all, *run.none, run.all.sum()]:
        assert f"{value:.4f}".replace("-", "−") in text
    assert "9 [bold] 1" in text, "labels are text, not markup"
    assert "whole target" in text and "all: the value with every feature in the prompt" in text
    assert "gap" not in text, "rounding is no gap"


def test_a_gap_that_is_no_rounding_is_shown() -> None:
    run = many(3)
    assert abs(run.gap).max() > 1e-3
    assert "gap: by how much a row's cells sum to more" in printed(run, wide=True)
    assert f"{run.gap[0]:.1e}" in printed(run, wide=True)
    assert f"by up to {abs(run.gap).max():.2g}" in printed(run)


def sampled() -> bs.AttributionRun:
    run = SAMPLES["attribution"]()
    assert isinstance(run, bs.AttributionRun) and run.whole_target_margin is not None
    return run


@pytest.mark.parametrize("kind", SAMPLES)
def test_what_is_shown_fits_into_80_columns_and_begins_with_the_short_account(kind: str) -> None:
    run = SAMPLES[kind]()
    text = printed(run, 80)
    assert max(map(len, text.splitlines())) <= 80
    short = bs.describe(run, "text", short=True)
    assert "".join(text.split()).startswith("".join(short.split()))


def test_features_are_ranked_by_their_effect_on_the_whole_answer() -> None:
    run = sampled()
    margins = run.whole_target_margin
    assert margins is not None
    lines = printed(run, 80).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("feature "))
    pattern = re.compile(r"(\d+ \+ \d+ = \d+) +(\S+) ± (\S+) +([█▏▕]+)")
    told = [pattern.match(line) for line in lines[start + 2 :]][: len(margins)]
    order = np.argsort(-run.whole_target)
    bars = []
    for match, column in zip(told, order, strict=True):
        assert match is not None
        assert match[1] == run.heatmap.columns.labels[column]
        assert abs(float(match[2].replace("−", "-")) - run.whole_target[column]) <= 0.0005
        assert abs(float(match[3]) - margins[column]) <= 0.0005
        bars.append(len(match[4]))
    sizes = np.abs(run.whole_target[order])
    assert max(bars) > 10 and np.abs(bars - sizes / sizes.max() * max(bars)).max() <= 1.5


def test_of_many_features_those_of_largest_size_are_ranked() -> None:
    run = many(60)
    text = printed(run, 80)
    ranked, rest = text.split("all: ")[0], abs(run.whole_target).argsort()[:40]
    shown = {int(n) for n in re.findall(r"^p(\d+) ", ranked, flags=re.M)}
    assert shown == set(range(60)) - set(rest.tolist())
    together = run.whole_target[rest].sum()
    line = re.search(r"and 40 more, none larger in size, together ([+−][\d.]+)", text)
    assert line is not None and abs(float(line[1].replace("−", "-")) - together) < 0.01


def test_the_strongest_rows_have_their_largest_cells() -> None:
    prompt = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\nQ: [[5?]]\nA:")
    run = bs.attribute(tiny("llama"), prompt, " 0123456789")
    text = printed(run, 120).split("The strongest 8 of 11: ")[1]
    lines = re.findall(r"^(\S+) +([+−][\d.]+) +(.*: [+−].*)$", text, flags=re.M)
    sizes = abs(run.heatmap.values).sum(axis=1)
    rows = sorted(np.argsort(-sizes, kind="stable")[:8].tolist())
    assert [label for label, *_ in lines] == [run.heatmap.rows.labels[row] for row in rows]
    for row, (_, effect, cells) in zip(rows, lines, strict=True):
        assert abs(float(effect.replace("−", "-")) - run.effect[row]) < 0.001
        told = re.findall(r"([^·]+): ([+−][\d.]+)", cells)
        best = np.argsort(-abs(run.heatmap.values[row]), kind="stable")[:2]
        assert [label.strip() for label, _ in told] == [
            run.heatmap.columns.labels[column] for column in best
        ]


@pytest.mark.parametrize(("limit", "cut"), [(3, True), (64, False)])
def test_the_text_is_shown_as_text_and_whether_it_was_cut(limit: int, cut: bool) -> None:
    run = sampled()
    made = {
        **run.provenance, "target": "a\n b\tc\x1b", "generated": True, "target_ids": [1, 2, 3],
        "max_new_tokens": limit,
    }  # fmt: skip
    run = replace(run, heatmap=replace(run.heatmap, provenance=made))
    text = printed(run, 80)
    assert re.search(r"^  a *\n   b", text, flags=re.M), "lines stay lines"
    assert "\x1b" not in text and r"\x1b" in text
    assert ("cut at 3 tokens (--max-new-tokens)" in text) is cut
    assert "written by the model" in text


@pytest.mark.parametrize(("last", "cut"), [("<|im_end|>", None), ("4", 2), ("⏎", 2), ("▁", 2)])
def test_a_text_that_ended_by_itself_at_the_limit_was_not_cut(last: str, cut: int | None) -> None:
    run = sampled()
    rows = replace(run.heatmap.rows, labels=("4", last))
    made = {**run.provenance, "generated": True, "max_new_tokens": 2}
    run = replace(run, heatmap=replace(run.heatmap, rows=rows, provenance=made))
    assert run.token_axis is not None and cut_at(run) == cut


def many(count: int) -> bs.AttributionRun:
    prompt = bs.Prompt.marked(" ".join(f"[[p{i}]]" for i in range(count)) + ":")
    return bs.attribute(tiny("llama"), prompt, " 01", method="leave_one_out")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_columns_that_do_not_fit_go_on_below(width: int) -> None:
    """Every number whole, each under its header, every part with the rows' labels."""
    run = many(40)
    text = printed(run, width, wide=True)
    assert max(map(len, text.splitlines())) <= width
    parts = text.split("┏")[1:]
    assert len(parts) > 40 * 10 / width
    numbers = [re.findall(r"[+−]?\d+\.\d{4}", line) for line in text.splitlines()]
    for row, values in enumerate([*run.heatmap.values, run.whole_target]):
        label = [*run.heatmap.rows.labels, "whole target"][row]
        lines = [i for i, line in enumerate(text.splitlines()) if line.startswith(f"│ {label} ")]
        assert [four(v) for v in values] == [n for i in lines for n in numbers[i]][:40]
    headers = re.findall(r"p\d+|all|none|gap", "".join(part.split("┡")[0] for part in parts))
    assert headers == [*(f"p{i}" for i in range(40)), "all", "none", "gap"]


@pytest.mark.parametrize("family", ["llama", "llama-36"])
def test_depth_shows_every_token(family: str) -> None:
    run = bs.depth(tiny(family), "Q: 8 + 5?\nA:", " 13.")
    lines = printed(run, wide=True).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("response token"))
    for position, label in enumerate(run.heatmap.columns.labels):
        line = lines[start + 2 + position]
        assert line.startswith(f"{label} ")
        bars = re.search(r"[▁▂▃▄▅▆▇█]{3,}", line[len(label) :])
        assert bars is not None and len(bars[0]) == run.num_layers - 1
        assert re.search(rf" {run.settling_depth[position]}( |$)", line)


def test_of_many_tokens_those_that_settle_latest_are_shown_within_80_columns() -> None:
    numbers = np.random.default_rng(5)
    run = run_of(tuple(f"a{token}" for token in range(40)), numbers.random((80, 40)))
    run = replace(run, settling_depth=numbers.integers(1, 82, size=40))
    text = printed(run, 80)
    shown = re.findall(r"^(a\d+) +([▁▂▃▄▅▆▇█]+) +(\d+)", text, flags=re.M)
    latest = sorted(sorted(range(40), key=lambda at: -run.settling_depth[at])[:16])
    assert [label for label, *_ in shown] == [f"a{token}" for token in latest]
    assert [int(depth) for *_, depth in shown] == run.settling_depth[latest].tolist()
    assert "2 to a bar (their mean)" in text and {len(bars) for _, bars, _ in shown} == {40}
    assert "24 more tokens settle as early as these, or earlier" in text


def test_cells_have_the_colours_of_a_figure() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00")
    console = Console(width=200, force_terminal=True, color_system="truecolor")
    with console.capture() as capture:
        console.print(table(run, wide=True))
    scale = scale_of(run.heatmap)
    for value, ground in zip(
        run.heatmap.values.ravel(), scale.colours(run.heatmap.values).reshape(-1, 3), strict=True
    ):
        red, green, blue = (round(255 * part) for part in ground)
        assert re.search(rf"48;2;{red};{green};{blue}m\s*{re.escape(four(value))}", capture.get())
