"""`--verify` reaches whatever loads a model."""

from pathlib import Path
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.core.errors import InputError
from bathyscope.model import loading, measured
from tests.cli.conftest import MARKED, call


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each load was to measure anew; none of them loads."""
    seen: list[bool] = []

    def load(*given: Any, verify: bool = False, **more: Any) -> Any:
        with measured.measuring_anew(verify):
            seen.append(measured._anew.get())
        raise InputError("Nothing is loaded here.")

    monkeypatch.setattr(loading, "load", load)
    return seen


def _saved(llama: bs.LanguageModel, folder: Path) -> str:
    run = bs.attribute(llama, bs.Prompt.marked(MARKED), target=" 1")
    run.save(folder)
    return str(folder)


def _commands(saved: str, text: Path) -> dict[str, list[str]]:
    return {
        "demo": ["demo", "-o", "new"],
        "evaluate a run": ["evaluate", saved, "-m", "somewhere"],
        "evaluate methods": ["evaluate", MARKED, "--target", " 1", "--methods", "shapley"],
        "rerun": ["rerun", saved, "-m", "somewhere"],
        "lens fit": ["lens", "fit", str(text), "-o", "lens.safetensors"],
    }


def test_it_is_heard(
    here: Path, llama: bs.LanguageModel, loads: list[bool], tmp_path: Path
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Some text. " * 400)
    for name, command in _commands(_saved(llama, tmp_path / "run"), text).items():
        for verify in (False, True):
            loads.clear()
            result = call(*command, *(["--verify"] if verify else []))
            assert result.exit_code == 2 and "Nothing is loaded" in result.output, (name, result)
            assert loads == [verify], name


@pytest.fixture
def of_a_folder(llama_folder: str, tmp_path: Path) -> str:
    """A run of a model that a folder holds."""
    return _saved(bs.load(llama_folder), tmp_path / "of-a-folder")


def test_rerun_loads_anew_what_the_file_names(
    here: Path, of_a_folder: str, loads: list[bool]
) -> None:
    for verify in (False, True):
        loads.clear()
        assert call("rerun", of_a_folder, *(["--verify"] if verify else [])).exit_code == 2
        assert loads == [verify]


def test_verifying_around_holds_within() -> None:
    with measured.measuring_anew(True), measured.measuring_anew(False):
        assert measured._anew.get()
    assert not measured._anew.get()
