"""`bathyscope lens fit` and what reads through its file: results, refusals, a real Ctrl-C."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from typer.testing import Result

from bathyscope.layers.lenses import published
from tests.cli.conftest import call
from tests.cli.copies import Copy, needs_copies, quietly

TEXT = "The cat sat on the mat, and 8 + 5 = 13. " * 6
QUICK = ["--steps", "3", "--sequence-length", "32"]


def train(folder: str, *more: str) -> Result:
    return call("lens", "fit", TEXT, "-m", folder, "-o", "lens.safetensors", *QUICK, *more)


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


FIT = ["--kind", "jacobian", "--directions", "8", "--sequence-length", "24"]


def fit(folder: str, *more: str) -> Result:
    return call("lens", "fit", TEXT, "-m", folder, "-o", "jacobian.safetensors", *FIT, *more)


def test_the_name_from_before_there_were_kinds_still_trains(here: Path, llama_folder: str) -> None:
    asked = ["lens", "train", TEXT, "-m", llama_folder, "-o", "old.safetensors", *QUICK]
    assert call(*asked).exit_code == 0 and (here / "old.safetensors").exists()
    assert "train" not in call("lens", "--help").stdout


def test_a_jacobian_lens_is_fitted_reported_and_read_through(here: Path, llama_folder: str) -> None:
    result = fit(llama_folder)
    assert result.exit_code == 0, result.output
    assert [path.name for path in here.iterdir()] == ["jacobian.safetensors"]
    assert "relative standard error" in result.stdout and "10 passages" in result.stdout
    lens = ["--lens", "jacobian", "--translators", "jacobian.safetensors"]
    asked = ["depth", "a", "-m", llama_folder, "--max-new-tokens", "3", *lens]
    assert call(*asked, "-o", "run").exit_code == 0
    assert "bit for bit" in call("rerun", "run", *lens[2:]).stdout
    assert "name that file" in call("rerun", "run").stderr.replace("\n", " ")
    assert "the Jacobian lens" in call("describe", "run").stdout
    for more in (["--ratio-only"], ["--stream"]):
        assert call(*asked, *more).exit_code == 0
    size = ["-n", "2", "--prefix", "2", "--max-new-tokens", "3"]
    assert call("think", "a", "-m", llama_folder, *size, *lens).exit_code == 0
    about = json.loads(fit(llama_folder, "--json", "--overwrite").stdout)
    assert about["fit"]["estimator"] == "random" and len(about["error"]["relative"]) == 3


def test_a_published_lens_is_converted(here: Path, llama_folder: str) -> None:
    text = published._TEXT[:48]
    asked = ["lens", "fit", text, "-m", llama_folder, "-o", "own.safetensors"]
    assert call(*asked, "--kind", "jacobian", "--estimator", "exact").exit_code == 0
    matrices = load_file("own.safetensors")["jacobian"]
    torch.save(
        {"J": dict(enumerate(matrices)), "n_prompts": 1, "source_layers": [0, 1, 2], "d_model": 32},
        "theirs.pt",
    )
    result = call("lens", "convert", "theirs.pt", "-m", llama_folder, "-o", "ours.safetensors")
    assert result.exit_code == 0 and "fitted on 1 prompts" in result.stdout
    lens = ["--lens", "jacobian", "--translators", "ours.safetensors"]
    assert call("depth", "a", "--response", "bc", "-m", llama_folder, *lens).exit_code == 0


NEW = ["lens", "fit", TEXT, "-o", "new.safetensors"]

REFUSED = [
    ("too short", ["lens", "fit", "short", "-o", "new.safetensors"], "has 5 tokens"),
    ("empty", ["lens", "fit", "", "-o", "new.safetensors"], "The text is empty"),
    ("no file", ["lens", "fit", "missing.txt", "-o", "new.safetensors"], "no file missing.txt"),
    ("steps", [*NEW, "--steps", "0"], "not 0"),
    ("exists", ["lens", "fit", TEXT, "-o", "old.safetensors"], "--overwrite"),
    ("nowhere", ["lens", "fit", TEXT], "Missing option"),
    ("kind", [*NEW, "--kind", "jacobi"], "'jacobian'"),
    (
        "steps of none",
        [*NEW, "--kind", "jacobian", "--steps", "2"],
        "--steps belongs to --kind tuned",
    ),
    (
        "minutes of none",
        [*NEW, "--minutes", "2"],
        "--minutes belongs to --kind jacobian",
    ),
    (
        "short passage",
        ["lens", "fit", "short", "-o", "new.safetensors", "--kind", "jacobian"],
        "No text has the 18 tokens",
    ),
    (
        "every direction and some",
        [*NEW, "--kind", "jacobian", "--estimator", "exact", "--directions", "8"],
        "asks along every direction; leave out --directions",
    ),
    (
        "passage beyond the context",
        [*NEW, "--kind", "jacobian", "--sequence-length", "999"],
        "give a smaller --sequence-length",
    ),
    ("no archive", ["lens", "convert", "old.safetensors", "-o", "new.safetensors"], "no torch"),
    ("no file to convert", ["lens", "convert", "gone", "-o", "new.safetensors"], "no file gone"),
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


@needs_copies
@quietly
def test_ctrl_c_leaves_nothing(here: Path, llama_folder: str, tmp_path: Path) -> None:
    asked = ["lens", "fit", TEXT, "-m", llama_folder, "-o", "lens.safetensors"]
    copy = Copy(tmp_path / "said", *asked, "--steps", "1000000", "--sequence-length", "32")
    assert copy.interrupted_once("train the lens") == 130
    said = copy.errors.read_text()
    assert "interrupted" in said and "Traceback" not in said
    assert list(here.iterdir()) == []


@needs_copies
@quietly
def test_ctrl_c_keeps_what_a_jacobian_lens_has_and_the_same_command_goes_on(
    here: Path, llama_folder: str, tmp_path: Path
) -> None:
    (here / "text.txt").write_text(TEXT * 40)
    asked = ["lens", "fit", "text.txt", "-m", llama_folder, "-o", "lens.safetensors", *FIT]
    copy = Copy(tmp_path / "said", *asked, "--passages", "1000000")
    code, said = copy.interrupted_once("fit the lens", 1.5), copy.errors.read_text()
    assert code == 130, said
    assert "the same command goes on" in said and "Traceback" not in said
    assert sorted(path.name for path in here.iterdir()) == ["lens.safetensors.begun", "text.txt"]
    kept = json.loads(_metadata(here / "lens.safetensors.begun"))["passages"]
    assert sum(kept) > 0
    again = call(*asked, "--passages", str(sum(kept) + 2), "--json")
    assert sum(json.loads(again.stdout)["error"]["passages"]) == sum(kept) + 2
    assert sorted(path.name for path in here.iterdir()) == ["lens.safetensors", "text.txt"]


def _metadata(path: Path) -> str:
    with safe_open(path, framework="pt") as file:
        return str(file.metadata()["bathyscope"])
