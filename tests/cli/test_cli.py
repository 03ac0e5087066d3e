"""The command line in this process, on tiny models: results, refusals, exit codes."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import MARKED, call, tree

FIGURES = Path(__file__).parent.parent / "figures"


def test_attribute_writes_a_run_and_prints_a_table(here: Path, llama_folder: str) -> None:
    result = call("attribute", MARKED, "--target", " 00", "-m", llama_folder, "-o", "run")
    assert result.exit_code == 0, result.output
    assert "Effect on the answer as a whole" in result.stdout
    assert tree(here / "run") == ["arrays.safetensors", "figure.png", "run.json", "scores.csv"]
    assert tree(here) == ["run", *(f"run/{name}" for name in tree(here / "run"))]


def test_json_is_the_run(here: Path, llama_folder: str) -> None:
    result = call("attribute", MARKED, "--target", " 00", "-m", llama_folder, "-o", "run", "--json")
    assert json.loads(result.stdout) == json.loads((here / "run" / "run.json").read_text())


@pytest.mark.parametrize(("target", "notes"), [("12", 1), (" 12", 0)])
def test_json_keeps_that_a_target_goes_on_with_a_word(
    here: Path, llama_folder: str, target: str, notes: int
) -> None:
    result = call("attribute", "[[5]] plus seven", "--target", target, "-m", llama_folder, "--json")
    found = [one for one in json.loads(result.stdout).get("notes", ()) if "as one word" in one]
    assert len(found) == notes and result.stderr.count("as one word") == notes


def test_runs_without_a_name_are_numbered(here: Path, llama_folder: str) -> None:
    for _ in range(2):
        assert call("depth", "Q: 5?", "--response", " 00", "-m", llama_folder).exit_code == 0
    assert tree(here / "bathyscope-runs")[0] == "depth-1"
    assert (here / "bathyscope-runs" / "depth-2" / "run.json").exists()


def test_prompts_come_from_files_and_standard_input(here: Path, llama_folder: str) -> None:
    (here / "prompt.txt").write_text(MARKED)
    options = ["--target", " 00", "-m", llama_folder, "--json"]
    texts = [call("attribute", MARKED, *options), call("attribute", "prompt.txt", *options)]
    texts.append(call("attribute", "-", *options, stdin=MARKED))
    documents = [json.loads(result.stdout) for result in texts]
    assert documents[0] == documents[1] == documents[2]


def test_what_is_not_given_is_generated(here: Path, llama_folder: str) -> None:
    options = ["-m", llama_folder, "--max-new-tokens", "3", "--json"]
    for command in ("attribute", "depth"):
        document = json.loads(call(command, MARKED, *options).stdout)
        assert document["provenance"]["generated"] is True
        assert 1 <= len(document["provenance"]["target_ids"]) <= 3


def test_figures_in_other_formats(here: Path, llama_folder: str) -> None:
    figures = ["--figure", "a.svg", "--figure", "b/c.pdf"]
    result = call("depth", "Q: 5?", "--response", " 00", "-m", llama_folder, *figures)
    assert result.exit_code == 0, result.output
    assert (here / "a.svg").read_text().startswith("<?xml")
    assert (here / "b" / "c.pdf").read_bytes().startswith(b"%PDF")


def test_a_run_is_drawn_and_described_again(here: Path, llama_folder: str) -> None:
    call("attribute", MARKED, "--target", " 00", "-m", llama_folder, "-o", "run")
    assert call("render", "run", "-o", "again.png").exit_code == 0
    assert (here / "again.png").read_bytes() == (here / "run" / "figure.png").read_bytes()
    described = call("describe", "run")
    assert described.exit_code == 0
    assert described.stdout.startswith("# What drove 3 tokens")
    assert call("describe", "run", "--format", "text").stdout.startswith("What drove 3 tokens")
    facts = json.loads(call("describe", "run", "--format", "json").stdout)
    assert facts["kind"] == "attribution" and facts["map"]["spread"]["cells"] == 6


def test_a_table_is_drawn_and_described(here: Path) -> None:
    table = str(FIGURES / "division.csv")
    assert call("render", table, "-o", "d.png", "--palette", "RdYlGn").exit_code == 0
    assert (here / "d.png").exists()
    assert "dominates" in call("describe", table).stdout
    assert call("render", table, "-o", "d.png").exit_code == 2
    assert call("render", table, "-o", "d.png", "--overwrite").exit_code == 0


REFUSED: list[tuple[str, list[str], str]] = [
    ("no feature", ["attribute", "no mark"], "has no mark"),
    ("unclosed mark", ["attribute", "a [[b"], "never closed"),
    ("empty target", ["attribute", MARKED, "--target", ""], "target is empty"),
    ("empty response", ["depth", "a", "--response", ""], "response is empty"),
    ("empty prompt", ["attribute", ""], "prompt is empty"),
    ("too long", ["attribute", MARKED + "x" * 300, "--target", "a"], "context ends at 256"),
    ("too long depth", ["depth", "a", "--response", "x" * 300], "context ends at 256"),
    ("unknown model", ["attribute", MARKED, "-m", "no-such-model"], "neither a folder"),
    ("unreadable file", ["attribute", "missing.txt"], "no file missing.txt"),
    ("a folder", ["attribute", "folder.d"], "is a folder; give a file"),
    (
        "not text",
        ["attribute", "binary.txt"],
        "binary.txt is not UTF-8 text (invalid start byte at byte 0)",
    ),
    ("350 features", ["attribute", "[[a]] " * 350 + "b", "--target", "c"], "350 features"),
    ("method", ["attribute", MARKED, "--method", "magic"], "'magic' is not known"),
    ("lens", ["depth", "a", "--lens", "magic"], "'magic' is not known"),
    ("threshold", ["depth", "a", "--threshold", "2"], "0 to 1, not 2"),
    ("fraction", ["depth", "a", "--depth-fraction", "0"], "not 0"),
    ("dtype", ["depth", "a", "--dtype", "int3"], "'int3' is not known"),
    ("new tokens", ["depth", "a", "--max-new-tokens", "0"], "At least 1"),
    ("output exists", ["attribute", MARKED, "-o", "folder.d"], "--overwrite"),
    ("output is a file", ["attribute", MARKED, "-o", "binary.txt"], "is a file"),
    ("figure", ["attribute", MARKED, "--figure", "f.bmp"], "does not end in"),
    ("palette", ["attribute", MARKED, "--palette", "rainbow"], "'rainbow' is not known"),
    ("no run", ["describe", "folder.d"], "is not a run"),
    ("no table", ["describe", "words.csv"], "no number table"),
    ("no format", ["describe", "table.csv", "--format", "html"], "'html' is not known"),
    ("nothing there", ["render", "nothing", "-o", "f.png"], "There is no nothing"),
    ("render palette", ["render", "table.csv", "-o", "f.png", "--palette", "x"], "'x' is not"),
    ("render format", ["render", "table.csv", "-o", "f.gif"], "does not end in"),
    ("unknown option", ["attribute", MARKED, "--bogus"], "No such option"),
    ("no argument", ["attribute"], "Give a PROMPT"),
    ("no run given", ["describe"], "Missing"),
    ("demo exists", ["demo", "-o", "folder.d"], "--overwrite"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    here: Path,
    llama_folder: str,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.setattr("bathyscope.model.loading.hub_answers", lambda: False)
    (here / "folder.d").mkdir()
    (here / "binary.txt").write_bytes(b"\xff\x00\xfe")
    (here / "words.csv").write_text("a,b\nc,d\n")
    (here / "table.csv").write_text("a,b\nc,1\n")
    before = tree(here)
    if arguments[0] in ("attribute", "depth") and "-m" not in arguments:
        arguments = [*arguments, "-m", llama_folder]
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert tree(here) == before


@pytest.mark.parametrize(
    "where", ["bathyscope.attribution.attribute.attribute_each", "bathyscope.cli.results.draw"]
)
def test_an_interruption_leaves_nothing(
    here: Path, llama_folder: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def interrupted(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    result = call("attribute", MARKED, "--target", " 00", "-m", llama_folder, "-o", "run")
    assert result.exit_code == 130
    assert tree(here) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(here: Path, llama_folder: str) -> None:
    here.chmod(0o500)
    result = call("depth", "a", "--response", "b", "-m", llama_folder)
    assert result.exit_code == 1
    assert "Permission denied" in result.stderr


def test_version_and_help() -> None:
    assert call("--version").stdout.strip() == "0.1.0"
    assert "attribute" in call("--help").stdout
    assert call().exit_code == 2


@pytest.mark.parametrize("group", [(), ("lens",), ("problems",), ("runs",)])
def test_help_says_what_each_command_does_uncut_in_80_columns(
    group: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    summaries = call(*group, "--help").stdout.partition("Commands:\n")[2].splitlines()
    assert len(summaries) > 1
    for line in summaries:
        assert re.fullmatch(r"  [a-z]+ {2,}[A-Z].*[^.]\.", line) and len(line) <= 80, line
