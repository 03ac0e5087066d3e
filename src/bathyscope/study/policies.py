"""Ways of answering from the same samples: greedy, majority, Think@n, a random share, reverse."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.runs.voting import vote
from bathyscope.study.claims.view import StudyView
from bathyscope.study.statistics.clustered import clustered_mean, clustered_share
from bathyscope.study.statistics.estimate import Interval
from bathyscope.study.statistics.paired import McNemar, mcnemar, paired_difference
from bathyscope.study.tables import RatioBins, ratio_bins

GREEDY, MAJORITY, THINK, RANDOM, REVERSE = (
    "greedy", "majority of all", "Think@n", "random share", "reverse ranking",
)  # fmt: skip
DRAWS = 50
"""So many random shares are drawn for each record; their mean is what chance gives."""

Sample = Mapping[str, Any]


@dataclass(frozen=True)
class Policy:
    """A way of answering, with its accuracy and its cost.

    Attributes:
        name: The way.
        accuracy: Share of right answers.
        tokens: Mean of the tokens written for a record.
        against: Difference of accuracy to the majority of all, over the same records; None for it.
        test: McNemar's test of the same; None where answers are means over draws.
    """

    name: str
    accuracy: Interval
    tokens: Interval
    against: Interval | None
    test: McNemar | None

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "accuracy": self.accuracy.to_document(),
            "tokens": self.tokens.to_document(),
            "difference_to_majority": None if self.against is None else self.against.to_document(),
            "mcnemar": None if self.test is None else self.test.to_document(),
        }


@dataclass(frozen=True)
class Thought:
    """Think@n over a study.

    Attributes:
        policies: The ways of answering.
        bins: Ratio against rightness, over all samples.
        records: How many records have samples and a right answer.
    """

    policies: tuple[Policy, ...]
    bins: RatioBins
    records: int

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        policies = {policy.name: policy.to_document() for policy in self.policies}
        return {"records": self.records, "policies": policies, **self.bins.to_document()}


def thought(view: StudyView, seed: int = 0) -> Thought:
    """Return what Think@n and its rivals come to over the graded records of a study.

    Args:
        view: The study.
        seed: Where the random shares begin.

    Raises:
        InputError: No record has samples and a right answer.
    """
    samples, graded = _samples(view), view.get("record", "right", "depth").astype(float)
    gold = view.get("record", "gold", "depth")
    greedy_tokens = view.get("record", "answer_tokens", "depth")
    places = [i for i, one in enumerate(view.ids) if samples.get(one) and gold[i] is not None]
    if not places:
        raise InputError(
            f"The study {view.study.folder} has no samples of records with a right answer; run "
            "the batch with --think on records with a field `answer`."
        )
    draw = np.random.default_rng(seed)
    right: dict[str, list[float]] = {name: [] for name in (GREEDY, *_choices(draw))}
    tokens: dict[str, list[float]] = {name: [] for name in right}
    for place in places:
        own = samples[view.ids[place]]
        right[GREEDY].append(graded[place])
        tokens[GREEDY].append(float(greedy_tokens[place]))
        for name, choose in _choices(draw).items():
            played = [_played(own, chosen, gold[place]) for chosen in choose(own)]
            right[name].append(float(np.mean([one for one, _ in played])))
            tokens[name].append(float(np.mean([cost for _, cost in played])))
    clusters = view.clusters[places].tolist()
    policies = tuple(_policy(name, right, tokens, clusters) for name in right)
    return Thought(policies, _bins(samples, places, view), len(places))


def _samples(view: StudyView) -> dict[str, list[Sample]]:
    table = view.study.table("samples")
    found: dict[str, list[Sample]] = {}
    for line in table.to_pylist():
        found.setdefault(line["id"], []).append(line)
    return {one: sorted(own, key=lambda line: line["sample"]) for one, own in found.items()}


def _choices(
    draw: np.random.Generator,
) -> dict[str, Callable[[Sequence[Sample]], list[list[int]]]]:
    """Return which samples each way finishes, in the order in which they break ties."""

    def kept(own: Sequence[Sample]) -> int:
        return sum(bool(one["kept"]) for one in own)

    def deepest(own: Sequence[Sample]) -> list[int]:
        return sorted(range(len(own)), key=lambda i: -own[i]["ratio"])

    return {
        MAJORITY: lambda own: [list(range(len(own)))],
        THINK: lambda own: [deepest(own)[: kept(own)]],
        RANDOM: lambda own: [
            sorted(draw.choice(len(own), kept(own), replace=False).tolist()) for _ in range(DRAWS)
        ],
        REVERSE: lambda own: [deepest(own)[::-1][: kept(own)]],
    }


def _played(own: Sequence[Sample], chosen: Sequence[int], gold: str) -> tuple[bool, int]:
    """Return whether the chosen samples vote for the right answer, and the tokens it took."""
    won = vote([own[i]["answer"] for i in chosen]).answer == gold
    read = len(chosen) < len(own)  # the others were begun only
    cost = sum(one["tokens"] if i in chosen or not read else one["prefix"]
               for i, one in enumerate(own))  # fmt: skip
    return won, cost


def _policy(
    name: str,
    right: Mapping[str, list[float]],
    tokens: Mapping[str, list[float]],
    clusters: Sequence[int],
) -> Policy:
    own, most = np.array(right[name]), np.array(right[MAJORITY])
    flags = bool(np.isin(own, (0.0, 1.0)).all())
    accuracy = clustered_share(own == 1, clusters) if flags else clustered_mean(own, clusters)
    cost = clustered_mean(np.array(tokens[name]), clusters)
    if name == MAJORITY:
        return Policy(name, accuracy, cost, None, None)
    test = mcnemar(most == 1, own == 1) if flags else None
    return Policy(name, accuracy, cost, paired_difference(most, own, clusters), test)


def _bins(samples: Mapping[str, list[Sample]], places: Sequence[int], view: StudyView) -> RatioBins:
    lines = [(place, one) for place in places for one in samples[view.ids[place]]]
    ratio = np.array([one["ratio"] for _, one in lines])
    right = np.array([float(bool(one["right"])) for _, one in lines])
    return ratio_bins(ratio, right, view.clusters[[place for place, _ in lines]])
