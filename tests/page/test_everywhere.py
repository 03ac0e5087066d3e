"""The page in both browsers, by finger, on paper, and without a jump."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.page.conftest import Open, opening
from tests.page.hand_made import TOKENS, attribution, depth, long_depth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, ViewportSize

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
PHONE: "ViewportSize" = {"width": 390, "height": 844}

WATCHED = """
window.jumps = [];
if (PerformanceObserver.supportedEntryTypes.includes("layout-shift"))
  new PerformanceObserver((list) => window.jumps.push(...list.getEntries().map(
    ({ value, sources }) => [value, sources.map(({ node }) => node?.outerHTML?.slice(0, 80))],
  ))).observe({ type: "layout-shift", buffered: true });
window.frames_ = [];
const look = () => {
  const mounted = document.querySelector("#page")?.childElementCount ?? 0;
  window.frames_.push([mounted, document.querySelectorAll(".token").length]);
  if (window.frames_.length < 200) requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


DRAWN = """
window.cells = 0;
const drawImage = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (image, ...at) {
  if (!this.canvas.closest(".window, .overview")) window.cells += image.width * image.height;
  drawImage.call(this, image, ...at);
};
"""
LONG_LAYERS = 12


def run_cells() -> int:
    """Return how many cells a hand-made attribution map has."""
    return int(attribution().heatmap.values.size)


@pytest.fixture(params=["chromium", "firefox"])
def open_in(request: pytest.FixtureRequest, tmp_path: Path) -> "Iterator[Open]":
    """Open pages in either browser."""
    name = "browser" if request.param == "chromium" else "firefox"
    yield from opening(request.getfixturevalue(name), tmp_path)


def violations(page: "Page", within: str = "html") -> list[Any]:
    if not AXE.exists():
        pytest.skip("there is no axe-core: `make browser` obtains it from npm")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("on => axe.run(on, { resultTypes: ['violations'] })", within)
    assert found["passes"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]


def test_both_browsers_show_the_page_at_once_and_keep_it_in_step(open_in: Open) -> None:
    run, deep = attribution(), depth()
    page = open_in([run, deep], first=WATCHED)
    half = [frame for frame in page.evaluate("window.frames_") if frame[0] and not frame[1]]
    assert half == [], "a frame with places and nothing in them"
    page.locator(".token").nth(4).click()
    expected = np.abs(run.heatmap.values[4]).argmax()
    label = run.heatmap.columns.labels[int(expected)]
    assert page.locator(".ranked button").first.inner_text() == label
    assert page.locator(".threads path").count() >= 1
    painted = "one => new Set(one.getContext('2d').getImageData(60, 60, 300, 300).data).size"
    for canvas in page.locator(".window canvas").all():
        assert canvas.evaluate(painted) > 50
    page.keyboard.press("m")
    page.keyboard.press("Control+End")
    assert page.locator("#cell .entry code").first.inner_text() == "▁7"
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()
    assert len(page.pdf()) > 20_000
    page.keyboard.press("d")
    page.set_viewport_size(PHONE)
    assert violations(page) == []


def test_nothing_keeps_anyone_out(open_page: Open) -> None:
    page = open_page([attribution(), depth(), attribution(4)])
    page.locator("summary").click()
    assert violations(page) == [], "light"
    page.keyboard.press("?")
    assert violations(page, "#keys") == [], "the list of keys"
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.set_viewport_size(PHONE)
    page.locator("aside .open").click()
    assert violations(page) == [], "a sheet on a phone in the dark"
    page.emulate_media(media="print")
    assert violations(page) == [], "paper"


def test_nothing_jumps(open_page: Open) -> None:
    page = open_page([attribution(), depth()], first=WATCHED)
    for at in (1, 6, 2):
        page.locator(".token").nth(at).hover()
        page.locator(".token").nth(at).click()
    page.locator(".part").nth(2).click()
    page.locator(".window").first.hover()
    page.locator(".questions button").first.click()
    page.keyboard.press("Escape")
    page.wait_for_timeout(700)
    assert page.evaluate("window.jumps") == []
    page = open_page([long_depth(20, 500)], first=WATCHED)
    page.locator(".token").nth(499).wait_for(state="attached")
    page.wait_for_timeout(300)
    assert page.evaluate("window.jumps") == []


def test_a_phone_has_one_line_and_a_sheet(open_page: Open) -> None:
    page = open_page([attribution(), depth()], viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    aside = page.locator("aside")
    bar = aside.bounding_box()
    assert bar and bar["height"] <= 60 and bar["y"] + bar["height"] == PHONE["height"]
    assert "nats" in page.locator(".told").inner_text()
    page.locator(".token").nth(2).click()
    sheet = aside.bounding_box()
    assert sheet and 200 < sheet["height"] <= 0.7 * PHONE["height"] + 1
    assert page.locator("#token h2").inner_text() == "4" and page.locator("#token").is_visible()
    page.locator("aside .open").click()
    assert not page.locator("#token").is_visible()
    page.locator(".window").first.click(position={"x": 120, "y": 120})
    assert not page.locator("#token").is_visible(), "a cell does not hide the map it is in"


def test_a_finger_hits_everything(open_page: Open) -> None:
    page = open_page([attribution(), depth()], viewport=PHONE, has_touch=True, is_mobile=True)
    page.locator("aside .open").click()
    sizes = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, summary, [role=button]")]
           .filter((one) => one.checkVisibility())
           .map((one) => [one.outerHTML.slice(0, 70), one.getBoundingClientRect()])
           .map(([html, { width, height }]) => [html, width, height])"""
    )
    assert len(sizes) > 25
    assert [one for one in sizes if min(one[1:]) < 43.9] == []


def test_a_printed_page_is_whole_light_and_coloured(open_page: Open) -> None:
    run = long_depth(LONG_LAYERS, 330)
    page = open_page([run, attribution(seed=2)], "#theme=dark", first=DRAWN)
    page.evaluate("window.cells = 0")
    page.emulate_media(media="print")
    style = "getComputedStyle(document.documentElement)"
    assert page.evaluate(f"{style}.printColorAdjust") == "exact"
    assert page.locator("html").get_attribute("data-theme") == "light"
    assert page.locator("#texts .token").count() == 330 + len(TOKENS)
    assert page.locator(".answer").first.evaluate("one => one.scrollHeight - one.clientHeight") <= 1
    assert page.locator("#words .words").count() == 2 and page.locator("#words").is_visible()
    assert page.locator(".window:visible, button:visible, select:visible").count() == 0
    strips = page.locator(".on-paper").first.locator("canvas")
    widths = strips.evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    assert len(widths) > 5 and max(widths) <= 700
    assert page.evaluate("window.cells") == (LONG_LAYERS - 1) * 330 + run_cells(), (
        "every cell, once"
    )
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="screen")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator(".on-paper").count() == 0
    assert page.locator(".window:visible").count() == 2
