"""Saved runs: named, listed, searched, shown, renamed, deleted."""

import json
import os
from pathlib import Path

import pytest

import bathyscope as bs
from bathyscope.cli.app import app
from bathyscope.runs.kept import kept_runs
from tests.cli.conftest import MARKED, call, tree
from tests.runs.test_kinds import SAMPLES


@pytest.fixture
def kept(here: Path) -> Path:
    """A folder with two runs, the depth one newer, and things that are none."""
    folder = here / "bathyscope-runs"
    for age, kind in ((200, "attribution"), (100, "depth")):
        SAMPLES[kind]().save(folder / kind)
        document = folder / kind / "run.json"
        os.utime(document, (1_700_000_000 - age, 1_700_000_000 - age))
    (folder / "nothing").mkdir()
    (folder / "file.txt").write_text("theirs")
    return folder


def test_a_run_has_the_name_it_was_given(here: Path, llama_folder: str) -> None:
    asked = ["depth", "Q: 5?", "--response", " 00", "-m", llama_folder, "--name", "my run"]
    assert call(*asked).exit_code == 0
    assert (here / "bathyscope-runs" / "my run" / "run.json").exists()
    again = call(*asked)
    assert again.exit_code == 2 and "exists already" in again.stderr
    both = call(*asked, "-o", "elsewhere")
    assert both.exit_code == 2 and "give it or --output" in both.stderr


@pytest.mark.parametrize("name", ["", " a", "a/b", "..", ".hidden", "a\nb"])
def test_a_name_that_is_a_path_is_refused_before_anything_is_done(here: Path, name: str) -> None:
    result = call("attribute", MARKED, "--target", " 00", "-m", "nowhere", "--name", name)
    assert result.exit_code == 2 and "cannot be called" in result.stderr
    assert tree(here) == []


def test_runs_are_listed_the_newest_first(kept: Path) -> None:
    result = call("runs")
    assert result.exit_code == 0
    lines = [line.split()[:2] for line in result.stdout.splitlines()[2:]]
    assert lines == [["depth", "depth"], ["attribution", "attribution"]]
    found = json.loads(call("runs", "--json").stdout)
    assert [one["name"] for one in found] == ["depth", "attribution"]
    assert found[0]["text"] == " 13" and found[0]["model"] == "LlamaForCausalLM"


@pytest.mark.parametrize(
    ("words", "names"),
    [("depth", ["depth"]), ("Q: 8", ["depth"]), ("LLAMA", ["depth", "attribution"]), ("x y z", [])],
)
def test_all_words_are_searched_for(kept: Path, words: str, names: list[str]) -> None:
    assert [
        one["name"] for one in json.loads(call("runs", "--search", words, "--json").stdout)
    ] == (names)
    shown = call("runs", "--search", words)
    assert shown.exit_code == 0 and ("no run with these words" in shown.stderr) == (not names)


def test_without_runs_it_says_so(here: Path) -> None:
    result = call("runs")
    assert (result.exit_code, result.stdout) == (0, "") and "no run in" in result.stderr
    assert json.loads(call("runs", "--json").stdout) == []


def test_a_damaged_run_is_listed_as_such(kept: Path) -> None:
    (kept / "depth" / "run.json").write_text("{")
    shown = call("runs")
    assert shown.exit_code == 0 and "damaged" in shown.stdout
    assert [one.problem is None for one in kept_runs(kept)].count(False) == 1


def test_runs_of_several_targets_are_listed_each(kept: Path) -> None:
    for number in (1, 2):
        SAMPLES["depth"]().save(kept / "several" / f"target-{number}")
    names = {one.name for one in kept_runs(kept)}
    assert {"several/target-1", "several/target-2"} < names
    assert call("runs", "delete", "several", "--yes").exit_code == 0
    assert not (kept / "several").exists()


def test_a_run_is_shown_as_it_was(kept: Path) -> None:
    shown = call("runs", "show", "attribution")
    assert shown.exit_code == 0 and "Effect on the answer as a whole" in shown.stdout
    assert "whole target" in call("runs", "show", "attribution", "--wide").stdout
    assert json.loads(call("runs", "show", "depth", "--json").stdout)["kind"] == "depth"
    missing = call("runs", "show", "none")
    assert missing.exit_code == 2 and len(missing.stderr.splitlines()) == 1


def test_a_run_is_renamed_and_replaces_none(kept: Path) -> None:
    assert call("runs", "name", "depth", "13").exit_code == 0
    assert bs.open_run(kept / "13").kind == "depth" and not (kept / "depth").exists()
    taken = call("runs", "name", "13", "attribution")
    assert taken.exit_code == 2 and "exists already" in taken.stderr
    misspelt = call("runs", "name", "atribution", "x")
    assert misspelt.exit_code == 2 and "did you mean 'attribution'" in misspelt.stderr
    assert call("runs", "name", "13", "a/b").exit_code == 2
    assert {one.name for one in kept_runs(kept)} == {"13", "attribution"}


def test_nothing_is_deleted_without_a_yes(kept: Path) -> None:
    refused = call("runs", "delete", "depth")
    assert refused.exit_code == 2 and "add --yes" in refused.stderr
    assert (kept / "depth").exists()
    assert call("runs", "delete", "depth", "attribution", "--yes").exit_code == 0
    assert tree(kept) == ["file.txt", "nothing"]


@pytest.mark.parametrize("name", ["nothing", "file.txt", "../here", ".", "unknown"])
def test_what_is_no_run_is_not_deleted(kept: Path, name: str) -> None:
    before = tree(kept)
    result = call("runs", "delete", "depth", name, "--yes")
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1
    assert tree(kept) == before, "nor what was named beside it"


def test_a_folder_with_something_of_somebody_else_stays(kept: Path) -> None:
    (kept / "depth" / "notes.txt").write_text("theirs")
    result = call("runs", "delete", "depth", "--yes")
    assert result.exit_code == 2 and "not written by bathyscope" in result.stderr
    assert (kept / "depth" / "notes.txt").exists()


def test_a_link_to_a_run_is_left_alone(kept: Path) -> None:
    (kept / "link").symlink_to(kept / "depth")
    assert call("runs", "delete", "link", "--yes").exit_code == 2
    assert (kept / "depth" / "run.json").exists()


def test_the_program_has_the_command() -> None:
    assert {group.name for group in app.registered_groups} >= {"runs", "lens", "problems"}
