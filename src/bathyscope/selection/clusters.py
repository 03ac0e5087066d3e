"""Clusters of vectors, the same on any number of threads, and the members nearest to the middle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray

TIE = 1e-6
"""Distances that differ by no more are equal: below it lies the rounding of the published runs."""


@dataclass(frozen=True)
class Clusters:
    """Clusters that k-means found.

    Attributes:
        labels: The cluster of each vector, from 0.
        distances: Of each vector to the centre of its cluster, Euclidean, shape (vectors,).
        record: What decides it: library, version, settings, and by how much the vector nearest to
            a border is nearer to its own centre than to the next one (`margin`).
    """

    labels: tuple[int, ...]
    distances: FloatArray
    record: dict[str, Any]


def require_scikit_learn() -> None:
    """Raise InputError where scikit-learn is missing."""
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"Clusters need scikit-learn ({error}); install 'bathyscope[select]'."
        ) from error


def clustered(vectors: FloatArray, k: int, seed: int, what: str) -> Clusters:
    """Return the clusters of k-means (Lloyd's algorithm from one k-means++ start).

    Computed in float64 on one thread: sums that threads share differ in their last bits, which
    can move a vector that lies on a border.

    Args:
        vectors: Shape (n, width).
        k: How many clusters.
        seed: scikit-learn's `random_state`.
        what: What the vectors stand for, to say so: "patterns".

    Raises:
        InputError: There are fewer different vectors than clusters, or no scikit-learn.
    """
    require_scikit_learn()
    different = len(np.unique(vectors, axis=0))
    if different < k:
        raise InputError(
            f"{k} clusters need as many different {what}, but the pool has {different}; ask for at "
            f"most {different} (-k)."
        )
    import sklearn
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    exact = np.asarray(vectors, dtype=np.float64)
    with threadpool_limits(limits=1):
        found = KMeans(n_clusters=k, random_state=seed, n_init=1).fit(exact)
        distances = found.transform(exact)
    by_size = np.sort(distances, axis=1)
    gaps = by_size[:, 1] - by_size[:, 0] if k > 1 else np.array([np.inf])
    # Row by row, so that equal vectors get equal distances: a matrix product may not give them.
    own = np.sqrt(np.square(exact - found.cluster_centers_[found.labels_]).sum(axis=1))
    return Clusters(
        tuple(int(label) for label in found.labels_),
        own,
        {
            "library": f"scikit-learn {sklearn.__version__}",
            "algorithm": "k-means, Lloyd, one k-means++ start",
            "k": k,
            "seed": seed,
            "dtype": "float64",
            "threads": 1,
            "iterations": int(found.n_iter_),
            "inertia": float(found.inertia_),
            "margin": float(gaps.min()) if k > 1 else None,
        },
    )


def central(
    clusters: Clusters, keys: Sequence[str], may_be_shown: Callable[[int], bool]
) -> tuple[list[int], list[list[int]]]:
    """Return of each cluster the position nearest to its centre that may be shown, and its ties.

    Of equally near ones the first in the pool. A cluster of which none may be shown gives none, as
    in the authors' programs.

    Args:
        clusters: The clusters.
        keys: The text behind each vector.
        may_be_shown: Tells of a position whether it may be chosen.

    Returns:
        Positions in the order of their clusters, and for each all positions, itself included, of
        the same text whose distance is equal within `TIE`.
    """
    chosen, ties = [], []
    for cluster in range(max(clusters.labels) + 1):
        members = [at for at, label in enumerate(clusters.labels) if label == cluster]
        members.sort(key=lambda at: (clusters.distances[at], at))
        nearest = next((at for at in members if may_be_shown(at)), None)
        if nearest is None:
            continue
        chosen.append(nearest)
        ties.append(
            sorted(
                at
                for at in members
                if keys[at] == keys[nearest]
                and abs(clusters.distances[at] - clusters.distances[nearest]) <= TIE
            )
        )
    return chosen, ties
