"""`bathyscope chain`: what it prints and writes, and what it refuses."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bathyscope as bs
from bathyscope.cli.app import app
from bathyscope.core.patterns import all_matches

PROMPT = "Q: [[3 x 2.]] [[Bob: 9.]]\nA:\n"
RESPONSE = "3 of 2.\nSo 6.\nIt is 6."


def chain(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["chain", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_json_folder_and_tables(llama_folder: str, tmp_path: Path) -> None:
    folder, table = tmp_path / "run", tmp_path / "cells.csv"
    (tmp_path / "answer.txt").write_text(RESPONSE, "utf-8")
    code, out, err = chain(
        PROMPT, "--response", str(tmp_path / "answer.txt"), "--steps", "lines", "-m", llama_folder,
        "-o", str(folder), "--json", "--table", str(table),
    )  # fmt: skip
    assert code == 0, err
    document = json.loads(out)
    assert document["kind"] == "chain" and document["reading"] == "deletion"
    run = bs.open_run(folder)
    assert json.loads(json.dumps(run.to_document())) == document
    assert (folder / "figure.png").stat().st_size > 1000
    with table.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 3 * 4
    for line in lines:
        row, column = int(line["row"]), int(line["column"])
        assert float(line["value"]) == run.heatmap.values[row, column]
        beside = document["beside"]["leave_one_out"]["values"]
        assert float(line["leave_one_out"]) == beside[row][column]
        assert line["column_label"] == run.heatmap.columns.labels[column]
    assert chain(PROMPT, "--response", RESPONSE, "--table", str(table), "-m", llama_folder)[0] == 2
    bs.write_table(run, table, overwrite=True)


def test_parquet_holds_the_same(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    kept = Path(__file__).parents[1] / "kept_runs" / "schema-1" / "chain"
    run = bs.open_run(kept)
    bs.write_table(run, tmp_path / "cells.parquet")
    bs.write_table(run, tmp_path / "cells.parquet", overwrite=True)
    found = parquet.read_table(tmp_path / "cells.parquet").to_pydict()
    assert found["value"] == run.heatmap.values.reshape(-1).tolist()
    assert found["row"][-1] == len(run.heatmap.rows) - 1
    with pytest.raises(bs.InputError, match=r"\.csv or \.parquet"):
        bs.write_table(run, tmp_path / "cells.xlsx")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Q?", "--response", "One."], "no step before its answer"),
        (["Q?", "--response", ""], "response is empty"),
        (["Q?", "--response", " \n\t"], "response holds white space alone"),
        (["Q?", "--response", "<think> </think>"], "No sentence was found in the response"),
        (["Q?", "--response", "One. Two.", "--steps", "think"], "No tag of a block of reasoning"),
        (["Q?", "--response", "One. Two.", "--answer", "regex:("], "no regular expression"),
        (["Q?", "--response", "One. Two.", "--steps", "regex:["], "pattern"),
        (["Q?", "--response", "One. Two.", "--answer", "last-number"], "No answer was found"),
        (["Q?", "--response", "One. Two.", "--features", "sentence"], "did you mean 'sentences'"),
        (["Q?", "--response", "One. Two.", "--table", "x.txt"], ".csv or .parquet"),
        (["Q?", "--response", "One. Two.", "--reading", "none"], "reading 'none' is not known"),
        (["Q?", "--response", "missing.txt"], "There is no file missing.txt"),
    ],
)
def test_bad_input_is_refused_before_a_model_is_loaded(arguments: list[str], said: str) -> None:
    code, out, err = chain(*arguments, "-m", "/nowhere/at/all")
    assert (code, out) == (2, "") and said in err
    assert "Traceback" not in err


def test_a_response_longer_than_the_context_says_how_many_steps_fit(llama_folder: str) -> None:
    response = "\n".join(f"Step {i} is long." for i in range(20))
    code, out, err = chain("Q? ", "--response", response, "--steps", "lines", "-m", llama_folder)
    assert (code, out) == (2, "") and "context ends at 256: 15 of 19 steps fit" in err


def test_a_pattern_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_matches, "__kwdefaults__", {"lines": False, "seconds": 1.0})
    response = "One. " + "a" * 60 + "b"
    code, out, err = chain("Q?", "--response", response, "--answer", "regex:(a|aa)+$", "-m", "/no")
    assert (code, out) == (2, "") and "did not come to an end within 1 second" in err


@pytest.mark.filterwarnings("ignore:Up to .* tokens are written")
@pytest.mark.parametrize("reading", ["deletion", "suppression", "resampling"])
def test_a_dry_run_says_what_it_would_cost(reading: str, llama_folder: str, tmp_path: Path) -> None:
    asked = [
        PROMPT, "--response", RESPONSE, "--steps", "lines", "-m", llama_folder,
        "--reading", reading, "-o", str(tmp_path / "run"),
    ]  # fmt: skip
    if reading == "resampling":
        asked += ["--similarity", "words", "-n", "2", "--max-new-tokens", "3"]
    code, out, err = chain(*asked, "--dry-run")
    assert code == 0, err
    assert "tokens through the model, about " in out and "MB beside the model" in out
    assert ("evaluations" in out) == (reading == "deletion")
    assert not (tmp_path / "run").exists() and "evaluate coalitions" not in err
    document = json.loads(chain(*asked, "--dry-run", "--json")[1])
    assert document["kind"] == "forecast" and document["tokens"] > len(PROMPT + RESPONSE) / 2
    said = out.split(" through")[0]
    code, out, err = chain(*asked)
    assert code == 0 and f"expected: {said} through" in err


def test_a_dry_run_has_an_answer_written_that_is_not_given(
    llama_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "bathyscope.reasoning.question._text_of", lambda model, written: " One. Two. Three."
    )
    code, out, err = chain(PROMPT, "-m", llama_folder, "--dry-run", "--max-new-tokens", "5")
    assert code == 0, err
    assert "evaluations, " in out


def test_help_lists_steps_and_methods() -> None:
    code, out, _ = chain("--help")
    assert code == 0
    for name in ("think", "lines", "leave_one_out", "regex:PATTERN"):
        assert name in out
    assert "saliency" not in out
