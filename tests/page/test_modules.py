"""The page's modules are checked as strictly as the Python: by type checker and formatter."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bathyscope
from bathyscope.page.document import modules

HERE = Path(__file__).parent
ASSETS = Path(bathyscope.__file__).parent / "page" / "assets"


def node_program() -> str | None:
    """Return where Node lies."""
    return shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")


def ran(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a program from npm."""
    script = HERE / "node_modules" / program
    node = node_program()
    if node is None or not script.exists():
        pytest.skip(f"there is no {script.name}: `make browser` obtains it from npm")
    command = [node, str(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the modules of a folder under this folder's settings."""
    settings = folder / "tsconfig.json"
    base = HERE / "tsconfig.json"
    settings.write_text(f'{{"extends": "{base}", "include": ["{folder}/*.js"]}}', encoding="utf-8")
    return ran("typescript/bin/tsc", "--project", settings)


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


def test_joined_as_a_page_holds_them_they_are_one_program(tmp_path: Path) -> None:
    """Each module may be right and two of them still declare one name."""
    node = node_program()
    assert node is not None, "Node comes with the dependencies of development"
    whole, twice = tmp_path / "whole.mjs", tmp_path / "twice.mjs"
    whole.write_text(modules(), encoding="utf-8")
    twice.write_text(modules() + "\n" + (ASSETS / "numbers.js").read_text(), encoding="utf-8")
    for path, right in ((whole, True), (twice, False)):
        found = subprocess.run([node, "--check", str(path)], capture_output=True, text=True)
        assert (found.returncode == 0) == right, found.stderr


def test_the_format_is_the_formatters() -> None:
    result = ran("prettier/bin/prettier.cjs", "--check", "--print-width=100", f"{ASSETS}/*.js")
    assert result.returncode == 0, result.stderr
