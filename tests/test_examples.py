"""The notebooks of `examples/` run from top to bottom, and are kept without outputs."""

import os
import warnings
from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """One process for all: torch and transformers are imported once, names are not kept."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        warnings.simplefilter("default")  # of how notebooks are run, not of what they run
        from jupyter_client.manager import start_new_kernel

        manager, client = start_new_kernel(kernel_name="python3")
        yield manager, client
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, kernel: tuple[Any, Any]) -> None:
    """In a folder that is empty before, without a name of the notebook before it."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        from nbclient import NotebookClient

        notebook = _read(path)
        fresh = nbformat.v4.new_code_cell(f"%reset -f\n%cd -q {tmp_path}")
        notebook.cells.insert(0, fresh)
        client = NotebookClient(notebook, timeout=300, km=kernel[0])
        client.kc = kernel[1]
        client.execute(reset_kc=False, cleanup_kc=False)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count is not None for cell in cells)
    outputs = [output for cell in cells for output in cell.outputs]
    assert not any(output.output_type == "error" for output in outputs)
    assert any("nats" in str(output) or "bits" in str(output) for output in outputs)
    assert set(os.listdir(tmp_path)) == WRITES[path.stem]
