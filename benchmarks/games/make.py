"""Tables of the games of real prompts that are judged but were never tuned on.

    python -m benchmarks.games.make [NAME]

asks the bundled model for ln p of every coalition of each prompt below, float32, and writes one
file each, in the form of the others.
"""

import sys
from pathlib import Path

import numpy as np

import bathyscope as bs
from bathyscope.attribution.prompt_game import prompt_game
from bathyscope.games.game import all_coalitions

HERE = Path(__file__).parent

QUESTION = "As the great storm came, Marta nailed boards across every window."
"""Eleven words."""

REVIEWS = (
    ("warm and funny", "good"),
    ("loud and long", "bad"),
    ("see it twice", "good"),
    ("a lazy ending", "bad"),
    ("lovely pictures", "good"),
    ("old, tired jokes", "bad"),
    ("badly cut", "bad"),
    ("a small wonder", "good"),
    ("makes no sense", "bad"),
    ("a real pleasure", "good"),
)
"""Ten demonstrations of a classification."""


def _marked(parts: tuple[str, ...], between: str) -> str:
    return between.join(f"[[{part}]]" for part in parts)


PROMPTS = {
    "question11": (
        f"{_marked(tuple(QUESTION.split()), ' ')} What did Marta nail across the windows?\nAnswer:",
        " Marta nailed boards.",
    ),
    "labels10": (
        _marked(tuple(f"{text}: {label}\n" for text, label in REVIEWS), "") + "a dull script:",
        " bad\n",
    ),
}
"""Prompts with their features marked, and targets."""


def main() -> None:
    """Ask, and write the tables."""
    model = bs.load()
    for name in sys.argv[1:] or PROMPTS:
        text, target = PROMPTS[name]
        prompt = bs.Prompt.marked(text)
        game = prompt_game(model, prompt, [model.tokens.continuation(prompt.text, target)])
        values = game.values(all_coalitions(game.num_features))
        np.savez_compressed(
            HERE / f"{name}.npz", v=values.astype(np.float32), F=np.int64(game.num_features)
        )
        print(f"{name}: {game.num_features} features, {values.shape[1]} target tokens", flush=True)


if __name__ == "__main__":
    main()
