"""What rows that are drawn buy a Jacobian lens: its error beside that of whole passages, as JSON.

    python -m benchmarks.jacobian_rows --output benchmarks/results/jacobian-rows.json

Some short passages, each asked for all rows, are taken for all the text there is: their mean is
the truth. Passages are drawn from them again and again, and a fit reads of each the rows that the
random estimator asks for. What reads all rows of each, for the same number of ways back, is off by
how much the passages differ, by the root of their number. Four minutes of one core.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import bathyscope as bs
from bathyscope.layers.jacobian_mean import HalfMean, mean_of
from bathyscope.layers.jacobian_settings import FIRST
from bathyscope.layers.training_text import passages
from bathyscope.model.jacobians import PassageJacobian
from benchmarks.depth import arithmetic
from benchmarks.report import hand_over, rewrite, with_table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "lenses.md"
RESULTS = ROOT / "benchmarks" / "results" / "jacobian-rows.json"
BEGIN, END = "<!-- benchmarks.jacobian_rows -->\n", "<!-- end of jacobian_rows -->\n"

TOKENS = 34
LAYERS = range(0, 29, 4)
"""Layers of the bundled model that count, from 0."""
SHOWN = (1, 9, 17, 25)
WHOLE = (6, 12)
"""Passages of the exact estimator whose ways back the others have."""
DIRECTIONS = (32, 64)
FORWARD = 4
"""A passage's way forward counts as so many ways back."""


def jacobians(model: bs.LanguageModel) -> Tensor:
    """Return every row of some passages, (passages, layers, hidden_size, hidden_size)."""
    prose = passages(model, (ROOT / "benchmarks" / "prose.txt").read_text("utf-8"), TOKENS)
    chosen = [*prose[:12:4], *passages(model, arithmetic(), TOKENS)[:10:5]]
    rows = torch.eye(model.hidden_size)
    found = [
        PassageJacobian(model, ids, FIRST, len(rows)).products(rows)[list(LAYERS)] for ids in chosen
    ]
    return torch.stack(found)


def whole(known: Tensor, count: int) -> list[float]:
    """Return how far the mean of whole passages is off in each layer, by the size of the truth.

    Root mean square over all draws of so many passages, each of them one of those that are known.
    """
    truth = known.mean(0)
    spread = (known - truth).flatten(2).square().sum(2).mean(0) / count
    found: list[float] = (spread.sqrt() / truth.flatten(1).norm(dim=1)).tolist()
    return found


def drawn(known: Tensor, count: int, directions: int, seed: int) -> list[float]:
    """Return how far a fit is off in each layer, by the size of the truth.

    Args:
        known: The passages, (passages, layers, hidden_size, hidden_size).
        count: How many a fit reads, each of them one of these by chance.
        directions: Rows that each is asked for.
        seed: Of the draws and the order of rows.
    """
    halves = [HalfMean(torch.zeros_like(known[0]), directions, seed, half) for half in range(2)]
    draw = np.random.default_rng(seed)
    for number in range(count):
        half, other = halves[number % 2], halves[1 - number % 2]
        half.learn(other)
        half.add(known[int(draw.integers(len(known)))][:, half.next_rows()])
    truth = known.mean(0).flatten(1)
    off = (mean_of(halves).flatten(1) - truth).norm(dim=1) / truth.norm(dim=1)
    found: list[float] = off.tolist()
    return found


def report(known: Tensor, fits: int) -> dict[str, Any]:
    """Return root mean squared errors of both estimators at equal cost, layer by layer."""
    width, rows = known.shape[-1], []
    for count in WHOLE:
        ways = count * (width + FORWARD)
        exact = np.array(whole(known, count))
        squared = {
            k: np.square(
                [drawn(known, round(ways / (k + FORWARD)), k, seed) for seed in range(fits)]
            )
            for k in DIRECTIONS
        }
        sizes = {str(k): np.sqrt(one.mean(0)) for k, one in squared.items()}
        by_exact = {str(k): one.mean(1) / np.square(exact).mean() for k, one in squared.items()}
        rows.append(
            {
                "exact_passages": count,
                "ways_back": ways,
                "errors": {
                    name: np.round(one, 4).tolist()
                    for name, one in ({"exact": exact} | sizes).items()
                },
                "squared_by_exact": {k: round(float(one.mean()), 3) for k, one in by_exact.items()},
                "standard_error": {
                    k: round(float(one.std(ddof=1) / fits**0.5), 3) for k, one in by_exact.items()
                },
            }
        )
    return {"passages": len(known), "tokens": TOKENS, "fits": fits, "rows": rows}


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    names = [str(k) for k in DIRECTIONS]
    heads = [f"error, layer {layer}" if layer == SHOWN[0] else str(layer) for layer in SHOWN]
    last = f"squared error of all, {' and '.join(names)} by exact"
    yield f"| time of | {' | '.join(heads)} | {last} |"
    yield "|---|" + "---|" * (len(SHOWN) + 1)
    for row in found["rows"]:
        cells = [
            ", ".join(
                f"{row['errors'][name][LAYERS.index(layer - 1)]:.3f}" for name in ("exact", *names)
            )
            for layer in SHOWN
        ]
        ratios = ", ".join(
            f"{row['squared_by_exact'][name]:.2f} ± {row['standard_error'][name]:.2f}"
            for name in names
        )
        yield f"| {row['exact_passages']} exact passages | {' | '.join(cells)} | {ratios} |"


def page(text: str, found: Mapping[str, Any]) -> str:
    """Return the page with the table in its place."""
    return with_table(text, BEGIN, "\n".join(_lines(found)) + "\n", END)


def main() -> None:
    """Measure, print and write; or write the page from the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=60)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--page", action="store_true", help="write the table into the docs")
    chosen = parser.parse_args()
    if chosen.page:
        return rewrite(PAGE, RESULTS, page)
    return hand_over(report(jacobians(bs.load()), chosen.fits), chosen.output)


if __name__ == "__main__":
    main()
