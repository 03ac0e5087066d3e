"""Chains: what each step of an answer, and the answer itself, owe to what stands before them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray, Heatmap, Quantity, number_or_null
from bathyscope.core.hops import Total, total_of
from bathyscope.runs.base import Run
from bathyscope.runs.chain_checks import require_chain, response_of
from bathyscope.runs.evidence import Evidence, read_evidence
from bathyscope.runs.validation import (
    bounds,
    floats,
    numbers_or_null,
    optional_floats,
    optional_numbers,
)


@dataclass(frozen=True)
class Beside:
    """A second number of each cell.

    Attributes:
        quantity: What it measures.
        values: Shape (rows, columns).
    """

    quantity: Quantity
    values: FloatArray


@dataclass(frozen=True)
class PartRanking:
    """Faithfulness of a ranking of the prompt's parts, by deletion and insertion; nats.

    Attributes:
        by: What ranks the parts: "direct", the answer's own values, or "through", the multi-hop
            shares.
        of: Whose ln p the curves are of: "answer", or "response", all steps and the answer.
        deletion: After the first k parts of the ranking are taken out, k = 0 …
        insertion: With the first k parts alone.
        area: Comprehensiveness − sufficiency, higher is more faithful (`faithfulness.scores`).
    """

    by: str
    of: str
    deletion: tuple[float, ...]
    insertion: tuple[float, ...]
    area: float


@dataclass(frozen=True)
class StepDepth:
    """Settling depth of each row's tokens.

    Attributes:
        median: The median settling depth of each row's tokens, layers.
        deep_share: The share of them that settles deep, 0..1.
        record: How it was read: lens, threshold, depth fraction, deep layer.
    """

    median: tuple[float, ...]
    deep_share: tuple[float, ...]
    record: Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class ChainRun(Run):
    """Chain map: what each step and the answer owe to each part of the prompt and each step.

    Attributes:
        heatmap: Rows are steps, the answer last; columns the parts of the prompt, then the steps.
            Exactly 0 where a column does not stand before a row. By resampling the only row is the
            answer; its columns, and those of the published suppression, are the steps alone.
        reading: "deletion", "suppression" or "resampling": three questions, not one.
        parts: How many of the columns are parts of the prompt.
        all: By deletion: ln p of each row with everything before it, nats, shape (rows,).
        none: The same with every column taken out.
        standard_error: Of each cell where the reading sampled; 0 where a row is exact.
        degrees_of_freedom: Behind them.
        unseen: As of an attribution run.
        low: Lower ends of bootstrap intervals, 95 %; by resampling only.
        high: Upper ends.
        beside: Further numbers of each cell by name: "leave_one_out" where the map is another
            method's, "log_prob_change" beside a suppression's divergence, …
        rankings: How faithful the direct and the multi-hop ranking of the prompt's parts are.
        depth: How deep each row was decided, where asked for.
        evidence: How probable the response was.
        notes: What is worth knowing before the numbers are relied on, a sentence each.
    """

    heatmap: Heatmap
    reading: str
    parts: int
    all: FloatArray | None = None
    none: FloatArray | None = None
    standard_error: FloatArray | None = None
    degrees_of_freedom: int | None = None
    unseen: FloatArray | None = None
    low: FloatArray | None = None
    high: FloatArray | None = None
    beside: Mapping[str, Beside] = field(default_factory=dict)
    rankings: tuple[PartRanking, ...] = ()
    depth: StepDepth | None = None
    evidence: Evidence | None = None
    notes: tuple[str, ...] = ()
    kind: ClassVar[str] = "chain"

    @property
    def response(self) -> str:
        """The response as text, which follows the prompt."""
        return response_of(self.provenance)

    @property
    def asks(self) -> str:
        """What is measured by the reading: effects, divergences and accuracies are no one scale."""
        return self.heatmap.quantity.name

    @property
    def margin(self) -> FloatArray | None:
        """Half the width of each cell's 95 % interval, the map's shape; None if exact."""
        if self.low is None or self.high is None:
            return super().margin
        half: FloatArray = (self.high - self.low) / 2
        return half

    @property
    def gap(self) -> FloatArray | None:
        """Row sums minus (all − none), shape (rows,); 0 where a method is complete."""
        effect = self.effect
        return None if effect is None else self.heatmap.values.sum(axis=1) - effect

    @property
    def effect(self) -> FloatArray | None:
        """What all columns together do to each row, all − none, shape (rows,)."""
        if self.all is None or self.none is None:
            return None
        with np.errstate(invalid="ignore"):  # of what is impossible either way nothing is known
            effect: FloatArray = self.all - self.none
        return effect

    @property
    def total(self) -> Total | None:
        """The answer's shares, direct and through the steps: a heuristic (`core.hops`).

        None for other readings than deletion: their numbers are no effects that could be shared.
        """
        return total_of(self.heatmap.values, self.parts) if self.reading == "deletion" else None

    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""
        total = self.total
        return {
            "reading": self.reading,
            "parts": self.parts,
            "all": optional_numbers(self.all),
            "none": optional_numbers(self.none),
            "gap": optional_numbers(self.gap),
            "standard_error": optional_numbers(self.standard_error),
            "unseen": optional_numbers(self.unseen),
            "degrees_of_freedom": self.degrees_of_freedom,
            "low": optional_numbers(self.low),
            "high": optional_numbers(self.high),
            "beside": {
                name: {
                    "quantity": one.quantity.to_document(),
                    "values": numbers_or_null(one.values),
                }
                for name, one in self.beside.items()
            },
            "total": None
            if total is None
            else {
                "direct": total.direct.tolist(),
                "through": total.through.tolist(),
                "hops": total.hops,
            },
            "rankings": [_ranking_document(one) for one in self.rankings],
            "depth": None
            if self.depth is None
            else {
                "median": list(self.depth.median),
                "deep_share": list(self.depth.deep_share),
                **self.depth.record,
            },
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `arrays.safetensors` holds."""
        own = {"all": self.all, "none": self.none, "gap": self.gap, "low": self.low}
        given = {name: array for name, array in (own | {"high": self.high}).items()}
        return {
            **super().arrays(),
            **{name: array for name, array in given.items() if array is not None},
            **{f"beside_{name}": one.values for name, one in self.beside.items()},
        }

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run; the errors are those of `Run.from_document`."""
        require_chain(document, heatmap)
        shape = rows, columns = heatmap.values.shape
        beside = {
            name: Beside(Quantity.from_document(one["quantity"]), floats(one["values"], *shape))
            for name, one in document["beside"].items()
        }
        return cls(
            heatmap,
            document["reading"],
            document["parts"],
            optional_floats(document["all"], rows),
            optional_floats(document["none"], rows),
            optional_floats(document["standard_error"], rows, columns),
            document["degrees_of_freedom"],
            bounds(document["unseen"], rows, columns),
            optional_floats(document["low"], rows, columns),
            optional_floats(document["high"], rows, columns),
            beside,
            tuple(_ranking(one) for one in document["rankings"]),
            _depth(document["depth"], rows),
            read_evidence(document)[0],
        )


def _ranking_document(one: PartRanking) -> dict[str, Any]:
    curves = {name: list(map(number_or_null, getattr(one, name))) for name in _CURVES}
    return {**asdict(one), **curves, "area": number_or_null(one.area)}


_CURVES = ("deletion", "insertion")


def _ranking(document: Mapping[str, Any]) -> PartRanking:
    curves = {name: floats(document[name], len(document[name])) for name in _CURVES}
    deletion, insertion = (tuple(curves[name].tolist()) for name in _CURVES)
    if len(deletion) != len(insertion):
        raise ValueError("the curves of a ranking are not of one length")
    area = float(floats(document["area"]))
    expected = float(np.mean(curves["insertion"] - curves["deletion"][::-1]))
    if not np.isclose(area, expected, rtol=1e-9, atol=1e-9, equal_nan=True):
        raise ValueError("the area of a ranking is not that of its curves")
    return PartRanking(document["by"], document["of"], deletion, insertion, area)


def _depth(document: Mapping[str, Any] | None, rows: int) -> StepDepth | None:
    if document is None:
        return None
    record = dict(document)
    median, share = (tuple(record.pop(name)) for name in ("median", "deep_share"))
    if not len(median) == len(share) == rows:
        raise ValueError("depth is not one number for each row")
    return StepDepth(median, share, record)
