"""The page's modules with another beginning: mounted into an element, maps that come bit by bit."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bathyscope.core.heatmap import Heatmap
from bathyscope.page.data import Shown, page_data
from bathyscope.page.document import STYLES, modules
from bathyscope.runs.table import as_run
from tests.page.hand_made import attribution, table
from tests.page.test_modules import ASSETS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ENTRY = """
window.mounted = await mount(document.getElementById("here"), window.given);
"""


def mounted(browser: "Browser", document: dict[str, Any], folder: Path) -> "Page":
    """Mount a document into an element of a page of one's own."""
    style = "".join((ASSETS / name).read_text(encoding="utf-8") for name in STYLES)
    given = json.dumps(document).replace("<", "\\u003c")
    path = folder / "own.html"
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{style}</style>'
        f'<h1>Mine</h1><div id="here">old</div><script>window.given = {given}</script>'
        f'<script type="module">{modules("main.js")}{ENTRY}</script>',
        encoding="utf-8",
    )
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_function("Boolean(window.mounted)")
    return page


def document_of(*maps: Heatmap) -> dict[str, Any]:
    return page_data([Shown(as_run(one), f"map {i}") for i, one in enumerate(maps)])


SET = "([index, map]) => window.mounted.setMap(index, map)"


def with_pending(document: dict[str, Any], known: list[list[float | None]]) -> dict[str, Any]:
    """Return a document's first map as it is while some cells, None here, are computed."""
    flat = [value for row in known for value in row]
    values = [float("nan") if value is None else value for value in flat]
    waiting = table(np.array(values).reshape(len(known), -1))
    one: dict[str, Any] = {
        **document["maps"][0],
        "values": document_of(waiting)["maps"][0]["values"],
    }
    one["pending"] = document_of(table([[float(value is None) for value in flat]]))["maps"][0][
        "values"
    ]
    return one


def test_modules_have_more_than_one_beginning() -> None:
    whole, mount_alone = modules(), modules("main.js")
    assert "async function mount(" in mount_alone and 'byId("data")' not in mount_alone
    assert whole.startswith(mount_alone.rstrip("\n")[:2000]) and 'byId("data")' in whole


def test_cells_come_bit_by_bit_and_the_scale_grows_by_steps(
    browser: "Browser", tmp_path: Path
) -> None:
    document = document_of(table([[1.7, -0.2], [0.4, 3.1]]))
    first = with_pending(document, [[1.7, None], [None, None]])
    page = mounted(browser, {**document, "maps": [first]}, tmp_path)
    assert page.locator("#here").inner_text().startswith("?")
    ends = page.locator(".colour-bar .ticks span")
    note = page.locator(".note")
    assert ends.last.text_content() == "2" and "3 of 4 cells are still" in note.inner_text()
    assert page.locator("tbody td").all_text_contents()[1:] == ["pending"] * 3
    page.evaluate(SET, [0, with_pending(document, [[1.7, -0.2], [None, None]])])
    assert ends.last.text_content() == "2", "no new colours for a smaller number"
    page.evaluate(SET, [0, with_pending(document, [[0.9, -0.2], [None, None]])])
    assert ends.last.text_content() == "2", "it never shrinks while cells are awaited"
    page.evaluate(SET, [0, with_pending(document, [[1.7, -0.2], [None, 3.1]])])
    assert ends.last.text_content() == "5"
    page.evaluate(SET, [0, document["maps"][0]])
    assert ends.last.text_content() == "3.1" and "still" not in note.inner_text()
    cells = page.locator("tbody td").all_text_contents()
    assert cells == ["+1.7000", "−0.2000", "+0.4000", "+3.1000"]
    page.close()


def test_a_map_may_become_another_shape(browser: "Browser", tmp_path: Path) -> None:
    document = document_of(table([[1.0, 2.0, 9.0]]))
    page = mounted(browser, document, tmp_path)
    assert page.locator("#cell .entry code").all_text_contents() == ["r0", "c2"]
    page.evaluate(SET, [0, document_of(table([[4.0], [5.0]]))["maps"][0]])
    assert page.locator("tbody td").all_text_contents() == ["+4.0000", "+5.0000"]
    assert "Point at a cell" in page.locator("#cell").inner_text(), "the cell is no longer there"
    page.locator(".window").focus()
    page.keyboard.press("Control+End")
    assert page.locator("#cell .entry code").all_text_contents() == ["r1", "c0"]
    page.close()


def test_numbers_that_came_are_told_everywhere(browser: "Browser", tmp_path: Path) -> None:
    before, after = attribution(0, sampled=False), attribution(6, sampled=False)
    page = mounted(browser, page_data([Shown(before, "drove")]), tmp_path)
    page.locator(".token").nth(4).click()
    page.evaluate(SET, [0, page_data([Shown(after, "drove")])["maps"][0]])
    titles = page.locator(".part").evaluate_all("all => all.map(one => one.title)")
    signed = [f"{'−' if v < 0 else '+'}{abs(v):.4f}" for v in after.heatmap.values[4]]
    assert titles == [f"{number} nats" for number in signed]
    largest = signed[int(np.abs(after.heatmap.values[4]).argmax())]
    assert page.locator(".ranked .share").first.inner_text() == largest
    page.close()
