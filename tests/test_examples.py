"""The notebooks of `examples/` run from top to bottom, and are kept without outputs."""

import os
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.ipynb"))
WRITES = {
    "what_drove_this": {"division", "division.png"},
    "how_deep": {"depth.png"},
    "comparison": {"comparison.png", "comparison.html"},
}

pytestmark = pytest.mark.real


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def test_each_is_known_here() -> None:
    assert {path.stem for path in EXAMPLES} == set(WRITES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path: Path) -> None:
    notebook = _read(path)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) > 3
    for cell in cells:
        assert cell.outputs == [] and cell.execution_count is None and not cell.metadata
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert path.stat().st_size < 10_000


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, whose working folder is empty before."""
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    work = tmp_path / "work"
    work.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # of how notebooks are run, not of what they run
        from nbclient import NotebookClient

        notebook = _read(path)
        resources = {"metadata": {"path": str(work)}}
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count is not None for cell in cells)
    outputs = [output for cell in cells for output in cell.outputs]
    assert not any(output.output_type == "error" for output in outputs)
    assert any("nats" in str(output) or "bits" in str(output) for output in outputs)
    assert set(os.listdir(work)) == WRITES[path.stem]
