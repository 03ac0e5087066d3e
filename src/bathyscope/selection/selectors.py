"""The selectors by name."""

from bathyscope.core.registry import Registry
from bathyscope.selection.clustering import AutoCot, Pattern
from bathyscope.selection.effects import Attribution, Greedy
from bathyscope.selection.likeness import Diverse, Random, Similar
from bathyscope.selection.selector import Selector

SELECTORS: Registry[Selector] = Registry(
    "selector",
    "bathyscope.selectors",
    (Pattern(), AutoCot(), Similar(), Diverse(), Random(), Attribution(), Greedy()),
)
"""Every way to choose demonstrations; other packages add theirs by entry points."""
