"""What the norm, raw and tuned lens say of the same answer, as JSON.

    python -m benchmarks.lenses --output lenses.json

The tuned lens is trained on text that lies in this repository: its pages, and generated sums. It
is judged on what it never saw: the end of each of these texts, prose, and the demo's answer.
"""

import argparse
import json
import time
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

import bathyscope as bs
from bathyscope.cli.messages import progress_bars
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.settling import deep_thinking_ratio, settling_depths
from bathyscope.layers.depth_map import depth_map
from bathyscope.layers.lens_training import LensTraining
from bathyscope.layers.lenses.lens import Lens
from bathyscope.layers.lenses.norm import NormLens
from bathyscope.layers.lenses.raw import RawLens
from bathyscope.layers.statistics.kl_from_last import KlFromLast
from bathyscope.model.decoding import residual_stream
from bathyscope.model.tokens import Continuation
from benchmarks.depth import arithmetic
from benchmarks.report import hand_over

ROOT = Path(__file__).parents[1]


def reading(path: str) -> str:
    """Return a text of this repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def lessons() -> list[str]:
    """Return what the lens is trained on: this project's pages, and generated sums."""
    pages = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
    return [*(reading(page) for page in pages), arithmetic()[:6000]]


def beginning(model: bs.LanguageModel, text: str, tokens: int) -> Continuation:
    """Return the first tokens of a text; the first of all is the prompt."""
    ids = model.tokens.encode(text)[: tokens + 1]
    return Continuation(ids[:1], ids[1:], None)


def judged(model: bs.LanguageModel, lens: Lens, text: Continuation) -> dict[str, FloatArray]:
    """Return bits (num_layers − 1, tokens): the map, and KL from the last layer."""
    pieces = residual_stream(model, text)
    found = depth_map(model.anatomy, pieces, lens, text.target_ids, (KlFromLast(),))
    assert found.details is not None
    return {"jsd": found.values, "kl_from_last": found.details.statistics["kl_from_last"]}


def summary(found: dict[str, FloatArray]) -> dict[str, Any]:
    """Return means of the layers, settling depths and deep-thinking ratio."""
    depths = settling_depths(found["jsd"])
    return {
        "mean_jsd": np.round(found["jsd"].mean(axis=1), 4).tolist(),
        "mean_kl_from_last": np.round(found["kl_from_last"].mean(axis=1), 4).tolist(),
        "settling_depth": {
            "median": float(np.median(depths)),
            "mean": round(float(depths.mean()), 2),
            "each": depths.tolist(),
        },
        "deep_thinking_ratio": round(deep_thinking_ratio(depths, len(found["jsd"]) + 1), 4),
    }


def main() -> None:
    """Train, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=LensTraining.steps)
    parser.add_argument("--positions", type=int, default=LensTraining.positions)
    parser.add_argument("--prose-tokens", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    model = bs.load()
    settings = LensTraining(options.steps, options.positions, seed=options.seed)
    begin = time.process_time()
    with progress_bars() as progress:
        tuned = bs.train_lens(model, lessons(), settings=settings, progress=progress)
    seconds = round(time.process_time() - begin, 1)
    question = json.loads(
        resources.files("bathyscope.demo").joinpath("depth.json").read_text("utf-8")
    )
    texts = {
        "prose": beginning(model, reading("benchmarks/prose.txt"), options.prose_tokens),
        "demo": model.tokens.continuation(question["prompt"], question["response"]),
    }
    report = {
        "training": tuned.about["training"] | {"processor_seconds": seconds},
        "held_out": tuned.about["held_out"],
        "texts": {
            name: {
                lens: summary(judged(model, read, one))
                for lens, read in {"norm": NormLens(), "raw": RawLens(), "tuned": tuned}.items()
            }
            for name, one in texts.items()
        },
    }
    hand_over(report, options.output)


if __name__ == "__main__":
    main()
