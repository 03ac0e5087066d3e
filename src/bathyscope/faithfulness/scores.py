"""One number for a curve: comprehensiveness, sufficiency, and the area between them."""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.faithfulness.curves import Curves


def comprehensiveness(deletion: FloatArray) -> FloatArray:
    """Return 1/(F + 1) Σ_{k=0..F} (v(all) − v(all without the first k)), nats.

    How much the target loses on average while features are removed from the top. Higher is more
    faithful.

    The area over the perturbation curve, AOPC, of Samek et al. 2017 (arXiv 1509.06321),
    with every number of removed features as a step; its term k = 0 is 0 and counts in the
    normalisation. DeYoung et al. 2020, "ERASER", arXiv 1911.03429, call it comprehensiveness;
    they take the probability of a class and the first 1, 5, 10, 20 and 50 % of the tokens, here
    it is the log-probability of the whole target and every k.

    Args:
        deletion: Shape (…, F + 1), from v(all) to v(none), nats.

    Returns:
        Shape (…).
    """
    return _mean_drop(deletion[..., :1], deletion)


def sufficiency(insertion: FloatArray) -> FloatArray:
    """Return 1/(F + 1) Σ_{k=0..F} (v(all) − v(the first k alone)), nats.

    How much the target lacks on average while features are added from the top. Lower is more
    faithful. It equals the comprehensiveness of the reverse order.

    DeYoung et al. 2020, arXiv 1911.03429, with the same normalisation and the same differences
    from them as `comprehensiveness`.

    Args:
        insertion: Shape (…, F + 1), from v(none) to v(all), nats.

    Returns:
        Shape (…).
    """
    return _mean_drop(insertion[..., -1:], insertion)


def area(both: Curves) -> FloatArray:
    """Return comprehensiveness − sufficiency, shape (n,), nats.

    The mean height between the curves of the ranking and of its reverse, the same in both panels:
    1/(F + 1) Σ_k (insertion_k − deletion_{F−k}). 0 on average for random orders; below 0 the
    reverse ranking is the better one. With every k as a step, the "symmetric relevance gain" of
    Blücher et al. 2024, arXiv 2401.06654.
    """
    return comprehensiveness(both.deletion) - sufficiency(both.insertion)


def _mean_drop(whole: FloatArray, curve: FloatArray) -> FloatArray:
    drop: FloatArray = np.mean(whole - curve, axis=-1)
    return drop
