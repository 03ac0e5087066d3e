"""Think@n: samples with the depth of their beginnings, a vote, and what it cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import Axis, FloatArray, Heatmap
from bathyscope.core.settling import deep_layer
from bathyscope.runs.base import Run
from bathyscope.runs.consistency import require_agreement, require_same_map
from bathyscope.runs.settling import SETTLING_DEPTH
from bathyscope.runs.voting import Vote, vote

BY_DEPTH = "the deepest sample that gives one of them; of equally deep ones the first"
"""What breaks a tie among the kept samples."""

BY_ORDER = "the first sample that gives one of them"
"""What breaks a tie among all samples, whose depth self-consistency does not know."""


@dataclass(frozen=True)
class Sample:
    """One sampled continuation.

    Attributes:
        deep_thinking_ratio: Of its prefix, 0..1.
        kept: Whether it was finished for the vote.
        finished: Whether it was finished at all.
        tokens: How many tokens were written.
        text: What was written, up to the stop.
        answer: What it answers; None where it is not finished or gives none.
    """

    deep_thinking_ratio: float
    kept: bool
    finished: bool
    tokens: int
    text: str
    answer: str | None


@dataclass(frozen=True)
class Cost:
    """Cost of a way of answering."""

    tokens: int
    seconds: float


@dataclass(frozen=True, repr=False)
class ThinkRun(Run):
    """The samples, the vote and what they cost.

    Attributes:
        heatmap: Rows are samples, columns positions in the prefix that was read, cells the layer at
            which the token there settles; NaN where a sample had ended.
        samples: In the order of their seeds.
        vote: Of the kept samples; a tie is broken by `BY_DEPTH`.
        cost: Of sampling all prefixes, reading them and finishing the kept ones.
        all_vote: Of all samples (self-consistency), where compared; broken by `BY_ORDER`.
        all_cost: Of writing all samples to their end, without reading any, where compared.
        notes: What is worth knowing before the numbers are relied on, a sentence each.
    """

    heatmap: Heatmap
    samples: tuple[Sample, ...]
    vote: Vote
    cost: Cost
    all_vote: Vote | None
    all_cost: Cost | None
    notes: tuple[str, ...] = ()
    kind: ClassVar[str] = "think"
    not_compared: ClassVar[str | None] = (
        "Runs of Think@n have no cell in common: every sample is a text of its own; give "
        "attribution, interaction or depth runs here."
    )

    @classmethod
    def of(
        cls,
        depths: Sequence[NDArray[np.int64]],
        samples: Sequence[Sample],
        seconds: float,
        all_seconds: float | None,
        provenance: Mapping[str, Any],
    ) -> Self:
        """Return the run of some samples: votes and tokens follow from them.

        Args:
            depths: Settling depths of each sample's prefix, shape (its tokens,).
            samples: In the order of their seeds.
            seconds: What it took.
            all_seconds: What self-consistency took; None where it was not compared with.
            provenance: Everything needed to compute it again.
        """
        heatmap = Heatmap(
            _padded(depths),
            Axis("sample", tuple(str(number) for number in range(1, len(samples) + 1))),
            Axis("position", tuple(str(place) for place in range(1, max(map(len, depths)) + 1))),
            SETTLING_DEPTH,
            provenance,
        )
        kept = [
            i for i in by_depth([one.deep_thinking_ratio for one in samples]) if samples[i].kept
        ]
        spent = sum(
            one.tokens if one.kept else len(read) for one, read in zip(samples, depths, strict=True)
        )
        return cls(
            heatmap,
            tuple(samples),
            vote([samples[i].answer for i in kept]),
            Cost(spent, seconds),
            None if all_seconds is None else vote([one.answer for one in samples]),
            None if all_seconds is None else Cost(sum(map(_tokens, samples)), all_seconds),
        )

    @property
    def settings(self) -> Mapping[str, Any]:
        """How it was played, as `ThinkSettings` records it."""
        settings: Mapping[str, Any] = self.provenance["settings"]
        return settings

    @property
    def num_layers(self) -> int:
        """Layers of the model."""
        layers: int = self.provenance["num_layers"]
        return layers

    @property
    def answer(self) -> str | None:
        """What the kept samples vote for; None where none gives an answer."""
        return self.vote.answer

    @property
    def all_answer(self) -> str | None:
        """What all samples vote for, where compared."""
        return None if self.all_vote is None else self.all_vote.answer

    @property
    def votes(self) -> int:
        """How many kept samples give that answer; 0 where none gives any."""
        return self.vote.votes

    @property
    def all_votes(self) -> int | None:
        """The same of all samples, where compared."""
        return None if self.all_vote is None else self.all_vote.votes

    @property
    def tie(self) -> dict[str, Any] | None:
        """Which answers of the kept samples tied, with how many votes, and what decided."""
        return self.vote.tie(BY_DEPTH)

    @property
    def all_tie(self) -> dict[str, Any] | None:
        """The same of all samples."""
        return None if self.all_vote is None else self.all_vote.tie(BY_ORDER)

    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""
        return {
            "samples": [dict(vars(sample)) for sample in self.samples],
            "answer": self.answer,
            "votes": self.vote.votes,
            "tie": self.tie,
            "cost": dict(vars(self.cost)),
            "all_answer": self.all_answer,
            "all_votes": None if self.all_vote is None else self.all_vote.votes,
            "all_tie": self.all_tie,
            "all_cost": None if self.all_cost is None else dict(vars(self.all_cost)),
        }

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run; the errors are those of `Run.from_document`."""
        samples = [Sample(**sample) for sample in document["samples"]]
        _require_layers(heatmap)
        depths = [row[~np.isnan(row)].astype(np.int64) for row in heatmap.values]
        _require_sense(samples, depths, heatmap.provenance)
        both = document["all_cost"]
        all_seconds = None if both is None else float(both["seconds"])
        seconds = float(document["cost"]["seconds"])
        found = cls.of(depths, samples, seconds, all_seconds, heatmap.provenance)
        computed = found.particulars()
        require_agreement("", {name: document[name] for name in computed}, computed)
        require_same_map(heatmap, found.heatmap)
        return found


