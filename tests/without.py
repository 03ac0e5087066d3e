"""Python where some packages cannot be imported, as where they are not installed."""

import os
import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "transformers", "tokenizers", "accelerate", "gguf", "peft", "safetensors.torch")
"""What runs models."""

_REFUSE = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if any(name == one or name.startswith(one + ".") for one in {packages!r}):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refused())
"""


def python_without(
    packages: tuple[str, ...], code: str, *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh Python that finds none of some packages; `sys.argv` has the arguments."""
    sources = Path(__file__).parents[1]
    paths = [str(sources / "src"), str(sources), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-c", _REFUSE.format(packages=packages) + code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        timeout=120,
    )
