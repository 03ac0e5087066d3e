"""Descriptions by kind of run: what computes its facts, and what says them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from bathyscope.core.registry import Registry
from bathyscope.description.facts.attribution import attribution_facts
from bathyscope.description.facts.chain import chain_facts
from bathyscope.description.facts.comparison import comparison_facts
from bathyscope.description.facts.depth import depth_facts
from bathyscope.description.facts.depth_groups import depth_groups_facts
from bathyscope.description.facts.faithfulness import faithfulness_facts
from bathyscope.description.facts.interactions import interaction_facts
from bathyscope.description.facts.map import MapFacts, map_facts
from bathyscope.description.facts.settling import settling_facts
from bathyscope.description.facts.think import think_facts
from bathyscope.description.words.account import Account
from bathyscope.description.words.attribution import attribution_account
from bathyscope.description.words.chain import chain_account
from bathyscope.description.words.comparison import comparison_account
from bathyscope.description.words.depth import depth_account
from bathyscope.description.words.depth_groups import depth_groups_account
from bathyscope.description.words.faithfulness import faithfulness_account
from bathyscope.description.words.interactions import interaction_account
from bathyscope.description.words.map import map_account
from bathyscope.description.words.settling import settling_account
from bathyscope.description.words.short.attribution import attribution_short, interaction_short
from bathyscope.description.words.short.comparison import comparison_short
from bathyscope.description.words.short.depth import (
    depth_groups_short,
    depth_short,
    settling_short,
)
from bathyscope.description.words.short.maps import map_short
from bathyscope.description.words.short.others import (
    chain_short,
    faithfulness_short,
    think_short,
)
from bathyscope.description.words.short.paragraph import Sentence, paragraph
from bathyscope.description.words.think import think_account
from bathyscope.runs.base import Run


@dataclass(frozen=True)
class Description:
    """Facts and words of one kind of run.

    Attributes:
        name: The kind, as in `run.json`.
        facts: Computes what a run shows, as a dataclass of plain values.
        account: Says these facts.
        short: Says the most important of them; None where a kind is told as any map is.
    """

    name: str
    facts: Callable[[Any], Any]
    account: Callable[[Any], Account]
    short: Callable[[Any], Iterable[Sentence]] | None = None


def _plain_facts(run: Run) -> MapFacts:
    return map_facts(run.heatmap, run.margin)


PLAIN = Description("table", _plain_facts, map_account, map_short)
"""How a map is described of which no more is known."""

DESCRIPTIONS: Registry[Description] = Registry(
    "description",
    "bathyscope.descriptions",
    (
        Description("attribution", attribution_facts, attribution_account, attribution_short),
        Description("interactions", interaction_facts, interaction_account, interaction_short),
        Description("depth", depth_facts, depth_account, depth_short),
        Description("settling", settling_facts, settling_account, settling_short),
        Description("think", think_facts, think_account, think_short),
        Description("depth_groups", depth_groups_facts, depth_groups_account, depth_groups_short),
        Description("faithfulness", faithfulness_facts, faithfulness_account, faithfulness_short),
        Description("comparison", comparison_facts, comparison_account, comparison_short),
        Description("chain", chain_facts, chain_account, chain_short),
        PLAIN,
    ),
)
"""By kind of run; one that is not here is described as a map."""


def described(run: Run) -> tuple[Any, Account]:
    """Return what a run shows, and what is said of it, the short account first."""
    kind = DESCRIPTIONS.get(run.kind, PLAIN)
    found = kind.facts(run)
    return found, replace(kind.account(found), short=_short(kind, found, run))


def short_account(run: Run) -> str:
    """Return the most important of what a run shows: one paragraph, as Markdown."""
    kind = DESCRIPTIONS.get(run.kind, PLAIN)
    return _short(kind, kind.facts(run), run)


def _short(kind: Description, found: Any, run: Run) -> str:
    said = map_short(_plain_facts(run)) if kind.short is None else kind.short(found)
    return paragraph([*said])
