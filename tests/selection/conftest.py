"""Pools to choose from, and the encoder."""

from pathlib import Path

import pytest

from bathyscope.model.encoder import Encoder, load_encoder
from bathyscope.selection.pool import Item

RATIONALES = (
    "Let's think step by step. Tom has {a} + {b} = {s} pens. \n",
    "Let's think step by step. First {a} * {b}. Then {a} - {b} = {s}. \n",
    "Let's think step by step. We share {a} / {b}, so {s} is left. \n",
)


@pytest.fixture(scope="session")
def minilm() -> Encoder:
    return load_encoder()


@pytest.fixture
def pool() -> list[Item]:
    """Twelve items of three patterns in unequal numbers."""
    kinds = [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
    return [
        Item(
            at,
            f"{'Some' if at % 2 else 'Many'} of {at + 2} things, {name}?",
            RATIONALES[kind].format(a=at, b=at + 1, s=at + 50),
            str(at + 50),
            str(at + 50),
        )
        for at, (kind, name) in enumerate(
            zip(
                kinds,
                "pens dogs cars trees ships stars cups doors songs hats rivers teeth".split(),
                strict=True,
            )
        )
    ]


def shared() -> Path | None:
    """Return the folder of the published choices, where this checkout has it beside it."""
    beside = [above / "shared" / "selection" for above in Path(__file__).parents]
    return next((folder for folder in beside if folder.is_dir()), None)
