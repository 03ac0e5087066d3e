"""`bathyscope depth --by role` with roles of one's own."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import bathyscope as bs
from bathyscope.cli.app import app

ASKED = ["depth", "Q: 8 + 5?\nA:", "--response", " it is 13 km. So the end.", "--by", "role"]


def call(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_roles_of_ones_own_are_counted_kept_and_asked_again(
    llama_folder: str, tmp_path: Path
) -> None:
    own = ["--role", "unit=^(k|m)$", "--role", "sum=[13]"]
    folder = tmp_path / "run"
    result = call(*ASKED, *own, "-m", llama_folder, "-o", folder, "--json")
    assert result.exit_code == 0, result.output
    groups = {one["label"]: one["tokens"] for one in json.loads(result.stdout)["groups"]}
    assert groups["unit"] == 2 and groups["sum"] == 2, "a byte is a token here"
    run = bs.open_run(folder)
    assert run.provenance["further_roles"] == ["unit=^(k|m)$", "sum=[13]"]
    assert isinstance(run, bs.DepthGroupsRun)
    again = bs.rerun(folder)
    assert again.identical and isinstance(again.run, bs.DepthGroupsRun)
    assert again.run.groups == run.groups


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([*ASKED, "--role", "unit"], "NAME=PATTERN"),
        ([*ASKED, "--role", "unit=("], "regular expression"),
        ([*ASKED[:-1], "word", "--role", "unit=k"], "goes with --by role"),
        ([*ASKED[:-2], "--role", "unit=k"], "goes with --by role"),
    ],
)
def test_what_is_no_role_is_one_sentence(given: list[str], said: str) -> None:
    result = call(*given)
    assert result.exit_code == 2 and said in " ".join(result.stderr.split())
