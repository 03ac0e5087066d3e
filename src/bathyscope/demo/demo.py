"""Five maps of one model: two of what it writes itself, two of what it was given, one of depth."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from bathyscope.attribution.attribute import attribute
from bathyscope.core.files.writing import new_folder
from bathyscope.core.progress import Progress, standard
from bathyscope.description.describe import describe
from bathyscope.layers.depth import depth
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.provenance import prompt_of, text_prompt_of
from bathyscope.page.document import addresses, view
from bathyscope.prompt import Prompt
from bathyscope.render.figure.draw import draw
from bathyscope.render.gallery import Exhibit, write_gallery
from bathyscope.runs.base import Run

WRITTEN = ("division", "multiplication")
"""What the model writes itself, by the names of the folders."""

GIVEN = ("given-division", "given-multiplication")
"""What it was given, as published."""

DEPTH = "depth"

_NOTHING = "(nothing: it ends the text)"

_TITLES = {
    "division": "Division, as the model writes it",
    "multiplication": "Multiplication, as the model writes it",
    "given-division": "Given this continuation: a division",
    "given-multiplication": "Given this continuation: a multiplication",
    "depth": "Depth: where was each token decided?",
}

_INTRODUCTION = """
One small language model, {model}, three questions.

1. **What drove what it writes?** After four worked examples, one for each operator, and a question,
   the model writes the sum itself: which example did the `/` come from, which the `x`?
2. **What would drive what it does not write?** Two published examples ask what a car did cost that
   is sold for $16,000, 0.8 of its price. The model does not write their answers; *given them*,
   which example pulls towards the operator?
3. **How deep was it decided?** A given answer that adds 8 and 5, boxes 13 and chooses (D): at
   which layer was each of its tokens decided?

Every number was computed on this machine, just now; every sentence below is read off the numbers.
What is marked in a prompt is what the columns of its map are. The folders beside this page hold the
numbers (`run.json`, `arrays.safetensors`, `scores.csv`), and [explore.html](explore.html) lets you
point at them.
"""


def compute(model: LanguageModel, progress: Progress = standard) -> dict[str, Run]:
    """Compute the maps; return the runs by the name of their folder."""
    own = _questions("written")
    runs: dict[str, Run] = {}
    for name in WRITTEN:
        asked = own[name]
        longest = asked["max_new_tokens"]
        runs[name] = attribute(model, asked["prompt"], max_new_tokens=longest, progress=progress)
    for name in GIVEN:
        asked = _questions(name.removeprefix("given-"))
        runs[name] = attribute(model, asked["prompt"], asked["target"], progress=progress)
    asked = _questions(DEPTH)
    runs[DEPTH] = depth(model, asked["prompt"], asked["response"], progress=progress)
    return runs


def greedy_answers(model: LanguageModel, runs: Mapping[str, Run]) -> dict[str, str]:
    """Return what the model writes to each prompt itself: one line, no longer than the target."""
    found: dict[str, str] = {}
    for name, run in runs.items():
        if run.provenance["generated"]:
            found[name] = run.text or ""
            continue
        longest = min(16, len(run.provenance["target_ids"]))
        written = model.generate(run.provenance["prompt"], longest, stop="\n")
        special = set(model.tokens.tokenizer.all_special_ids)
        ids = [id for id in written.target_ids if id not in special]
        found[name] = model.tokens.spelled(ids) if ids else _NOTHING
    return found


def write(
    runs: Mapping[str, Run],
    folder: Path,
    written: Mapping[str, str] | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write the runs with figures, words and one page.

    Args:
        runs: What `compute` returns.
        folder: Where to; it appears when everything in it is whole.
        written: What the model writes to each prompt itself, as of `greedy_answers`.
        overwrite: Whether an existing folder is replaced.

    Raises:
        InputError: The folder exists and may not be replaced.
        WriteError: It cannot be written.
    """
    model = next(iter(runs.values())).heatmap.provenance["model"]
    places = dict(zip(runs, addresses([*runs.values()], [*runs]), strict=True))
    with new_folder(folder, overwrite=overwrite) as partial:
        exhibits = [
            _exhibit(run, partial / name, (written or {}).get(name), places[name])
            for name, run in runs.items()
        ]
        introduction = _INTRODUCTION.format(model=model["name"])
        write_gallery(partial / "index.html", "bathyscope: a look inside", introduction, exhibits)
        view([*runs.values()], partial / "explore.html", names=[*runs])


def _questions(name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _exhibit(run: Run, folder: Path, written: str | None, place: str) -> Exhibit:
    folder.mkdir()
    run.write(folder)
    draw(run, folder / "figure.png")
    words = describe(run)
    (folder / "description.md").write_text(words, encoding="utf-8")
    return Exhibit(
        f"{folder.name}/figure.png",
        words,
        _TITLES.get(folder.name, folder.name),
        _prompt(run),
        written,
        None if run.provenance.get("generated") else run.text,
        f"explore.html{place}",
    )


def _prompt(run: Run) -> Prompt | None:
    """Return what was asked, with the features that a map has."""
    said = run.provenance
    if "prompt" not in said:
        return None
    return prompt_of(said) if "features" in said else text_prompt_of(said)
