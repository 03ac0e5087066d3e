"""Three maps of one model: which example wrote the slash, which the cross, and how deep 13 lies."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from bathyscope.attribution.attribute import attribute
from bathyscope.core.files.writing import new_folder
from bathyscope.core.progress import Progress, standard
from bathyscope.description.describe import describe
from bathyscope.layers.depth import depth
from bathyscope.model.language_model import LanguageModel
from bathyscope.page.document import view
from bathyscope.prompt import Prompt
from bathyscope.render.figure.draw import draw
from bathyscope.render.gallery import Exhibit, write_gallery
from bathyscope.runs.base import Run

_INTRODUCTION = """
One small language model, {model}, three questions. All three answers were given to it: it did
not write them, and each description begins with how probable it found the answer.

1. **Division.** The model did not write ` $16,000 / 0.8 =`, it was given it after five worked
   examples and the question what a car did cost that is sold for $16,000, 0.8 of its price: which
   example pulls towards `/`?
2. **Multiplication.** Nor did it write ` 16,000 x 0.8 =`, given after five other examples and the
   same question, with the wrong operator: which examples pull towards `x`?
3. **Depth.** A given answer that adds 8 and 5, boxes 13 and chooses (D): at which layer was each
   of its tokens decided?

Every number was computed on this machine, just now; every sentence below is read off the numbers.
The folders beside this page hold them (`run.json`, `arrays.safetensors`, `scores.csv`), and
[explore.html](explore.html) lets you point at them.
"""


def compute(model: LanguageModel, progress: Progress = standard) -> dict[str, Run]:
    """Compute the three maps; return the runs by the name of their folder."""
    return {
        name: _attribution(model, name, progress) for name in ("division", "multiplication")
    } | {"depth": _depth(model, progress)}


def write(runs: Mapping[str, Run], folder: Path, *, overwrite: bool = False) -> None:
    """Write the runs with figures, words and one page.

    Args:
        runs: What `compute` returns.
        folder: Where to; it appears when everything in it is whole.
        overwrite: Whether an existing folder is replaced.

    Raises:
        InputError: The folder exists and may not be replaced.
        WriteError: It cannot be written.
    """
    model = next(iter(runs.values())).heatmap.provenance["model"]
    with new_folder(folder, overwrite=overwrite) as partial:
        exhibits = [_exhibit(run, partial / name) for name, run in runs.items()]
        introduction = _INTRODUCTION.format(model=model["name"])
        write_gallery(partial / "index.html", "bathyscope: a look inside", introduction, exhibits)
        view(list(runs.values()), partial / "explore.html", names=list(runs))


def _attribution(model: LanguageModel, name: str, progress: Progress) -> Run:
    question = _question(name)
    return attribute(
        model, Prompt.marked(question["prompt"]), target=question["target"], progress=progress
    )


def _depth(model: LanguageModel, progress: Progress) -> Run:
    question = _question("depth")
    return depth(model, question["prompt"], response=question["response"], progress=progress)


def _question(name: str) -> dict[str, str]:
    text = resources.files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    question: dict[str, str] = json.loads(text)
    return question


def _exhibit(run: Run, folder: Path) -> Exhibit:
    folder.mkdir()
    run.write(folder)
    draw(run, folder / "figure.png")
    words = describe(run)
    (folder / "description.md").write_text(words, encoding="utf-8")
    return Exhibit(f"{folder.name}/figure.png", words)
