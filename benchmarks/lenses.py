"""What four lenses say of the same answer, as JSON.

    python -m benchmarks.lenses --output lenses.json

The tuned lens is trained on text that lies in this repository: its pages, and generated sums; the
Jacobian lens is fitted on the same, for so many minutes. They are judged on what they never saw:
the end of each of these texts (which the Jacobian lens did see), prose, and the demo's answer. Both
are kept beside the report, and read from there where they lie already.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

import bathyscope as bs
from bathyscope.cli.messages import progress_bars
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.settling import deep_thinking_ratio, settling_depths
from bathyscope.layers.depth_map import depth_map
from bathyscope.layers.jacobian_kept import kept_beside
from bathyscope.layers.lens_training import LensTraining
from bathyscope.layers.lenses.jacobian import open_jacobian_lens
from bathyscope.layers.lenses.lens import Lens
from bathyscope.layers.lenses.norm import NormLens
from bathyscope.layers.lenses.raw import RawLens
from bathyscope.layers.lenses.tuned import open_tuned_lens
from bathyscope.layers.statistics.kl_from_last import KlFromLast
from bathyscope.model.decoding import residual_stream
from bathyscope.model.tokens import Continuation
from benchmarks.depth import arithmetic
from benchmarks.report import hand_over

ROOT = Path(__file__).parents[1]
PASSAGE = ("The capital of France is Paris. The capital of Italy is", " Rome. 8 + 5 = 13.")
"""What the four lenses are asked to read side by side."""


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


def exact_within(
    model: bs.LanguageModel, texts: Sequence[str], minutes: float = 2.0
) -> tuple[dict[str, Any], Any]:
    """Fit a Jacobian lens exactly for at most so long; return how far it came, and the lens.

    What an accelerator is asked: passages of 128 tokens, each along all directions.

    Returns:
        "passages", done in "seconds" on "device", and the "relative_error" of each layer from
        halves of them, None below two.

    Raises:
        bathyscope.InputError: Not one passage was done.
    """
    begin = time.perf_counter()
    lens = bs.fit_jacobian_lens(model, texts, estimator="exact", minutes=minutes)
    return {
        "passages": sum(lens.about["error"]["passages"]),
        "seconds": round(time.perf_counter() - begin, 1),
        "device": str(model.model.device),
        "relative_error": lens.about["error"]["relative"],
    }, lens


def words_of(
    model: bs.LanguageModel, lens: Lens, text: Continuation, layers: Sequence[int]
) -> dict[str, list[str]]:
    """Return the most probable token of some layers at every position of a text."""
    pieces = residual_stream(model, text)
    found = depth_map(model.anatomy, pieces, lens, text.target_ids, top_k=1)
    assert found.details is not None
    ids = found.details.top_ids[:, :, 0]
    return {
        str(layer): list(model.tokens.axis("token", ids[layer - 1].tolist()).labels)
        for layer in layers
    }


def fitted(
    path: Path, fit: Callable[[], Any], open_lens: Callable[[Path], Any]
) -> tuple[Any, float | None]:
    """Return a lens from its file, or fit it and save it there; and the seconds it took."""
    if path.exists():
        return open_lens(path), None
    begin = time.perf_counter()
    fit().save(path)
    return open_lens(path), round(time.perf_counter() - begin, 1)


def main() -> None:
    """Train, fit, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=LensTraining.steps)
    parser.add_argument("--positions", type=int, default=LensTraining.positions)
    parser.add_argument("--prose-tokens", type=int, default=512)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lenses", type=Path, default=Path(), help="folder of the two lenses")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    model = bs.load()
    settings = LensTraining(options.steps, options.positions, seed=options.seed)
    with progress_bars() as progress:
        tuned, tuned_seconds = fitted(
            options.lenses / "tuned.safetensors",
            lambda: bs.train_lens(model, lessons(), settings=settings, progress=progress),
            lambda path: open_tuned_lens(path, model),
        )
        path = options.lenses / "jacobian.safetensors"
        jacobian, jacobian_seconds = fitted(
            path,
            lambda: bs.fit_jacobian_lens(
                model, lessons(), minutes=options.minutes, seed=options.seed, progress=progress,
                keep=kept_beside(path),
            ),
            lambda path: open_jacobian_lens(path, model),
        )  # fmt: skip
    question = json.loads(
        resources.files("bathyscope.demo").joinpath("depth.json").read_text("utf-8")
    )
    texts = {
        "prose": beginning(model, reading("benchmarks/prose.txt"), options.prose_tokens),
        "demo": model.tokens.continuation(question["prompt"], question["response"]),
    }
    lenses = {"norm": NormLens(), "raw": RawLens(), "tuned": tuned, "jacobian": jacobian}
    shown = model.tokens.continuation(*PASSAGE)
    report = {
        "tuned": tuned.about["training"] | {"seconds": tuned_seconds},
        "held_out": tuned.about["held_out"],
        "jacobian": jacobian.about["fit"] | {"seconds": jacobian_seconds},
        "jacobian_error": jacobian.about["error"],
        "texts": {
            name: {lens: summary(judged(model, read, one)) for lens, read in lenses.items()}
            for name, one in texts.items()
        },
        "says": {
            lens: words_of(model, read, shown, (5, 10, 15, 20, 25, 28, 29))
            for lens, read in lenses.items()
        },
    }
    hand_over(report, options.output)


if __name__ == "__main__":
    main()
