"""Real browsers for the page: Debian's Chromium and Firefox, one for the tests of each file."""

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
    from playwright.sync_api import Browser, Page, Playwright

Open = Callable[..., "Page"]


# While it is open a loop runs in this thread, where no second one may begin: not beyond a file.
@pytest.fixture(scope="module")
def driver() -> "Iterator[Playwright]":
    """What drives browsers."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(driver: "Playwright") -> "Iterator[Browser]":
    """Debian's Chromium, or the one that BATHYSCOPE_CHROMIUM names."""
    chromium = _program("CHROMIUM", "chromium")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    started = driver.chromium.launch(
        executable_path=chromium, args=["--no-sandbox"] if root else []
    )
    yield started
    started.close()


@pytest.fixture(scope="module")
def firefox(driver: "Playwright") -> "Iterator[Browser]":
    """Debian's Firefox, or the one that BATHYSCOPE_FIREFOX names, by WebDriver BiDi."""
    started = driver.firefox.launch(
        executable_path=_program("FIREFOX", "firefox-esr"), channel="moz-firefox"
    )
    yield started
    started.close()


def _program(variable: str, package: str) -> str:
    found = os.environ.get(f"BATHYSCOPE_{variable}") or shutil.which(package)
    if found is None:
        pytest.skip(f"install the Debian package {package}: `make browser` does")
    return found


@pytest.fixture
def open_page(browser: "Browser", tmp_path: Path) -> Iterator[Open]:
    """Write maps as a page, open it from disk, and see that it is silent and asks for nothing."""
    yield from opening(browser, tmp_path)


@pytest.fixture
def open_in_firefox(firefox: "Browser", tmp_path: Path) -> Iterator[Open]:
    """Do the same in Firefox."""
    yield from opening(firefox, tmp_path)


def opening(browser: "Browser", folder: Path) -> Iterator[Open]:
    """Yield what writes maps as a page and opens it; then see that it was silent."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def opened(
        maps: Sequence[Run | Heatmap],
        fragment: str = "",
        names: Sequence[str] | None = None,
        first: str = "",
        **context: Any,
    ) -> "Page":
        path = folder / "page.html"
        view(maps, path, names=names)
        contexts.append(
            browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | context)
        )
        page = contexts[-1].new_page()
        if first:
            page.add_init_script(first)
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
    assert {request.split("#")[0] for request in requests} <= {(folder / "page.html").as_uri()}
