"""Depth by word, sentence or role in words."""

from collections.abc import Iterator

from bathyscope.core.clustered import FEWEST_CLUSTERS, Bounds
from bathyscope.description.facts.depth_groups import DepthGroupsFacts
from bathyscope.description.markdown import code, listed
from bathyscope.description.words.account import Account
from bathyscope.description.words.evidence import explained
from bathyscope.description.words.phrases import MOST_LABELS, count
from bathyscope.runs.depth_groups import DepthGroup

MOST_NAMED = 8
"""So many groups of one kind are named."""


def depth_groups_account(found: DepthGroupsFacts) -> Account:
    """Return what is said of depth by word, sentence or role."""
    return Account(
        title=f"How deep {count(found.tokens, 'token')} settled, by {found.by}",
        overview=[*_overview(found)],
        axes=[*_axes(found)],
        values=[f"In the order of the text: {listed(_all(found), most=MOST_LABELS)}."],
        observations=[*_observations(found)],
        meaning=[*_meaning(found)],
    )


def _overview(found: DepthGroupsFacts) -> Iterator[str]:
    yield from explained(found.model, "response", found.response, found.generated, found.likelihood)
    yield (
        f"Intermediate layers are {found.lens_summary}. A token settles at the first layer with at "
        f"most {found.threshold:g} bits of Jensen-Shannon divergence from the last, at the last "
        "where none before has."
    )
    yield (
        f"The tokens are in {count(len(found.groups), found.by)}; those that settle at layer "
        f"{found.deep_layer} of {found.num_layers} or later are deep, of all "
        f"{count(found.tokens, 'token')} a share of {found.deep_thinking_ratio:.4f}."
    )


def _axes(found: DepthGroupsFacts) -> Iterator[str]:
    yield (
        f"{count(found.num_layers, 'row')}, layers 1 to {found.num_layers}; "
        f"{count(len(found.groups), 'column')}, each one {found.by}. A cell is the share of its "
        "tokens that have settled at the layer or before, from 0 to 1."
    )


def _all(found: DepthGroupsFacts) -> list[str]:
    return [
        f"{code(group.label)} ({count(group.tokens, 'token')}) median layer "
        f"{group.median_layer:g}{_layers(group.median_interval)}, {_deep(group)}"
        for group in found.groups
    ]


def _observations(found: DepthGroupsFacts) -> Iterator[str]:
    if len(found.groups) < 2:
        return
    for words, groups, value in (
        ("largest deep share", found.deepest, f"{found.deepest[0].deep_share:.4f}"),
        ("latest median settling layer", found.latest, f"{found.latest[0].median_layer:g}"),
        ("earliest median settling layer", found.earliest, f"{found.earliest[0].median_layer:g}"),
    ):
        named = [f"{code(group.label)} ({_deep(group)})" for group in groups]
        yield f"The {words}, {value}: {listed(named, most=MOST_NAMED)}."


def _deep(group: DepthGroup) -> str:
    share = f"{group.deep:,} of {count(group.tokens, 'token')} deep"
    interval = group.deep_share_interval
    if interval is None:
        return share
    return f"{share}, 95 % interval of the share {interval.low:.2f} to {interval.high:.2f}"


def _layers(interval: Bounds | None) -> str:
    return "" if interval is None else f", 95 % interval {interval.low:g} to {interval.high:g}"


def _meaning(found: DepthGroupsFacts) -> Iterator[str]:
    if found.clusters_are is None:
        yield "A word has too few tokens for an interval; what it shows are its tokens themselves."
    else:
        yield (
            f"Intervals count {found.clusters_are}s, not tokens: what stands in one "
            f"{found.clusters_are} settles alike. With fewer than {FEWEST_CLUSTERS} there is none."
        )
    yield "What settles late was decided late; that does not make it hard, or right."