def by_depth(ratios: Sequence[float]) -> list[int]:
    """Return samples by their ratio, the deepest first, equal ones in the order of their seeds."""
    return sorted(range(len(ratios)), key=lambda index: -ratios[index])


def _tokens(sample: Sample) -> int:
    return sample.tokens


def _padded(depths: Sequence[NDArray[np.int64]]) -> FloatArray:
    """Return depths one below the other, NaN behind those that end."""
    values = np.full((len(depths), max(map(len, depths))), np.nan)
    for row, own in zip(values, depths, strict=True):
        row[: len(own)] = own
    return values


def _require_layers(heatmap: Heatmap) -> None:
    """Raise ValueError where a cell is neither a layer of the model nor empty."""
    cells = heatmap.values[~np.isnan(heatmap.values)]
    last = min(heatmap.provenance["num_layers"], 2**31)  # more would be no whole number of NumPy's
    if not ((cells >= 1) & (cells <= last) & (cells == np.floor(cells))).all():
        raise ValueError("the map has settling depths that are no layers of the model")


def _require_sense(
    samples: Sequence[Sample], depths: Sequence[NDArray[np.int64]], said: Mapping[str, Any]
) -> None:
    """Raise ValueError where samples contradict their depths, or how they were chosen."""
    settings, layers = said["settings"], said["num_layers"]
    if said["deep_layer"] != deep_layer(layers, settings["depth_fraction"]):
        raise ValueError("provenance.deep_layer is not that of the depth fraction")
    if not len(samples) == len(depths) == settings["n"]:
        raise ValueError("the samples are not one for each row of the map, n in all")
    for number, (sample, own) in enumerate(zip(samples, depths, strict=True), 1):
        if not len(own) or len(own) != min(sample.tokens, settings["prefix"]):
            raise ValueError(f"sample {number} has another number of tokens than of depths")
        ratio = float(np.mean(own >= said["deep_layer"]))
        require_agreement(
            f"samples[{number - 1}].deep_thinking_ratio", sample.deep_thinking_ratio, ratio
        )
        if sample.finished != (sample.kept or settings["compare"]):
            raise ValueError(f"sample {number} was finished, or not, against the settings")
        if sample.answer is not None and not sample.finished:
            raise ValueError(f"sample {number} has an answer, but was not finished")
    deepest = by_depth([sample.deep_thinking_ratio for sample in samples])
    kept = [index for index in deepest if samples[index].kept]
    if not kept or kept != deepest[: len(kept)]:
        raise ValueError("the samples that were kept are not the deepest")
