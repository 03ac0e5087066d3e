"""The page's modules are checked as strictly as the Python: by TypeScript's compiler."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bathyscope

HERE = Path(__file__).parent
ASSETS = Path(bathyscope.__file__).parent / "page" / "assets"


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the modules of a folder under this folder's settings."""
    compiler = HERE / "node_modules" / "typescript" / "bin" / "tsc"
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if node is None or not compiler.exists():
        pytest.skip("there is no type checker: `make browser` obtains it from npm")
    settings = folder / "tsconfig.json"
    base = HERE / "tsconfig.json"
    settings.write_text(f'{{"extends": "{base}", "include": ["{folder}/*.js"]}}', encoding="utf-8")
    return subprocess.run(
        [node, compiler, "--project", settings], capture_output=True, text=True, timeout=300
    )


def test_types_hold(tmp_path: Path) -> None:
    shutil.copytree(ASSETS, tmp_path, dirs_exist_ok=True)
    result = checked(tmp_path)
    assert result.returncode == 0, result.stdout


def test_a_wrong_type_is_found(tmp_path: Path) -> None:
    shutil.copytree(ASSETS, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "numbers.js").open("a", encoding="utf-8") as file:
        file.write('shortNumber("1", true);\n')
    result = checked(tmp_path)
    assert "numbers.js" in result.stdout and "not assignable" in result.stdout
