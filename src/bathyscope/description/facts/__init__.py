"""Facts of maps, computed: numbers and names, no sentences. Words say these and no others."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from bathyscope.core.heatmap import number_or_null

FACTS_SCHEMA = 1
"""Version of the document that `to_document` makes; docs/describe.md describes it."""


UNTOLD = "untold"
"""In the metadata of a field of facts: words quote from it, no document has it."""


def to_document(found: Any, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return facts as plain JSON values: a field is a key, what does not exist is null.

    Args:
        found: A dataclass of plain values, with its `kind` as a class variable.
        notes: Those of the run.
    """
    return {
        "schema": FACTS_SCHEMA,
        "kind": found.kind,
        **_plain(found),
        "notes": list(notes),
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        told = (field.name for field in fields(value) if not field.metadata.get(UNTOLD))
        return {name: _plain(getattr(value, name)) for name in told}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return number_or_null(value)
    return value
