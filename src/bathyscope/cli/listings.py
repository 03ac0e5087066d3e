"""Lists at the end of `--help`: the methods, features, lenses and others that there are.

What other packages bring is listed by name and package: importing them could load anything.
"""

import re
from collections.abc import Callable
from typing import Any

from typer.core import TyperCommand

from bathyscope.core.registry import brought

Rows = dict[str, str]
"""Names, and a line on each."""


def ending_with(*lists: Callable[[], tuple[str, Rows]]) -> type[TyperCommand]:
    """Return a kind of command whose help ends with lists, each made when it is shown."""

    class Listing(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            return super().parse_args(ctx, _with_last_turn(args))

        def format_epilog(self, ctx: Any, formatter: Any) -> None:
            for heading, rows in (one() for one in lists):
                with formatter.section(heading):
                    formatter.write_dl([*rows.items()])

    return Listing


def _with_last_turn(args: list[str]) -> list[str]:
    """Return arguments in which --target-turn without a number means the last turn."""
    found: list[str] = []
    for place, one in enumerate(args):
        found.append(one)
        following = args[place + 1] if place + 1 < len(args) else ""
        if one == "--target-turn" and not re.fullmatch(r"[+-]?\d+", following):
            found.append("-1")
    return found


def methods() -> tuple[str, Rows]:
    """Return the methods, those by gradients among them."""
    from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
    from bathyscope.games.methods import INTERACTIONS, METHODS

    games = [*METHODS.own().values(), INTERACTIONS]
    own = {one.name: one.summary for one in games}
    own |= {one.name: one.summary for one in GRADIENT_METHODS.values()}
    return "Methods", _with_brought(own, METHODS.group)


def methods_over_games() -> tuple[str, Rows]:
    """Return the methods that share a game's value among features."""
    from bathyscope.games.methods import METHODS

    own = {name: one.summary for name, one in METHODS.own().items()}
    return "Methods", _with_brought(own, METHODS.group)


def steps() -> tuple[str, Rows]:
    """Return the ways to divide a response into steps."""
    from bathyscope.prompt.segmenters import REGEX
    from bathyscope.reasoning.steps import STEP_RULES

    own = {name: one.summary for name, one in STEP_RULES.own().items()}
    own[f"{REGEX}PATTERN"] = "what matches a regular expression"
    return "Steps", _with_brought(own, STEP_RULES.group)


def features() -> tuple[str, Rows]:
    """Return the ways to find features."""
    from bathyscope.prompt.segmenters import MARKED, REGEX, SEGMENTERS, TOKENS

    own = {name: one.summary for name, one in SEGMENTERS.own().items()}
    rows = {MARKED: "what is marked [[like this]]", **own, TOKENS: "the tokens of the model"}
    rows[f"{REGEX}PATTERN"] = "what matches a regular expression"
    return "Features", _with_brought(rows, SEGMENTERS.group)


def layer_statistics() -> tuple[str, Rows]:
    """Return the layer statistics."""
    from bathyscope.layers.statistics.choice import LAYER_STATISTICS

    own = {name: one.summary for name, one in LAYER_STATISTICS.own().items()}
    return "Layer statistics", _with_brought(own, LAYER_STATISTICS.group)


def lenses() -> tuple[str, Rows]:
    """Return the lenses; their classes would load torch, their summaries do not."""
    from bathyscope.layers.lenses.summaries import GROUP, SUMMARIES

    return "Lenses", _with_brought(SUMMARIES, GROUP)


def shapes() -> tuple[str, Rows]:
    """Return the shapes of files of problems."""
    from bathyscope.problems.shapes import SHAPES

    own = {name: one.summary for name, one in SHAPES.own().items()}
    return "Shapes", _with_brought(own, SHAPES.group)


def selectors() -> tuple[str, Rows]:
    """Return the ways to choose demonstrations."""
    from bathyscope.selection.selectors import SELECTORS

    own = {name: one.summary for name, one in SELECTORS.own().items()}
    return "Selectors", _with_brought(own, SELECTORS.group)


def claims() -> tuple[str, Rows]:
    """Return the statistics of claims."""
    from bathyscope.study.claims.statistics import CLAIM_STATISTICS

    own = {name: one.summary for name, one in CLAIM_STATISTICS.own().items()}
    own["correlation"] = "Pearson's r of two quantities of a record"
    return "Claims, such as largest(column.operator == row.operator) by row.operator", own


def engines() -> tuple[str, Rows]:
    """Return the places where a batch is computed."""
    from bathyscope.study.engines.choice import ENGINES

    own = {name: one.summary for name, one in ENGINES.own().items()}
    return "Engines", _with_brought(own, ENGINES.group)


def _with_brought(own: Rows, group: str) -> Rows:
    others = {name: f"from {package}" for name, package in brought(group).items()}
    return {**own, **{name: text for name, text in others.items() if name not in own}}
