"""Files of inseq's `FeatureAttributionOutput.save` (inseq 0.7)."""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, Quantity
from bathyscope.tables.grid import NotATable, table_map
from bathyscope.tables.tokens import token_labels

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def is_inseq(document: Mapping[str, Any]) -> bool:
    """Tell whether a JSON object is a saved result of inseq."""
    fields = _fields(document)
    return isinstance(fields, dict) and "sequence_attributions" in fields


def inseq_map(document: Mapping[str, Any]) -> Heatmap:
    """Return rows of generated tokens, columns of the tokens they were attributed to.

    Of an encoder-decoder model the columns are the source's tokens, followed by the target's where
    these were attributed to, too. NaN stands where a token had not been written yet. Scores for
    each part of an embedding are made one as inseq's own `aggregate` does: their L2 norm, divided
    by the sum of norms over the tokens.

    Raises:
        NotATable: It holds several sequences, scores that must be aggregated first, or is damaged.
    """
    try:
        sequences = _fields(document)["sequence_attributions"]
        if len(sequences) != 1:
            raise NotATable(
                f"it holds {len(sequences)} sequences; save with split_sequences=True and give "
                "one of the files."
            )
        return _map(_fields(document)["info"], _fields(sequences[0]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotATable(f"what inseq saved is damaged: {error!r}.") from error


def _map(info: Mapping[str, Any], sequence: Mapping[str, Any]) -> Heatmap:
    source, target = sequence["source"], sequence["target"]
    parts = [
        (tokens, _array(sequence[name]))
        for tokens, name in ((source, "source_attributions"), (target, "target_attributions"))
        if sequence[name] is not None
    ]
    inputs = [token for tokens, _ in parts for token in tokens]
    known = [_fields(token)["token"] for token in (*source, *target)]
    scores = _aggregated(np.concatenate([scores for _, scores in parts]))
    generated = slice(sequence["attr_pos_start"], sequence["attr_pos_end"])
    rows = _axis("target token", target, generated, known)
    method = str(info.get("attribution_method"))
    signed = np.nanmin(scores) < 0
    return table_map(
        scores.T,
        rows,
        _axis("input token", inputs, slice(None), known),
        Quantity(
            f"{method} attribution", neutral=0.0 if signed else None, legend=f"inseq, {method}"
        ),
        {"format": "inseq", **{name: info.get(name) for name in ("model_name", "attributed_fn")}},
    )


def _aggregated(scores: FloatArray) -> FloatArray:
    """Return one score for each pair of tokens, shape (inputs, generated)."""
    if scores.ndim == 2:
        return scores
    if scores.ndim != 3:
        raise NotATable(
            f"its scores have {scores.ndim} dimensions; call aggregate() on the result before "
            "save()."
        )
    norms = np.sqrt((scores**2).sum(axis=-1))
    shares: FloatArray = norms / np.nansum(norms, axis=0)
    return shares


def _axis(name: str, tokens: list[Mapping[str, Any]], part: slice, known: list[str]) -> Axis:
    """Return the axis of some tokens, labelled in the context of all that are known."""
    fields = [_fields(token) for token in tokens]
    labels = token_labels([token["token"] for token in fields], beside=known)
    return Axis(name, labels[part], tuple(int(token["id"]) for token in fields)[part])


def _fields(saved: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the attributes of a saved object, which stand beside its type, or alone."""
    fields: Mapping[str, Any] = saved.get("attributes", saved)
    return fields


def _array(encoded: str) -> FloatArray:
    """Return the tensor of a safetensors file in base 64, all of whose bytes must be there.

    The file: 8 bytes with the length of a JSON header, the header, the numbers. Read here because
    the library's reader refuses the 8-bit numbers that inseq can write.
    """
    try:
        content = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise NotATable(f"its scores are not base 64 ({error}).") from error
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])["attribution"]
    begin, end = header["data_offsets"]
    shape = tuple(int(size) for size in header["shape"])
    data = content[start + begin : start + end]
    if header["dtype"] == "F8_E4M3":
        return _from_8_bits(np.frombuffer(data, np.uint8)).reshape(shape)
    if header["dtype"] not in _TYPES:
        raise NotATable(f"its scores are of type {header['dtype']}, which is not known.")
    if math.prod(shape) * np.dtype(_TYPES[header["dtype"]]).itemsize != len(data):
        raise NotATable("its scores are cut off.")
    return np.frombuffer(data, _TYPES[header["dtype"]]).reshape(shape).astype(np.float64)


def _from_8_bits(codes: Any) -> FloatArray:
    """Return the numbers of float8 e4m3fn: a sign, 4 bits of exponent (bias 7), 3 of fraction.

    Without infinities; all exponent and fraction bits set is NaN
    (Micikevicius et al. 2022, arXiv 2209.05433).
    """
    exponent, fraction = (codes >> 3 & 15).astype(int), codes & 7
    size = np.where(exponent, (8 + fraction) * 2.0 ** (exponent - 10), fraction * 2.0**-9)
    size = np.where(codes & 127 == 127, np.nan, size)
    numbers: FloatArray = np.where(codes & 128, -size, size)
    return numbers
