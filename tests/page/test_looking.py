"""What is seen of maps: scales, lines, faint cells, labels, overview, difference, copies."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bathyscope.core.heatmap import Axis, Heatmap
from tests.page.conftest import Open
from tests.page.hand_made import FEATURES, PROMPT, TOKENS, attribution, depth, long_depth, table
from tests.page.test_page import exported, written

if TYPE_CHECKING:
    from playwright.sync_api import Page

RECORDED = """
window.texts = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
  window.texts.push([text, this.font, this.measureText(text).width]);
  fill.call(this, text, ...at);
};
"""


def test_runs_about_different_things_have_scales_of_their_own(open_page: Open) -> None:
    own = attribution(), attribution(3, prompt=PROMPT.replace("Add", "Sum"))
    other = attribution(4, prompt="Else. Two.", features=((0, 4),), tokens=(" b", " c"))
    page = open_page([own[0], other, own[1]])
    assert page.locator(".stage").count() == 2
    assert page.locator(".stage").first.locator("figcaption h3:visible").count() == 2
    unlike = open_page([table([[1.0, 2.0]]), replace_labels(table([[300.0, 4.0]]))])
    assert unlike.locator(".stage").count() == 2
    assert unlike.get_by_label("Faint where unsure").count() == 0, "nothing was sampled"
    assert unlike.get_by_label("Copy as").first.locator("option").count() == 2, "nobody can say how"


def replace_labels(heatmap: Heatmap) -> Heatmap:
    rows = Axis("row", tuple(f"other {label}" for label in heatmap.rows.labels))
    columns = Axis("column", tuple(f"other {label}" for label in heatmap.columns.labels))
    return Heatmap(heatmap.values, rows, columns, heatmap.quantity)


def test_two_texts_are_coloured_by_one_scale_when_nothing_is_chosen(open_page: Open) -> None:
    runs = attribution(), attribution(3, prompt=PROMPT.replace("Add", "Sum"))
    page = open_page(runs)
    page.keyboard.press("Escape")
    reach = max(np.abs(run.whole_target).max() for run in runs)
    ranges = page.locator(".strip-legend .range").all_text_contents()
    assert ranges == [f"−{reach:.3g}", f"{reach:.3g} nats"] * 2


def polylines(svg: str) -> list[list[tuple[float, float]]]:
    found = re.findall(r'<polyline points="([^"]*)"', svg)
    pairs = [[tuple(map(float, pair.split(","))) for pair in line.split(" ")] for line in found]
    return [[(x, y) for x, y in line] for line in pairs]


def test_the_line_is_below_the_settling_layer_and_joins_only_neighbours(open_page: Open) -> None:
    deep = depth(readings=False)
    page = open_page([deep])
    lines = polylines(exported(page, "SVG").decode())
    assert len(lines) == 2, "one line, drawn twice: its edge and itself"
    heights = [y for _, y in lines[0][::2]]
    top, step = heights_of(deep.settling_depth, heights)
    for layer, height in zip(deep.settling_depth, heights, strict=True):
        below = max(0, (6 - layer) * step)  # five rows; the last layer stands above the map
        assert height == pytest.approx(top + below, abs=1.01)
    page.get_by_label("Columns").select_option("label")
    apart = polylines(exported(page, "SVG").decode())
    order = sorted(range(len(TOKENS)), key=lambda i: (deep.heatmap.columns.labels[i], i))
    joined = sum(b == a + 1 for a, b in pairwise(order))
    assert len(apart) == 2 * (len(TOKENS) - joined) > 2


def heights_of(depths: np.ndarray, heights: list[float]) -> tuple[float, float]:
    """Return where the map begins and how high a cell is, by the ends of what is drawn."""
    low, high = int(depths.min()), int(depths.max())
    step = (max(heights) - min(heights)) / (high - low)
    return max(heights) - (6 - low) * step, step


def test_cells_that_may_be_nothing_are_faint_and_counted(open_page: Open) -> None:
    run = attribution()
    wide = replace(run, standard_error=np.where(np.arange(4) == 1, 9.0, 0.01) * np.ones((7, 1)))
    assert wide.margin is not None
    covered = int((np.abs(wide.heatmap.values) <= wide.margin).sum())
    assert 7 <= covered < 28
    page = open_page([wide])
    said = f"{covered} of 28 cells are faint: their 95 % interval covers 0"
    assert said in page.locator(".note").inner_text()
    canvas = page.locator(".window canvas")
    before = canvas.screenshot()
    page.get_by_label("Faint where unsure").uncheck()
    assert "faint" not in page.locator(".note").inner_text()
    assert "fade=false" in page.evaluate("location.hash")
    page.wait_for_timeout(50)
    assert canvas.screenshot() != before


def test_a_lit_label_is_bold_and_whole(open_page: Open) -> None:
    tokens = (" an_unusually_long_token", " b", " c")
    page = open_page([attribution(tokens=tokens)], first=RECORDED)
    page.locator(".token").first.click()
    page.wait_for_timeout(100)
    drawn = page.evaluate("window.texts")
    bold = {text for text, font, _ in drawn if font.startswith("600")}
    assert "▁an_unusually_long_token" in bold
    parts = {PROMPT[slice(*span)] for span in FEATURES}
    for part in range(4):
        page.locator(".part").nth(part).click()
    page.wait_for_timeout(100)
    bold = {text for text, font, _ in page.evaluate("window.texts") if font.startswith("600")}
    assert parts <= bold


def test_a_wide_map_has_an_overview_with_a_brush(open_page: Open) -> None:
    page = open_page([long_depth(12, 400)])
    overview, window = page.locator(".overview"), page.locator(".window")
    overview.scroll_into_view_if_needed()
    box = overview.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 10)
    middle = "one => (one.scrollLeft + one.clientWidth / 2) / one.scrollWidth"
    assert window.evaluate(middle) == pytest.approx(0.75, abs=0.03)
    page.wait_for_timeout(50)
    brush = page.locator(".brush").bounding_box()
    assert brush is not None
    centre = (brush["x"] + brush["width"] / 2 - box["x"]) / box["width"]
    assert centre == pytest.approx(0.75, abs=0.02)
    page.mouse.move(brush["x"] + 4, brush["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 4, brush["y"] + 10, steps=3)
    page.mouse.up()
    assert window.evaluate("one => one.scrollLeft") < 60
    seen = "one => new Set(one.getContext('2d').getImageData(0, 0, 400, 11).data).size"
    assert page.locator(".overview canvas").evaluate(seen) > 20
    page.get_by_label("Only with").fill("sum")
    assert not overview.is_visible(), "what is left is narrow"


def test_the_difference_of_two_runs(open_page: Open) -> None:
    a, b = attribution(0), attribution(3)
    page = open_page([a, b], names=["one", "two"])
    assert page.locator(".window:visible").count() == 2
    page.get_by_role("checkbox", name="two − one").check()
    assert page.locator(".window:visible").count() == 3
    changed = b.heatmap.values - a.heatmap.values
    assert a.margin is not None and b.margin is not None
    bounds = a.margin + b.margin
    cells = page.locator("table").nth(2).locator("tbody td").all_text_contents()
    own = zip(changed.ravel(), bounds.ravel(), strict=True)
    assert cells == [written(*one) for one in own]
    reach = np.abs(changed).max()
    ends = page.locator(".colour-bar").nth(1).locator(".ticks span").all_text_contents()
    assert ends[-1] == f"{reach:.3g}"
    assert "attribution.difference=true" in page.evaluate("location.hash")
    other = open_page([a, attribution(3, prompt=PROMPT.replace("Two", "Six"))])
    assert other.locator(".stage").count() == 1
    assert other.locator(".controls input[type=checkbox]").count() == 1, (
        "other parts: no difference"
    )


def copied(page: "Page", form: str) -> str:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("Copy as").first.select_option(form)
    page.wait_for_timeout(50)
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_map_is_copied_as_markdown_and_commands(open_page: Open) -> None:
    known = attribution(sampled=False)
    provenance = {**known.heatmap.provenance, "features": [list(span) for span in FEATURES],
                  "given": None, "max_new_tokens": 7, "segmenter": "marked",
                  "model": {"name": "own", "source": "a b"}}  # fmt: skip
    told = Heatmap(known.heatmap.values, known.heatmap.rows, known.heatmap.columns,
                   known.heatmap.quantity, provenance)  # fmt: skip
    page = open_page([replace(known, heatmap=told)])
    text = copied(page, "markdown")
    rows = [line for line in text.splitlines() if line.startswith("| ▁3 |")]
    cells = [f"{'−' if v < 0 else '+'}{abs(v):.4f}" for v in known.heatmap.values[0]]
    assert rows == [f"| ▁3 | {' | '.join(cells)} |"]
    cli = copied(page, "cli")
    assert cli.startswith("bathyscope attribute --max-new-tokens=7 '--model=a b' -- 'Add. [[Two]]")
    assert "bs.load('a b')" in copied(page, "python")
    page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }"
    )
    page.get_by_label("Copy as").first.select_option("cli")
    field = page.get_by_label("Text to copy")
    assert field.input_value() == cli
    marked = "one => one.value.slice(one.selectionStart, one.selectionEnd)"
    assert field.evaluate(marked) == cli
