"""The lowest versions that pyproject.toml allows, as constraints for pip: `make test-lowest`.

torch stays as constraints.txt has it: its oldest builds without CUDA are in no package index.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def lowest_versions() -> list[str]:
    """Return a line for each dependency of the package, with its lower bound as the version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = [*project["dependencies"], *project["optional-dependencies"]["surrogate"]]
    found = [re.fullmatch(r"([\w.-]+)>=([\w.]+)(,<[\w.]+)?", line) for line in ranges]
    bounds = {match[1]: match[2] for match in found if match is not None}
    assert len(bounds) == len(ranges), "every dependency has a lower bound"
    tested = re.search(r"^torch==(.+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M)
    assert tested is not None
    return [f"{name}=={version}" for name, version in (bounds | {"torch": tested[1]}).items()]


if __name__ == "__main__":
    print("\n".join(lowest_versions()))
