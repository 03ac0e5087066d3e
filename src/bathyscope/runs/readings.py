"""Readings of a depth map's cells: further quantities, and each layer's own tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray, Quantity
from bathyscope.runs.validation import floats, numbers_or_null

BEFORE_RECORDED: dict[str, dict[str, Any]] = {
    "entropy": {
        "name": "entropy",
        "unit": "bits",
        "bounds": None,
        "neutral": None,
        "legend": "H(p): bits of uncertainty in a layer's prediction",
    },
    "kl_from_last": {
        "name": "KL divergence from the last layer",
        "unit": "bits",
        "bounds": None,
        "neutral": None,
        "legend": "KL(q ‖ p): bits lost by whoever takes a layer's prediction for the last layer's",
    },
    "probability": {
        "name": "probability of the token",
        "unit": "",
        "bounds": [0.0, 1.0],
        "neutral": None,
        "legend": "p(y): what a layer gives the token",
    },
    "rank": {
        "name": "rank of the token",
        "unit": "",
        "bounds": None,
        "neutral": None,
        "legend": "1: a layer would say this token itself",
    },
    "cosine": {
        "name": "cosine with the last layer",
        "unit": "",
        "bounds": [-1.0, 1.0],
        "neutral": 0.0,
        "legend": "cosine of the angle between a layer's residual stream and the last layer's",
    },
}
"""What the five statistics of runs measured before each run recorded it itself."""


@dataclass(frozen=True)
class Readings:
    """Readings of each cell of a depth map, beside its divergence.

    Attributes:
        cells: Arrays (num_layers − 1, tokens) of layer statistics by name.
        top_ids: The k most probable tokens of each cell, (num_layers − 1, tokens, k), int64; k
            is 0 where they were not asked for.
        top_probabilities: Their probabilities, same shape.
        labels: Display text of every token id in `top_ids`.
        quantities: What each of `cells` measures, by the same names.
    """

    cells: Mapping[str, FloatArray]
    top_ids: NDArray[np.int64]
    top_probabilities: FloatArray
    labels: Mapping[int, str]
    quantities: Mapping[str, Quantity]

    @property
    def top_k(self) -> int:
        """How many tokens are named for each cell."""
        return int(self.top_ids.shape[-1])

    def says(self, layer: int, token: int) -> list[tuple[str, float]]:
        """Return what a layer (from 1) would say at a token (from 0): labels, probabilities."""
        pairs = zip(
            self.top_ids[layer - 1, token], self.top_probabilities[layer - 1, token], strict=True
        )
        return [(self.labels[int(id)], float(probability)) for id, probability in pairs]

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **{name: numbers_or_null(values) for name, values in self.cells.items()},
            "top_ids": self.top_ids.tolist(),
            "top_probabilities": numbers_or_null(self.top_probabilities),
            "labels": {str(id): label for id, label in self.labels.items()},
            "quantities": {name: one.to_document() for name, one in self.quantities.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any], layers: int, tokens: int) -> "Readings":
        """Rebuild the readings of a map of so many layers and tokens from `to_document`."""
        values = dict(document)
        labels = {int(id): str(label) for id, label in values.pop("labels").items()}
        top_ids = np.array(values.pop("top_ids"), dtype=np.int64)
        top_probabilities = floats(values.pop("top_probabilities"), *top_ids.shape)
        if top_ids.shape[:-1] != (layers, tokens) or not set(top_ids.ravel().tolist()) <= set(
            labels
        ):
            raise ValueError("the top tokens do not fit the map")
        quantities = {
            name: Quantity.from_document(one)
            for name, one in values.pop("quantities", BEFORE_RECORDED).items()
        }
        cells = {name: floats(cell, layers, tokens) for name, cell in values.items()}
        return cls(cells, top_ids, top_probabilities, labels, quantities)
