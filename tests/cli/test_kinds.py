"""Runs of Think@n, comparisons and layer statistics from the command line, kept and shown again."""

import json
from pathlib import Path

import bathyscope as bs
from tests.cli.conftest import call
from tests.comparison.maps import attribution

SIZE = ["-n", "3", "--prefix", "3", "--max-new-tokens", "5", "--answer", "regex:."]


def test_think_is_saved_only_where_asked_and_read_by_every_command(
    here: Path, llama_folder: str
) -> None:
    plain = call("think", "a", "-m", llama_folder, *SIZE, "--json")
    assert plain.exit_code == 0 and list(here.iterdir()) == []
    document = json.loads(plain.stdout)
    assert document["kind"] == "think" and len(document["samples"]) == 3
    assert call("think", "a", "-m", llama_folder, *SIZE, "-o", "run").exit_code == 0
    assert (here / "run" / "figure.png").exists()
    for command in (
        ["describe", "run"],
        ["render", "run", "-o", "f.svg"],
        ["view", "run", "-o", "p.html"],
        ["rerun", "run"],
        ["provenance", "f.svg"],
    ):
        result = call(*command)
        assert result.exit_code == 0, result.output
    assert "come out the same, bit for bit" in call("rerun", "f.svg").stdout
    refused = call("think", "a", "-m", "nothing-is-loaded", *SIZE, "-o", "run")
    assert refused.exit_code == 2 and "run" in refused.stderr


def test_a_comparison_is_saved_as_a_folder(here: Path) -> None:
    attribution([[1, 2]]).save("a")
    attribution([[1, 3]]).save("b")
    assert call("compare", "a", "b", "-o", "both").exit_code == 0
    assert call("describe", "both").stdout == call("compare", "a", "b").stdout
    assert call("render", "both", "-o", "both.png").exit_code == 0
    assert call("view", "both", "a", "-o", "both.html").exit_code == 0
    again = call("compare", "a", "b", "-o", "both")
    assert again.exit_code == 2 and again.stdout == ""
    refused = call("compare", "both", "a")
    assert refused.exit_code == 2 and "compare the runs that it is of" in refused.stderr
    assert call("rerun", "both").exit_code == 2


def test_a_layer_statistic_is_rendered_by_name(here: Path, llama_folder: str) -> None:
    asked = ["depth", "ab", "--response", "cde", "-m", llama_folder, "--statistic", "entropy"]
    assert call(*asked, "-o", "deep").exit_code == 0
    assert call("render", "deep", "-o", "e.png", "--statistic", "entropy").exit_code == 0
    assert "come out the same, bit for bit" in call("rerun", "e.png").stdout
    missing = call("render", "deep", "-o", "r.png", "--statistic", "rank")
    assert missing.exit_code == 2 and "it has entropy" in missing.stderr
    attribution([[1, 2]]).save("a")
    other = call("render", "a", "-o", "r.png", "--statistic", "rank")
    assert other.exit_code == 2 and "holds no layer statistics" in other.stderr
    assert not (here / "r.png").exists()
    assert isinstance(bs.open_run("deep"), bs.DepthRun)
