"""What the norm, raw and tuned lens say of the same answer, as JSON.

    python benchmarks/lenses.py --output lenses.json

The tuned lens is trained on text that the model writes itself (sampled, seeded), so that whoever
has the model has the text. It is judged on what it never saw: the end of that text, prose by a
person, generated sums, and the demo's answer.
"""

import argparse
import json
import time
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

import bathyscope as bs
from bathyscope.files import new_file
from bathyscope.heatmap import FloatArray
from bathyscope.layers.depth_map import depth_map
from bathyscope.layers.lens import LENSES, Lens
from bathyscope.layers.lens_training import LensTraining
from bathyscope.layers.settling import deep_thinking_ratio, settling_depths
from bathyscope.model.decoding import residual_stream
from bathyscope.model.sequences import Sampler, Sequences
from bathyscope.model.tokens import Continuation

OPENINGS = (
    "Once upon a time, in a village by the sea,",
    "Question: Tom has 12 apples and buys 7 more. How many apples has he?\nAnswer:",
    "The history of the railway begins",
    "To solve the equation, we first",
    "In biology, a cell is",
    "Here is how to bake bread at home:",
    "Question: A shop sells 3 boxes with 8 pens each. How many pens is that?\nAnswer:",
    "The committee met on Monday to discuss",
)
AT_ONCE, LONGEST = 8, 288


def written(model: bs.LanguageModel, rounds: int, seed: int) -> list[str]:
    """Return what the model writes after each opening, several samples each."""
    texts = []
    for index, opening in enumerate(OPENINGS * rounds):
        prompt = model.tokens.encode(opening)
        sequences = Sequences(model, [prompt])
        sequences.fork(AT_ONCE)
        sampler = Sampler([seed + index * AT_ONCE + i for i in range(AT_ONCE)], 1.0)
        for step in range(LONGEST):
            if step:
                sequences.advance()
            sequences.choose(sampler)
            if all(sequences.ended):
                break
        texts += [opening + model.tokens.decode(ids) for ids in sequences.token_ids]
    return texts


def beginning(model: bs.LanguageModel, text: str, tokens: int) -> Continuation:
    """Return the first tokens of a text; the first of all is the prompt."""
    ids = model.tokens.encode(text)[: tokens + 1]
    return Continuation(ids[:1], ids[1:], None)


def judged(model: bs.LanguageModel, lens: Lens, text: Continuation) -> dict[str, FloatArray]:
    """Return bits (num_layers − 1, tokens): the map, and KL from the last layer."""
    pieces = residual_stream(model, text)
    values, details = depth_map(model.anatomy, pieces, lens, text.target_ids, top_k=1)
    assert details is not None
    return {"jsd": values, "kl_from_last": details.cells["kl_from_last"]}


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
    parser.add_argument("--rounds", type=int, default=2, help="samples: 64 a round")
    parser.add_argument("--steps", type=int, default=LensTraining.steps)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    model = bs.load()
    text = "\n\n".join(written(model, options.rounds, options.seed))
    begin = time.perf_counter()
    tuned = bs.train_lens(model, [text], LensTraining(steps=options.steps, seed=options.seed))
    seconds = round(time.perf_counter() - begin, 1)
    question = json.loads(
        resources.files("bathyscope.demo").joinpath("depth.json").read_text("utf-8")
    )
    prose = (Path(__file__).parent / "prose.txt").read_text(encoding="utf-8")
    texts = {
        "prose": beginning(model, prose, 512),
        "demo": model.tokens.continuation(question["prompt"], question["response"]),
    }
    report = {
        "training": tuned.about["training"] | {"seconds": seconds},
        "held_out": tuned.about["held_out"],
        "texts": {
            name: {
                lens: summary(judged(model, read, one))
                for lens, read in (LENSES | {"tuned": tuned}).items()
            }
            for name, one in texts.items()
        },
    }
    document = json.dumps(report, indent=1) + "\n"
    if options.output:
        with new_file(options.output) as partial:
            partial.write_text(document, encoding="utf-8")
    print(document, end="")


if __name__ == "__main__":
    main()
