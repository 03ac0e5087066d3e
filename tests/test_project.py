"""What the project says of itself, in the files beside the package, is true of it."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import DEMO, LONGEST

ROOT = Path(__file__).parent.parent
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _project() -> dict[str, Any]:
    return tomllib.loads(_text("pyproject.toml"))


def _releases() -> list[tuple[str, str | None]]:
    """Return the versions of the changelog with their dates, newest first."""
    found = re.findall(r"^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$", _text("CHANGELOG.md"), re.M)
    return [(name, date or None) for name, date in found]


def test_the_changelog_has_the_form_that_it_names() -> None:
    releases = _releases()
    assert len(releases) == len(re.findall(r"^## ", _text("CHANGELOG.md"), re.M))
    assert releases[0] == ("Unreleased", None)
    assert all(date is not None for _, date in releases[1:])
    dates = [str(date) for _, date in releases[1:]]
    assert dates == sorted(dates, reverse=True)
    sections = re.findall(r"^### (.+)$", _text("CHANGELOG.md"), re.M)
    assert sections and set(sections) <= SECTIONS


def test_the_version_is_one_and_the_same() -> None:
    number = _project()["project"]["version"]
    assert _releases()[1][0] == number
    assert yaml.safe_load(_text("CITATION.cff"))["version"] == number
    assert version("bathyscope") == number


def test_the_citation_can_be_read() -> None:
    """Its schema asks for these; `cffconvert --validate` agrees."""
    citation = yaml.safe_load(_text("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "type", "license"} <= set(citation)
    assert all(isinstance(citation[name], str) and citation[name] for name in ("message", "title"))
    assert citation["authors"] and all("name" in author for author in citation["authors"])
    assert citation["license"] == _project()["project"]["license"]
    assert citation["date-released"] == _releases()[1][1]


def test_markers_that_make_test_leaves_out_have_a_target() -> None:
    makefile = _text("Makefile")
    markers = [
        line.split(":")[0] for line in _project()["tool"]["pytest"]["ini_options"]["markers"]
    ]
    selected = re.search(r"pytest .*-m \"([^\"]+)\"", makefile)
    assert selected is not None
    left_out = re.findall(r"not (\w+)", selected[1])
    assert left_out and set(left_out) <= set(markers)
    for marker in left_out:
        assert re.search(rf"^test-{marker}:.*\n\t.*pytest .*-m {marker}$", makefile, re.M), marker


def test_what_is_begun_first_is_there() -> None:
    assert LONGEST[0] == DEMO and all((ROOT / file).is_file() for file in LONGEST[1:])


def test_contributing_names_targets_and_places_that_exist() -> None:
    text, makefile = _text("CONTRIBUTING.md"), _text("Makefile")
    targets = re.findall(r"`make ([a-z-]+)`", text)
    assert len(targets) > 5
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), target
    folders = re.findall(r"`([a-z_/]+/)`", text)
    assert len(folders) > 5
    made = {"bathyscope-demo/", "bathyscope-study/", "site/"}
    for folder in set(folders) - made:
        assert (ROOT / folder).is_dir(), folder
