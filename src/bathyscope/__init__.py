r"""See what happened inside a language model while it wrote an answer.

    import bathyscope as bs

    model = bs.load()
    prompt = bs.Prompt.marked("Q: ...\nA: [[9 + 3 = 12]].\n\nQ: ...\nA:")
    run = bs.attribute(model, prompt, target=" $16,000 / 0.8 =")
    deep = bs.depth(model, prompt.text, response=" 8 + 5 = 13")
    bs.draw(run, "figure.png")

Everything named here is public. Importing this package loads none of it: a name arrives, with the
libraries it needs, when it is first used.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from bathyscope.core.errors import packages_needed
from bathyscope.core.stub import homes_in

_HOMES = homes_in(Path(__file__).with_suffix(".pyi"))

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = import_module("importlib.metadata").version("bathyscope")
    elif name in _HOMES:
        with packages_needed():
            value = getattr(import_module(_HOMES[name]), name)
        import_module("bathyscope.page.notebook")  # whatever gives runs, they show themselves
    else:
        raise AttributeError(f"module 'bathyscope' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
