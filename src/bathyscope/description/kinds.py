"""Descriptions by kind of run: what computes its facts, and what says them."""

from collections.abc import Callable
from dataclasses import dataclass
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
from bathyscope.description.words.think import think_account
from bathyscope.runs.base import Run


@dataclass(frozen=True)
class Description:
    """Facts and words of one kind of run.

    Attributes:
        name: The kind, as in `run.json`.
        facts: Computes what a run shows, as a dataclass of plain values.
        account: Says these facts.
    """

    name: str
    facts: Callable[[Any], Any]
    account: Callable[[Any], Account]


def _plain_facts(run: Run) -> MapFacts:
    return map_facts(run.heatmap, run.margin)


PLAIN = Description("table", _plain_facts, map_account)
"""How a map is described of which no more is known."""

DESCRIPTIONS: Registry[Description] = Registry(
    "description",
    "bathyscope.descriptions",
    (
        Description("attribution", attribution_facts, attribution_account),
        Description("interactions", interaction_facts, interaction_account),
        Description("depth", depth_facts, depth_account),
        Description("settling", settling_facts, settling_account),
        Description("think", think_facts, think_account),
        Description("depth_groups", depth_groups_facts, depth_groups_account),
        Description("faithfulness", faithfulness_facts, faithfulness_account),
        Description("comparison", comparison_facts, comparison_account),
        Description("chain", chain_facts, chain_account),
        PLAIN,
    ),
)
"""By kind of run; one that is not here is described as a map."""


def described(run: Run) -> tuple[Any, Account]:
    """Return what a run shows, and what is said of it."""
    kind = DESCRIPTIONS.get(run.kind, PLAIN)
    found = kind.facts(run)
    return found, kind.account(found)
