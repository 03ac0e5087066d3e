"""What transformers finds in its own files is the same where it is kept."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers.utils import import_utils

from bathyscope.model.import_structure import _nested, _plain, kept_structure


def test_the_structure_of_transformers_survives_as_json() -> None:
    folder = Path(import_utils.__file__).parents[1] / "models"
    few = [folder / name for name in ("llama", "bert", "auto", "gemma3", "whisper")]
    for one in few:
        read = import_utils.create_import_structure_from_path(str(one))
        assert _nested(json.loads(json.dumps(_plain(read)))) == read
        assert any(isinstance(key, frozenset) and key for key in read)  # keys that JSON has not


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A module that reads the names of folders, in a transformers of one model."""
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(tmp_path / "cache"))
    home = tmp_path / "site-packages" / "transformers"
    for folder in ("utils", "models/one"):
        (home / folder).mkdir(parents=True)
    module = SimpleNamespace(__file__=str(home / "utils" / "import_utils.py"), read=[])

    def create(module_path: Any) -> dict[Any, Any]:
        module.read.append(str(module_path))
        names = sorted(path.name for path in (home / "models").iterdir())
        return {name: {frozenset({"torch"}): {"modeling": {name.upper()}}} for name in names}

    module.create_import_structure_from_path = create
    module.models, module.plain = home / "models", create
    return module


def _again(installed: SimpleNamespace) -> dict[Any, Any]:
    """Return what a new start finds."""
    installed.create_import_structure_from_path = installed.plain
    kept_structure(installed)
    found: dict[Any, Any] = installed.create_import_structure_from_path(installed.models)
    return found


def test_files_are_read_once_and_again_where_a_folder_has_changed(
    installed: SimpleNamespace,
) -> None:
    first = _again(installed)
    assert first == {"one": {frozenset({"torch"}): {"modeling": {"ONE"}}}}
    assert _again(installed) == first and len(installed.read) == 1
    init = installed.models / "__init__.py"
    assert installed.create_import_structure_from_path(str(init)) == first
    assert len(installed.read) == 1
    os.utime(installed.models / "one", (1, 1))
    assert _again(installed) == first and len(installed.read) == 2
    (installed.models / "two").mkdir()
    assert set(_again(installed)) == {"one", "two"} and len(installed.read) == 3


def test_single_folders_are_read_as_ever(installed: SimpleNamespace) -> None:
    _again(installed)
    installed.create_import_structure_from_path(installed.models / "one")
    assert installed.read[-1] == str(installed.models / "one")


def test_of_a_transformers_that_is_worked_on_nothing_is_kept(installed: SimpleNamespace) -> None:
    installed.__file__ = installed.__file__.replace("site-packages", "checkout")
    (Path(installed.__file__).parents[1] / "models").mkdir(parents=True)
    kept_structure(installed)
    assert installed.create_import_structure_from_path is installed.plain
