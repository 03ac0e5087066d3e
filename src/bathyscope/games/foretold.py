"""Share of what coalitions differ by that the others foretell.

An interval is as honest as its model: where pairs are not foretold by other pairs, effects need
many features at once, and what was not evaluated may be unlike all that was. The share foretold is
the predictive squared correlation of leave-one-out, Q² = 1 − Σ missed² / Σ seen² (Marrel et al.
2008, "An efficient methodology for modeling complex computer codes with Gaussian processes").
"""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Estimate

ENOUGH = 2 / 3
"""Share that is foretold of a game in which few features act together, from the fewest evaluations
on. Of an AND or OR of 8 of 20 or 40 features it is 0.4 to 0.6; of noise 0."""


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


def may_be_blind(estimate: Estimate, evaluations: int) -> tuple[str, ...]:
    """Return a sentence where some of the values are hard to foretell, else none."""
    if estimate.foretold is None:
        return ()
    hard, targets = int((estimate.foretold < ENOUGH).sum()), len(estimate.foretold)
    if not hard:
        return ()
    which = "The map" if targets == 1 else f"{hard} of {targets} rows"
    return (
        f"{which} may be blind to what needs many features at once: of what the {evaluations:,} "
        f"evaluated coalitions differ by, only {max(float(np.nanmin(estimate.foretold)), 0):.0%} "
        "is foretold by the others. More evaluations (budget) show more.",
    )
