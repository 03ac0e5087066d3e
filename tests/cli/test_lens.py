"""`bathyscope lens train` and what reads through its file: results, refusals, a real Ctrl-C."""

import json
import signal
from pathlib import Path

import pytest
from typer.testing import Result

from tests.cli.conftest import call, started

TEXT = "The cat sat on the mat, and 8 + 5 = 13. " * 6
QUICK = ["--steps", "3", "--sequence-length", "32"]


def train(folder: str, *more: str) -> Result:
    return call("lens", "train", TEXT, "-m", folder, "-o", "lens.safetensors", *QUICK, *more)


def test_a_trained_lens_is_reported_and_read_through(here: Path, llama_folder: str) -> None:
    (here / "more.txt").write_text(TEXT)
    result = train(llama_folder, "more.txt")
    assert result.exit_code == 0, result.output
    assert [path.name for path in here.iterdir() if path.suffix != ".txt"] == ["lens.safetensors"]
    assert "62 tokens held out" in result.stdout and result.stdout.count("│") >= 3 * 3
    asked = ["depth", "a", "--response", "bc", "-m", llama_folder]
    asked += ["--lens", "tuned", "--translators", "lens.safetensors"]
    for more in (["--json", "-o", "run"], ["--ratio-only", "--json"]):
        provenance = json.loads(call(*asked, *more).stdout)["provenance"]
        assert provenance["translators"]["file"] == "lens.safetensors"
    assert "lens tuned" in call(*asked, "--ratio-only").stdout
    again = ["rerun", "run", "--translators"]
    assert "bit for bit" in call(*again, "lens.safetensors").stdout
    assert train(llama_folder, "--seed", "1", "-o", "other.safetensors").exit_code == 0
    for arguments, complaint in (
        (["rerun", "run"], "the translators in lens.safetensors; name that file"),
        ([*again, "other.safetensors"], "name the original with --translators"),
        ([*again, "gone.safetensors"], "no file gone.safetensors"),
    ):
        refused = call(*arguments)
        assert refused.exit_code == 2 and complaint in " ".join(refused.stderr.split())
    lens = ["--lens", "tuned", "--translators", "lens.safetensors"]
    streamed = call("depth", "a", "-m", llama_folder, "--stream", "--max-new-tokens", "3", *lens)
    assert streamed.exit_code == 0 and streamed.stdout
    size = ["-n", "2", "--prefix", "2", "--max-new-tokens", "3"]
    assert call("think", "a", "-m", llama_folder, *size, *lens).exit_code == 0


def test_json_says_how_it_was_trained(here: Path, llama_folder: str) -> None:
    about = json.loads(train(llama_folder, "--json").stdout)
    assert about["training"]["steps"] == 3 and about["identity"].startswith("sha256:")
    assert len(about["held_out"]["kl_from_last"]["tuned"]) == 3


REFUSED = [
    ("too short", ["lens", "train", "short", "-o", "new.safetensors"], "has 5 tokens"),
    ("empty", ["lens", "train", "", "-o", "new.safetensors"], "The text is empty"),
    ("no file", ["lens", "train", "missing.txt", "-o", "new.safetensors"], "no file missing.txt"),
    ("steps", ["lens", "train", TEXT, "-o", "new.safetensors", "--steps", "0"], "not 0"),
    ("exists", ["lens", "train", TEXT, "-o", "old.safetensors"], "--overwrite"),
    ("nowhere", ["lens", "train", TEXT], "Missing option"),
    ("no translators", ["depth", "a", "--lens", "tuned"], "name the file"),
    ("not tuned", ["depth", "a", "--translators", "old.safetensors"], "not to 'norm'"),
    ("gone", ["depth", "a", "--lens", "tuned", "--translators", "gone"], "no file gone"),
    ("damaged", ["depth", "a", "--lens", "tuned", "--translators", "old.safetensors"], "damaged"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    here: Path, llama_folder: str, arguments: list[str], message: str
) -> None:
    (here / "old.safetensors").write_text("not a lens")
    result = call(*arguments, "-m", llama_folder)
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.stderr.split()) and "Traceback" not in result.output
    assert result.stdout == ""
    assert [path.name for path in here.iterdir()] == ["old.safetensors"]
    assert (here / "old.safetensors").read_text() == "not a lens"


def test_ctrl_c_leaves_nothing(here: Path, llama_folder: str) -> None:
    asked = ["lens", "train", TEXT, "-m", llama_folder, "-o", "lens.safetensors"]
    with started(*asked, "--steps", "1000000", "--sequence-length", "32") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("train the lens"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "interrupted" in rest and "Traceback" not in rest
    assert list(here.iterdir()) == []
