"""What one process says of a model, and what several say that hold it together: test_placing.py.

Run by torchrun with a folder of a model, a device and a folder for the results.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch

import bathyscope as bs
from bathyscope.core.files.writing import new_file
from bathyscope.model.loading import load

PROMPT = bs.Prompt.marked("Q: 9 [[+ 3]] is?\nA: [[12]].\n[[Q]]: 7 x 5? A:")


def said(
    model: bs.LanguageModel, output: Path | None = None, *, gradients: bool = True
) -> dict[str, Any]:
    """Return numbers of every kind of question."""
    run = bs.attribute(model, PROMPT, " 35 =")
    if output is not None:
        run.save(output)
    deep = bs.depth(model, PROMPT.text, " 35 =", statistics=["entropy"])
    slopes = {}
    if gradients:
        slope = bs.attribute(model, PROMPT, " 35 =", method="saliency")
        slopes = {"saliency": slope.heatmap.values.tolist()}
    return slopes | {
        "shapley": run.heatmap.values.tolist(),
        "depth": deep.heatmap.values.tolist(),
        "entropy": deep.layer_statistic("entropy").values.tolist(),
        "settled": bs.settle(model, PROMPT.text, " 35 =").settling_depth.tolist(),
        "streamed": [t.token_id for t in bs.stream(model, ["abc", "ab"], max_new_tokens=4)],
        "written": list(model.generate("abc", 4).target_ids),
    }


def tell(folder: str, device: str, into: Path, *, gradients: bool) -> None:
    """Write what is said of a model, and a run of it."""
    model = load(folder, device=device)
    found = said(model, into / "run", gradients=gradients)
    with new_file(into / "said.json") as file:
        file.write_text(json.dumps(found))


if __name__ == "__main__":
    torch.set_num_threads(1)
    tell(sys.argv[1], sys.argv[2], Path(sys.argv[3]), gradients=True)
