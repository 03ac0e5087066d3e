"""Share of what coalitions differ by that the others foretell, and size of what they do not.

An interval is as honest as its model: where pairs are not foretold by other pairs, effects need
many features at once, and what was not evaluated may be unlike all that was. The share foretold is
the predictive squared correlation of leave-one-out, Q² = 1 − Σ missed² / Σ seen² (Marrel et al.
2008, "An efficient methodology for modeling complex computer codes with Gaussian processes"). Where
values are all or nothing, as ln p of a token that is either certain or out of the question, single
features may foretell most of what differs, and yet what is missed be a large part of all that there
is: its size is therefore set against the range of the values, too.
"""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Estimate

ENOUGH = 2 / 3
"""Share that is foretold of a game in which few features act together, from the fewest evaluations
on. Of an AND or OR of 8 of 20 or 40 features it is 0.4 to 0.6; of noise 0."""


MOST_MISSED = 0.275
"""Share of the range of a target's values by which predictions miss at most, in the root mean
square, where few features act together. On games of real prompts it is 0.06 to 0.26 at the fewest
evaluations; of values that are all or nothing, by eight of ten features or by a threshold on a
sum of all, 0.3."""


def share_foretold(left: FloatArray, varied: FloatArray, drawn: FloatArray) -> FloatArray:
    """Return Q² of each target, at most 1; 1 where nothing is left to foretell.

    A pair counts by how many like it were not drawn.

    Args:
        left: What predictions from the other pairs miss, shape (n, targets).
        varied: What was seen, less what is no difference between pairs, same shape.
        drawn: The share of pairs like it that was drawn, for each pair, shape (n,).
    """
    open_ = 1 - drawn
    with np.errstate(invalid="ignore"):
        missed, seen = open_ @ left**2, open_ @ varied**2
    share: FloatArray = 1 - missed / np.where(seen > 0, seen, 1.0)
    return share


def share_missed(left: FloatArray, drawn: FloatArray, span: FloatArray) -> FloatArray:
    """Return the root mean square of what is missed over the range of the values, (targets,).

    Args:
        left: What predictions from the other pairs miss, shape (n, targets).
        drawn: The share of pairs like it that was drawn, for each pair, shape (n,).
        span: The range of each target's values, shape (targets,).
    """
    open_ = 1 - drawn
    with np.errstate(invalid="ignore"):
        missed = np.sqrt(open_ @ left**2 / max(float(open_.sum()), 1e-9))
    share: FloatArray = missed / np.where(span > 0, span, 1.0)
    return share


def may_be_blind(estimate: Estimate, evaluations: int) -> tuple[str, ...]:
    """Return a sentence where some of the values are hard to foretell, else none."""
    if estimate.foretold is None:
        return ()
    unforetold = estimate.foretold < ENOUGH
    missed = np.zeros(len(unforetold)) if estimate.missed is None else estimate.missed
    hard, targets = int((unforetold | (missed > MOST_MISSED)).sum()), len(unforetold)
    if not hard:
        return ()
    which = "The map" if targets == 1 else f"{hard} of {targets} rows"
    why = (
        f"of what the {evaluations:,} evaluated coalitions differ by, only "
        f"{max(float(np.nanmin(estimate.foretold)), 0):.0%} is foretold by the others"
        if unforetold.any()
        else f"what the {evaluations:,} evaluated coalitions are worth is foretold by the others "
        f"only to within {float(np.nanmax(missed)):.0%} of the range of all values"
    )
    return (
        f"{which} may be blind to what needs many features at once: {why}. More evaluations "
        "(budget) show more.",
    )
