"""Whether a forecast comes true: what was said beside what was measured, time and memory.

python -m benchmarks.forecast --output benchmarks/results/forecast.json
"""

import argparse
import json
from functools import partial
from importlib import resources
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import bathyscope as bs
from bathyscope.attribution.forecast import forecast_attribution
from bathyscope.core.forecast import Forecast
from bathyscope.layers.forecast import forecast_depth
from benchmarks.depth import natural
from benchmarks.memory import peak_memory
from benchmarks.ratios import Ratio, hand_over, machine
from benchmarks.turns import Work

MOST = 1.5
"""The factor by which what is said may differ from what comes, either way."""

DEMO, MANY, MAP = "the demo", "40 demonstrations, leave-one-out", "a map of 512 tokens"


class Asked(NamedTuple):
    """A question, what is said of it, and how it is put."""

    said: Forecast
    ask: Work


def asked(model: bs.LanguageModel, name: str) -> Asked:
    """Return one of the questions."""
    if name == MAP:
        ids = model.tokens.encode(natural())[:520]
        prompt, response = model.tokens.decode(ids[:8]), model.tokens.decode(ids[8:])
        said = forecast_depth(model, prompt, response, bs.DepthSettings())
        return Asked(said, partial(bs.depth, model, prompt, response))
    if name == DEMO:
        text = resources.files("bathyscope.demo").joinpath("division.json").read_text("utf-8")
        question = json.loads(text)
        prompt, target = bs.Prompt.marked(question["prompt"]), question["target"]
        settings = bs.AttributionSettings()
    else:
        shown = "".join(
            f"Q: {n} + {n + 3}?\nA: [[{n} + {n + 3} = {2 * n + 3}]].\n\n" for n in range(40)
        )
        prompt = bs.Prompt.marked(f"{shown}Q: 12 + 15?\nA:")
        target, settings = " 12 + 15 = 27", bs.AttributionSettings(method="leave_one_out")
    said = forecast_attribution(model, prompt, [target], settings)
    return Asked(said, partial(bs.attribute, model, prompt, target, settings=settings))


def contestant(name: str) -> Work:
    """Return a question as work, the model loaded and its rate known."""
    return asked(bs.load(), name).ask


def main() -> None:
    """Forecast, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="also write the numbers as JSON")
    options = parser.parse_args()
    model = bs.load()
    ratios: list[Ratio] = []
    facts: dict[str, Any] = {"machine": machine(("torch", "transformers")), "most": MOST}
    for name in (DEMO, MANY, MAP):
        question = asked(model, name)
        begin = perf_counter()
        question.ask()
        seconds = perf_counter() - begin
        peak = peak_memory(contestant, name)
        said = question.said
        for what, expected, came, unit in (
            ("time", said.seconds, seconds, "s"),
            ("peak memory", said.peak_bytes / 1e6, peak, "MB"),
        ):
            if came:
                off = max(expected / came, came / expected)
                title = f"{what} of {name}, said and measured, the larger by the smaller"
                ratios.append(Ratio(title, MOST, off, off, None, expected, came, unit))
        facts[name] = said.to_document()
    hand_over(facts, ratios, options.output)


if __name__ == "__main__":
    main()
