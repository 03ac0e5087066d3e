"""How faithful maps are, in words: every sentence computed from the numbers and true of them."""

from collections.abc import Iterator

from bathyscope.confidence import student_quantile
from bathyscope.faithfulness_run import FaithfulnessRun, RandomReference, RankedMap
from bathyscope.render.markdown import code, listed


def describe_faithfulness(run: FaithfulnessRun) -> str:
    """Return the curves and scores as Markdown."""
    count, features = len(run.maps), len(run.features)
    title = "1 map" if count == 1 else f"{count} maps"
    parts = [f"# How faithful {title} of {features} features {'is' if count == 1 else 'are'}", ""]
    parts += [_overview(run), "", "## Scores", ""]
    parts += [f"- {line}" for ranked in run.maps for line in _scores(run, ranked)]
    parts += [f"- {_random(run.random)}", "", "## Curves", ""]
    parts += [f"- {line}" for line in _courses(run)]
    return "\n".join(parts) + "\n"


def _overview(run: FaithfulnessRun) -> str:
    provenance = run.heatmap.provenance
    baseline = provenance["baseline"]
    absent = f"replaced by {code(baseline)}" if baseline else "left out"
    return (
        f"{code(provenance['model']['name'])} "
        f"{'wrote' if provenance['generated'] else 'was given'} the continuation "
        f"{code(provenance['target'])}. A point of a curve is the log-probability of all of it, in "
        "nats, after features were removed from the whole prompt (deletion) or added to the empty "
        f"one (insertion), those with the highest attribution first; an absent feature is {absent}."
    )


def _scores(run: FaithfulnessRun, ranked: RankedMap) -> Iterator[str]:
    top = listed([run.features[position] for position in ranked.order], code, most=5)
    yield (
        f"{code(ranked.name)}: area {ranked.area:+.4f} nats, comprehensiveness "
        f"{ranked.comprehensiveness:.4f}, sufficiency {ranked.sufficiency:.4f}; its ranking from "
        f"the top: {top}. {_against_random(ranked, run.random)}"
    )
    if ranked.area < 0:
        yield f"The reverse of the ranking by {code(ranked.name)} is the more faithful one."
    if ranked.half_agreement is not None:
        yield (
            f"Two halves of the samples of {code(ranked.name)} agree on the ranking with "
            f"Spearman's ρ = {ranked.half_agreement:.3f}."
        )


def _against_random(ranked: RankedMap, random: RandomReference) -> str:
    """Compare both scores with random orders, within their 95 % interval where sampled."""
    margin = 0.0
    if random.comprehensiveness_error is not None and random.pairs is not None:
        margin = random.comprehensiveness_error * student_quantile(random.pairs - 1)
    gained = ranked.comprehensiveness - random.comprehensiveness
    spared = random.comprehensiveness - ranked.sufficiency
    return (
        f"Removing its top costs {_compared(gained, margin, 'more', 'less')} than random orders, "
        f"keeping only its top {_compared(spared, margin, 'less', 'more')}."
    )


def _compared(difference: float, margin: float, above: str, below: str) -> str:
    if abs(difference) <= margin:
        return "no more and no less"
    return f"{abs(difference):.4f} nats {above if difference > 0 else below}"


def _random(random: RandomReference) -> str:
    if random.pairs is None:
        return (
            "Random orders: comprehensiveness and sufficiency are both "
            f"{random.comprehensiveness:.4f} nats, the mean over all orders."
        )
    return (
        "Random orders: comprehensiveness and sufficiency are both "
        f"{random.comprehensiveness:.4f} ± {random.comprehensiveness_error:.4f} nats, mean and "
        f"standard error over {random.pairs} random orders, each with its reverse."
    )


def _courses(run: FaithfulnessRun) -> Iterator[str]:
    yield (
        f"With every feature ln p = {run.deletion[0, 0]:.4f} nats, with none "
        f"{run.insertion[0, 0]:.4f}."
    )
    for index, ranked in enumerate(run.maps):
        low, high = run.deletion[index].argmin(), run.insertion[index].argmax()
        yield (
            f"{code(ranked.name)}: lowest on deletion {run.deletion[index, low]:.4f}, after {low} "
            f"of {len(run.features)} features; highest on insertion "
            f"{run.insertion[index, high]:.4f}, after {high}."
        )
