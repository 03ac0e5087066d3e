import base64
import html
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bathyscope as bs
from bathyscope.page.document import FRAMED, page
from bathyscope.runs.base import Run
from tests.page.hand_made import attribution, depth, long_depth

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_a_run_shows_itself_in_a_frame_of_its_own(tmp_path: Path) -> None:
    for made in (attribution(), depth()):
        made.save(tmp_path / made.kind)
        run = bs.open_run(tmp_path / made.kind)
        assert isinstance(run, Run)
        shown = run._repr_html_()
        assert shown is not None
        found = re.fullmatch(
            r'<iframe title="([^"]*)" sandbox="([^"]*)".* srcdoc="([^"]*)"></iframe>', shown, re.S
        )
        assert found is not None
        assert found[1].endswith("decided" if run.kind == "depth" else "“3 + 4 = 7. 7”")
        assert "allow-same-origin" not in found[2]
        assert html.unescape(found[3]) == page([run], [run.kind], FRAMED)


@pytest.mark.parametrize("make", [attribution, long_depth])
@pytest.mark.parametrize("width", [760, 1280])
def test_map_and_text_are_seen_in_a_frame_without_scrolling(
    browser: "Browser", make: Callable[[], Run], width: int, tmp_path: Path
) -> None:
    shown = make()._repr_html_()
    assert shown is not None and "height: 600px" in shown
    (tmp_path / "cell.html").write_text(
        f"<!doctype html><meta charset=utf-8><body style='margin:0'>{shown}", "utf-8"
    )
    page = browser.new_page(viewport={"width": width, "height": 700})
    page.goto((tmp_path / "cell.html").as_uri())
    framed = page.frame_locator("iframe")
    canvas, answer = framed.locator(".window canvas").first, framed.locator(".answer").first
    canvas.wait_for()
    sheet = framed.locator("aside .open")
    low = 600.0 - (sheet.bounding_box() or {"height": 0.0})["height"] * sheet.is_visible()
    (map_box, text_box) = (one.bounding_box() for one in (canvas, answer))
    page.close()
    assert map_box is not None and text_box is not None
    assert text_box["y"] + text_box["height"] <= low, "all of the text's own window"
    assert low - map_box["y"] >= 200, "and a good part of the map"
    assert text_box["x"] + text_box["width"] <= map_box["x"], "side by side"


def test_without_a_page_a_run_is_text() -> None:
    kept = Run.in_notebook
    try:
        Run.in_notebook = None
        assert attribution()._repr_html_() is None
    finally:
        Run.in_notebook = kept


def test_a_run_and_a_map_have_a_view_in_markdown_with_the_full_account_folded() -> None:
    run = attribution()
    for subject in (run, run.heatmap):
        shown = subject._repr_markdown_()
        assert shown is not None
        first, _, folded = shown.partition("<details>\n<summary>In full</summary>\n\n")
        assert bs.describe(subject, short=True).strip() in first and "## Axes" not in first
        assert "## Axes" in folded and folded.endswith("\n</details>\n")
        assert "\n" not in repr(subject)
    assert repr(run.heatmap) == "<Heatmap: {} × {}, attribution in nats>".format(
        *run.heatmap.values.shape
    )


def test_a_figure_shows_itself_once_whatever_was_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    drawn = bs.figure(attribution())
    shown, _ = formatters.DisplayFormatter().format(drawn)
    picture = shown["image/png"]
    assert (base64.b64decode(picture) if isinstance(picture, str) else picture)[:4] == b"\x89PNG"
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums(), "none of those that notebooks show again"
