"""What is worth knowing of a run goes with it everywhere, and is text wherever it arrives."""

import html
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import bathyscope as bs
from bathyscope.cli.app import app
from bathyscope.description.markdown import escaped
from bathyscope.page.document import page
from bathyscope.runs.base import Run
from tests.page.test_document import HOSTILE, data_of
from tests.runs.test_kinds import SAMPLES

TEXTS = ("The path is *steep*.", f"{HOSTILE} [a](http://b) `c` # d\n\n# e", "- x\u202e \x1b[31m")


@pytest.fixture(params=sorted(SAMPLES))
def run(request: pytest.FixtureRequest) -> Run:
    made: Any = SAMPLES[request.param]()
    return made.noted(TEXTS)  # type: ignore[no-any-return]


def test_a_file_keeps_them(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    assert bs.open_run(tmp_path / "run").notes == run.notes
    assert run.notes[-3:] == TEXTS and repr(run).endswith("3 notes>")
    document = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert document["notes"] == list(run.notes)
    assert run.noted([]).noted(TEXTS).notes == run.notes, "each once"


def test_the_words_have_them_as_text(run: Run) -> None:
    _, _, rest = bs.describe(run).partition("\n\n## Notes\n\n")
    assert rest.partition("\n\n")[0].split("\n") == [f"- {escaped(text)}" for text in TEXTS]
    plain = bs.describe(run, "text")
    assert "The path is *steep*." in plain and "[a](http://b) `c` # d⏎⏎# e" in plain
    assert json.loads(bs.describe(run, "json"))["notes"] == list(TEXTS)


def test_pages_and_notebooks_have_them_as_text(run: Run) -> None:
    document = page([run])
    shown = data_of(document)["maps"][-1]
    assert shown["notes"] == list(TEXTS)
    assert "<script" not in shown["words"] and "href" not in shown["words"]
    assert document.count("<script") == 2 and "<!--" not in document
    notebook = run._repr_html_()
    assert notebook is not None and html.escape("The path is *steep*.") in notebook


def test_the_command_line_tells_them_apart_from_the_result(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    figure = str(tmp_path / "figure.svg")
    result = CliRunner().invoke(app, ["render", str(tmp_path / "run"), "-o", figure])
    assert result.exit_code == 0 and "bathyscope: note: The path is *steep*.\n" in result.stderr
    assert "steep" not in result.stdout
    assert "\x1b" not in result.output and "\u202e" not in result.output
    described = CliRunner().invoke(app, ["describe", str(tmp_path / "run")])
    assert escaped("The path is *steep*.") in described.stdout


def test_a_run_without_notes_says_nothing_of_them() -> None:
    run = SAMPLES["table"]()
    assert run.notes == () and "notes" not in run.to_document()
    assert "## Notes" not in bs.describe(run)


@pytest.mark.parametrize("value", [[], "text", [1], None])
def test_notes_of_another_form_are_damage(tmp_path: Path, value: Any) -> None:
    from bathyscope.runs.folder import sealed

    SAMPLES["table"]().save(tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    (tmp_path / "run" / "arrays.safetensors").unlink()
    document = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(sealed({**document, "notes": value})), "utf-8")
    with pytest.raises(bs.InputError, match="notes"):
        bs.open_run(tmp_path / "run")
