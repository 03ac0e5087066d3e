"""Names that the model folders of transformers export, kept between starts.

transformers finds them by reading 1,600 of its own files at every start, twice.
"""

from pathlib import Path
from typing import Any

from bathyscope.model.measured import Json, measured_once


def kept_structure(import_utils: Any) -> None:
    """Have transformers read the files of its models only where they are not known.

    They are known by their path and the times of all their folders, so of a transformers that
    somebody works on nothing is kept.

    Args:
        import_utils: The module `transformers.utils.import_utils`.
    """
    read = getattr(import_utils, "create_import_structure_from_path", None)
    models = Path(import_utils.__file__).parents[1] / "models"
    ours = getattr(read, "__module__", None) == __name__
    if read is None or ours or "site-packages" not in models.parts:
        return
    found: list[Json] = []

    def once(module_path: Any) -> Any:
        asked = Path(module_path)
        if models not in (asked, asked.parent) or asked.name not in ("models", "__init__.py"):
            return read(module_path)
        if not found:
            found.append(measured_once(_state(models), lambda: _plain(read(module_path))))
        return _nested(found[0])

    import_utils.create_import_structure_from_path = once


def _state(models: Path) -> dict[str, Json]:
    folders = [models, *sorted(path for path in models.iterdir() if path.is_dir())]
    times = [path.stat().st_mtime_ns for path in folders]
    return {"what": "import structure", "path": str(models), "times": times}


def _plain(nested: Any) -> Json:
    """Return a structure as JSON has it: pairs for its keys are sets, lists for sets of names."""
    if not isinstance(nested, dict):
        return sorted(nested)
    return {
        "pairs": [
            [key if isinstance(key, str) else sorted(key), _plain(value)]
            for key, value in nested.items()
        ]
    }


def _nested(plain: Any) -> Any:
    if not isinstance(plain, dict):
        return set(plain)
    return {
        key if isinstance(key, str) else frozenset(key): _nested(value)
        for key, value in plain["pairs"]
    }
