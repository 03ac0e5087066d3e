import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bathyscope.cli.app import app

SOURCE = "Q: 1 + 1?\nA: [[1 + 1 = 2]].\n\nQ: 2?\nA:"


def attribute(folder: str, tmp_path: Path, *arguments: str) -> tuple[int, str, str]:
    command = ["attribute", *arguments, "--target", " 4", "--model", folder, "--json"]
    result = CliRunner().invoke(app, [*command, "--output", str(tmp_path / "run"), "--overwrite"])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("arguments", "labels"),
    [
        ([SOURCE], ["1 + 1 = 2"]),
        ([SOURCE, "--features", "marked"], ["1 + 1 = 2"]),
        ([r"One \[[. Two", "--features", "sentences"], ["One [[.", "Two"]),
        (["ab cd", "--features", "regex:[ad]"], ["a", "d"]),
        (["<ab>", "--features", "tokens", "--baseline", "_"], ["<", "a", "b", ">"]),
    ],
)
def test_features_by_name(
    llama_folder: str, tmp_path: Path, arguments: list[str], labels: list[str]
) -> None:
    code, out, err = attribute(llama_folder, tmp_path, *arguments)
    assert code == 0, err
    assert json.loads(out)["heatmap"]["columns"]["labels"] == labels


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a [[b]]", "--features", "phrases"], "'phrases' are not known"),
        (["a b", "--features", "expressions"], "No arithmetic"),
        (["a b", "--features", "marked"], "The prompt has no mark;"),
        (["a b", "--features", "regex:("], "no regular expression"),
        (["a [[b]]", "--chat"], "no chat template"),
    ],
)
def test_wrong_use_is_one_sentence(
    llama_folder: str, tmp_path: Path, arguments: list[str], message: str
) -> None:
    code, out, err = attribute(llama_folder, tmp_path, *arguments)
    assert (code, out) == (2, "")
    assert message in err and "Traceback" not in err


def test_marks_restrict_other_features(llama_folder: str, tmp_path: Path) -> None:
    code, out, err = attribute(llama_folder, tmp_path, SOURCE, "--features", "sentences")
    assert code == 0
    assert "note: The features are sentences inside the marked part only; write \\[[" in err
    found = json.loads(out)
    assert found["notes"][0].startswith("The features are sentences inside the marked part")
    assert found["heatmap"]["columns"]["labels"] == ["1 + 1 = 2"]
