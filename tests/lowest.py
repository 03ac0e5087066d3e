"""The lowest versions that pyproject.toml allows, as constraints for pip: `make test-lowest`.

The oldest torch comes with CUDA, 4 GB of it: builds without are in no package index that is common.
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
    return [f"{name}=={version}" for name, version in bounds.items()]


if __name__ == "__main__":
    print("\n".join(lowest_versions()))
