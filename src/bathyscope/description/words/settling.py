"""Settling depths in words."""

from collections.abc import Iterator

from bathyscope.description.facts.settling import SettlingFacts
from bathyscope.description.markdown import code, listed
from bathyscope.description.words.account import Account
from bathyscope.description.words.evidence import explained
from bathyscope.description.words.phrases import MOST_LABELS, count


def settling_account(found: SettlingFacts) -> Account:
    """Return what is said of settling depths."""
    every = [f"{code(token.token.label)} {token.layer}" for token in found.settled]
    tokens = len(found.settled)
    return Account(
        title=f"At which layer {count(tokens, 'token')} settled",
        overview=[*_overview(found)],
        axes=[f"1 row, the settling layers; {count(tokens, 'column')}, tokens in their order."],
        values=[f"Settling layers in the order of the text: {listed(every, most=MOST_LABELS)}."],
        observations=[],
        meaning=[
            "The layers were found by bounds, without the map of all divergences; they are those "
            "of the map."
        ],
    )


def _overview(found: SettlingFacts) -> Iterator[str]:
    yield from explained(found.model, "response", found.response, found.generated, found.likelihood)
    yield (
        f"Intermediate layers are {found.lens_summary}. A token settles at the first layer whose "
        f"prediction is at most {found.threshold:g} bits (Jensen-Shannon) from the last one's, at "
        "the last where none before is."
    )
    yield (
        f"The median token settles at layer {found.median_layer:g}; {found.deep:,} of "
        f"{count(len(found.settled), 'token')} settle deep, at layer {found.deep_layer} or later: "
        f"the deep-thinking ratio is {found.deep_thinking_ratio:.4f}."
    )
