"""Replicates: an estimate as it might be as well, and the errors of sums.

The cells of a sampled map err together, since all of them come from the same coalitions. The error
of a sum of cells is therefore not to be had from the cells' errors. It is from replicates: whatever
is summed, how the sum changes from replicate to replicate says how uncertain it is. A replicate is
the estimate without one share of the samples, or another estimate as probable, scaled to the same
rule.
"""

import numpy as np

from bathyscope.core.heatmap import FloatArray

SHARES = 20
"""Shares of the samples that are left out in turn. Samples are dealt to them in turn, too."""


def jackknife_error(replicates: FloatArray) -> FloatArray:
    """Return the standard error of what was computed from each replicate.

    √((R − 1)/R · Σ_r (θ_r − mean)²), the delete-a-group jackknife (Efron & Stein 1981), with
    R − 1 degrees of freedom. Of a mean of R samples it is s/√R exactly.

    Args:
        replicates: Shape (R, …), R at least 2.

    Returns:
        Shape (…).
    """
    error: FloatArray = np.sqrt((len(replicates) - 1) * replicates.var(axis=0))
    return error
