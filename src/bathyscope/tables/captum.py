"""Captum's `LLMAttributionResult`: the object, or its fields in a file.

Captum has no way to save a result, so users write its fields down: `input_tokens`,
`output_tokens`, `token_attr`, `seq_attr`, as JSON or `.npz`, perhaps with the underscores that
`vars(result)` and `dataclasses.asdict(result)` give (Captum 0.9).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, Quantity
from bathyscope.tables.grid import NotATable, number, table_map
from bathyscope.tables.tokens import prompt_labels, token_labels

_QUANTITY = Quantity("token attribution", neutral=0.0, legend="Token Attribution")


def is_captum(fields: Mapping[str, Any]) -> bool:
    """Tell whether these are the fields of a Captum result."""
    return "input_tokens" in fields and any(
        _field(fields, name) is not None for name in ("token_attr", "seq_attr")
    )


def captum_map(fields: Mapping[str, Any]) -> Heatmap:
    """Return rows of generated tokens, columns of input tokens or features.

    A result without `token_attr` is one row: the whole continuation. The unit is not known: it
    is nats where Captum was asked for `attr_target="log_prob"`.

    Raises:
        NotATable: The fields do not fit together.
    """
    inputs, outputs = _texts(fields, "input_tokens"), _texts(fields, "output_tokens")
    columns = Axis("feature", prompt_labels(inputs, beside=outputs))
    by_token = _field(fields, "token_attr")
    if by_token is None:
        rows = Axis("target", ("whole continuation",))
        values = np.atleast_2d(_numbers(_field(fields, "seq_attr")))
    else:
        rows = Axis("target token", token_labels(outputs, beside=inputs))
        values = _numbers(by_token)
    return table_map(values, rows, columns, _QUANTITY, {"format": "Captum"})


def fields_of(result: Any) -> Mapping[str, Any] | None:
    """Return the fields of a Captum result; None for an object of another kind."""
    names = ("input_tokens", "output_tokens", "token_attr", "seq_attr")
    if not all(hasattr(result, name) for name in names):
        return None
    return {name: getattr(result, name) for name in names}


def _field(fields: Mapping[str, Any], name: str) -> Any:
    return fields.get(name, fields.get(f"_{name}"))


def _texts(fields: Mapping[str, Any], name: str) -> list[str]:
    texts = np.asarray(fields.get(name, ())).ravel().tolist()
    if not all(isinstance(text, str) for text in texts):
        raise NotATable(f"its {name} are no list of texts.")
    return texts


def _numbers(values: Any) -> FloatArray:
    if hasattr(values, "detach"):  # a tensor, perhaps on an accelerator, in a type NumPy lacks
        values = values.detach().cpu().double().numpy()
    try:
        cells = np.array(values, dtype=object)
        return np.array([number(cell) for cell in cells.flat]).reshape(cells.shape)
    except (ValueError, TypeError, OverflowError) as error:
        raise NotATable("its attributions are no rectangle of numbers.") from error
