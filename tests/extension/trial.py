"""The package of docs/extending.md, written from the page and installed for a while."""

import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bathyscope.core.registry import Registry
from bathyscope.games.methods import METHODS
from bathyscope.layers.lenses.choice import LENSES
from bathyscope.layers.statistics.choice import LAYER_STATISTICS
from bathyscope.prompt.segmenters import SEGMENTERS

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
REGISTRIES: tuple["Registry[object]", ...] = (METHODS, LAYER_STATISTICS, LENSES, SEGMENTERS)  # type: ignore[assignment, type-var]


def sources() -> dict[str, str]:
    """Return the files of the page by the path that stands in their second line."""
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.S)
    return {block.splitlines()[1].removeprefix("# "): block for block in blocks}


def write(folder: Path, files: dict[str, str] | None = None, points: str = "") -> Path:
    """Write a package and what an installer would record of it, entry points included."""
    page = PAGE.read_text(encoding="utf-8")
    (described,) = re.findall(r"```toml\n(.*?)```", page, flags=re.S)
    project = tomllib.loads(described)["project"]
    package, version = project["name"].replace("-", "_"), project["version"]
    for path, source in {f"{package}/__init__.py": "", **(files or sources())}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source, encoding="utf-8")
    record = folder / f"{package}-{version}.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n"
    )
    groups = project["entry-points"].items()
    lines = [
        f"[{group}]\n{name} = {value}\n" for group, all in groups for name, value in all.items()
    ]
    (record / "entry_points.txt").write_text(points or "".join(lines))
    return folder


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """Have Python find a folder's packages, and the registries look for them anew."""
    before = [(one, dict(one._known), dict(one._failed), one._complete) for one in REGISTRIES]
    for one in REGISTRIES:
        one._complete = False
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.startswith("bathyscope_trial")]:
            del sys.modules[name]
        for one, known, failed, complete in before:
            one._known, one._failed, one._complete = known, failed, complete
