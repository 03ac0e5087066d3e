"""The documentation builds as a site, strictly, and reading it asks no other machine."""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bathyscope
from tests.page.conftest import browser as browser
from tests.page.conftest import driver as driver

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
UNREACHABLE = "http://127.0.0.1:9"
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|link)\b[^>]*?\b(?:src|href)=[\"']?((?:https?:)?//[^\"'> ]+)"
)


def _copy(folder: Path) -> Path:
    """Copy what the site is made of; the sources are only read."""
    for name in ("zensical.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    (folder / "src").symlink_to(ROOT / "src")
    return folder


def _build(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Build the site of a folder, without a way to the network."""
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), UNREACHABLE)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | proxies | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = _copy(tmp_path_factory.mktemp("docs"))
    done = _build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def _pages(entries: list[Any]) -> list[str]:
    """Return the pages of a navigation, depth first."""
    found: list[str] = []
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            found += _pages(value) if isinstance(value, list) else [value]
    return found


def test_every_page_is_built_and_in_the_navigation(site: Path) -> None:
    configured = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    pages = _pages(configured["project"]["nav"])
    assert len(pages) == len(set(pages)) > 10
    existing = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert set(pages) == existing, "zensical.toml lists the pages in its navigation"
    for page in pages:
        assert (site / page).with_suffix(".html").stat().st_size > 2000
    assert '<h2 id="unreleased">' in (site / "changelog.html").read_text(encoding="utf-8")


def test_the_reference_has_every_public_name_and_no_other(site: Path) -> None:
    source = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    named = re.findall(r"^::: bathyscope\.(\w+)$", source, re.M)
    assert sorted(named) == sorted(bathyscope.__all__), "docs/reference.md lists the public names"
    page = (site / "reference.html").read_text(encoding="utf-8")
    for name in named:
        heading = re.search(
            rf"<h3 id=\"bathyscope\.{name}\".*?</h3>(.*?)(?=<h3 |<h2 |\Z)", page, re.S
        )
        assert heading is not None, name
        assert len(re.sub(r"<[^>]+>|\s", "", heading[1])) > 40, f"{name} has no docstring there"


def test_a_page_fetches_nothing_from_elsewhere(site: Path) -> None:
    assert FETCHED.search('<script async src="https://elsewhere.example/x.js">') is not None
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        assert FETCHED.findall(page.read_text(encoding="utf-8")) == [], page.name
    styles = sorted(site.rglob("*.css"))
    assert styles
    for style in styles:
        text = style.read_text(encoding="utf-8")
        assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)\"']*", text) == [], (
            style.name
        )


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    """The site's address on this machine."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_reading_and_searching_asks_no_other_machine(served: str, browser: "Browser") -> None:
    """Its scripts name other machines for what these pages do not use."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served}reference.html", wait_until="networkidle")
    focused = page.locator("input:focus")
    for _ in range(60):  # its script listens a moment after it has come
        page.keyboard.press("/")
        if focused.count():
            break
        page.wait_for_timeout(500)
    page.keyboard.type("settling depth")
    page.get_by_text(re.compile(r"\d+ results")).wait_for(timeout=60_000)
    page.close()
    assert f"{served}search.json" in asked
    assert [url for url in asked if not url.startswith((served, "data:", "blob:"))] == []


def test_what_is_broken_stops_the_build(tmp_path: Path) -> None:
    """A link to nowhere and a name that does not exist: neither becomes an empty page."""
    folder = _copy(tmp_path)
    for page in (folder / "docs").glob("*.md"):
        page.unlink()
    shutil.rmtree(folder / "docs" / "images")
    index = folder / "docs" / "index.md"
    configuration = (folder / "zensical.toml").read_text(encoding="utf-8")
    nav = re.compile(r"^nav = \[.*?^\]", re.S | re.M)
    (folder / "zensical.toml").write_text(nav.sub('nav = ["index.md"]', configuration))
    for text, sound in [
        ("# Sound\n\n::: bathyscope.Axis\n", True),
        ("# Broken\n\n[nowhere](nowhere.md)\n", False),
        ("# Missing\n\n::: bathyscope.no_such_name\n", False),
    ]:
        index.write_text(text, encoding="utf-8")
        assert (_build(folder).returncode == 0) is sound, text
