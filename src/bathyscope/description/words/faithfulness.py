"""Words for faithfulness."""

from collections.abc import Iterator

from bathyscope.description.facts.faithfulness import FaithfulnessFacts, RandomFacts, Ranking
from bathyscope.description.markdown import code, listed
from bathyscope.description.words.account import Account
from bathyscope.description.words.evidence import explained
from bathyscope.description.words.phrases import Sides, count, gap_words, number, short

MOST_RANKED = 5
"""So many features of a ranking are named, from its top."""


def faithfulness_account(found: FaithfulnessFacts) -> Account:
    """Return what is said of how faithful maps are."""
    maps = len(found.rankings)
    return Account(
        title=(
            f"How faithful {count(maps, 'map')} of {count(found.features, 'feature')} "
            f"{'is' if maps == 1 else 'are'}"
        ),
        overview=[*_overview(found)],
        axes=[*_axes(found)],
        values=[*_values(found)],
        observations=[*_observations(found)],
        meaning=[
            "The scores test the ranking over the whole continuation, not the sizes of cells and "
            "not single tokens.",
            "A faithful map tells what this model needed for this continuation; whether the "
            "continuation is right it does not tell.",
        ],
    )


def _overview(found: FaithfulnessFacts) -> Iterator[str]:
    yield from explained(
        found.model, "continuation", found.continuation, found.generated, found.likelihood
    )
    absent = f"replaced by {code(found.baseline)}" if found.baseline else "left out"
    yield (
        "A point of a curve is the log-probability of all of it, in nats, after features were "
        "removed from the whole prompt (deletion) or added to the empty one (insertion), those "
        f"with the highest attribution first; an absent feature is {absent}."
    )
    yield (
        "Comprehensiveness is the mean loss on deletion (high is faithful), sufficiency the mean "
        "lack on insertion (low is faithful), the area their difference."
    )
    best = found.rankings[0]
    yield (
        f"The largest area is that of the map {code(best.name)}, {number(best.area, '+.4f')} nats; "
        "that of random orders is 0."
    )


def _axes(found: FaithfulnessFacts) -> Iterator[str]:
    curves = 2 * len(found.rankings) + 2
    yield f"Rows: {curves} curves, deletion and insertion of each map, then of random orders."
    yield f"Columns, left to right: 0 to {count(found.features, 'feature')} removed or added."
    if found.everything is not None and found.nothing is not None:
        yield (
            f"With every feature ln p = {number(found.everything)} nats, with none "
            f"{number(found.nothing)}."
        )


def _values(found: FaithfulnessFacts) -> Iterator[str]:
    if found.gaps is not None:
        cells = (2 * len(found.rankings) + 2) * (found.features + 1)
        yield gap_words(found.gaps, cells, Sides("row", "column"))
    for ranking in found.rankings:
        yield (
            f"{code(ranking.name)}: area {number(ranking.area, '+.4f')} nats, comprehensiveness "
            f"{number(ranking.comprehensiveness)}, sufficiency {number(ranking.sufficiency)}."
        )
        yield from _ranked(ranking)
        yield from _course(ranking, found.features)
    yield _random(found.random)


def _ranked(ranking: Ranking) -> Iterator[str]:
    top = listed([short(place) for place in ranking.order], most=MOST_RANKED)
    yield f"{code(ranking.name)} ranks from the top: {top}."


def _course(ranking: Ranking, features: int) -> Iterator[str]:
    if ranking.lowest is None or ranking.highest is None:
        return
    yield (
        f"{code(ranking.name)}: lowest on deletion {number(ranking.lowest.value)} nats, after "
        f"{ranking.lowest.changed} of {count(features, 'feature')}; highest on insertion "
        f"{number(ranking.highest.value)} nats, after {ranking.highest.changed}."
    )


def _random(random: RandomFacts) -> str:
    if random.pairs is None:
        return (
            "Random orders: comprehensiveness and sufficiency are both "
            f"{number(random.score)} nats, the mean over all orders."
        )
    return (
        f"Random orders: comprehensiveness and sufficiency are both {number(random.score)} ± "
        f"{random.error:.4f} nats, mean and standard error over "
        f"{count(random.pairs, 'random order')}, each with its reverse."
    )


def _observations(found: FaithfulnessFacts) -> Iterator[str]:
    for ranking in found.rankings:
        margin = found.random.margin
        yield (
            f"{code(ranking.name)}: removing its top costs "
            f"{_compared(ranking.gained, margin, 'more', 'less')} than random orders, keeping only "
            f"its top {_compared(ranking.spared, margin, 'less', 'more')}."
        )
        if ranking.area < 0:
            yield f"The reverse of the ranking by {code(ranking.name)} is the more faithful one."
        if ranking.half_agreement is not None:
            yield (
                f"Two halves of the samples of {code(ranking.name)} agree on the ranking with "
                f"Spearman's ρ = {number(ranking.half_agreement, '.3f')}."
            )


def _compared(difference: float, margin: float, above: str, below: str) -> str:
    if abs(difference) <= margin:
        return "no more and no less"
    return f"{abs(difference):.4f} nats {above if difference > 0 else below}"
