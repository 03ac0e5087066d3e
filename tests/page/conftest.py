"""A real browser for the page: Debian's Chromium, one for the tests of each file."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bathyscope.core.heatmap import Heatmap
from bathyscope.page.document import view
from bathyscope.runs.base import Run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]


# While it is open a loop runs in this thread, where no second one may begin: not beyond a file.
@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Debian's Chromium, or the one that BATHYSCOPE_CHROMIUM names."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = os.environ.get("BATHYSCOPE_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no Chromium: install the Debian package chromium")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"] if root else []
        )
        yield started
        started.close()


@pytest.fixture
def open_page(browser: "Browser", tmp_path: Path) -> Iterator[Open]:
    """Write maps as a page, open it from disk, and see that it is silent and asks for nothing."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def opened(
        maps: Sequence[Run | Heatmap],
        fragment: str = "",
        names: Sequence[str] | None = None,
        **context: Any,
    ) -> "Page":
        path = tmp_path / "page.html"
        view(maps, path, names=names)
        contexts.append(
            browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | context)
        )
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"{path.as_uri()}{fragment}")
        for _ in range(500):
            if page.evaluate("performance.getEntriesByName('map painted').length"):
                break
            page.wait_for_timeout(10)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert {request.split("#")[0] for request in requests} <= {(tmp_path / "page.html").as_uri()}
