"""JSON and JSON Lines: records, what pandas writes, and what Captum and inseq leave behind."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bathyscope.core.heatmap import Heatmap
from bathyscope.tables.captum import captum_map, is_captum
from bathyscope.tables.grid import Line, NotATable, grid
from bathyscope.tables.inseq import inseq_map, is_inseq
from bathyscope.tables.pandas_json import is_pandas, pandas_map
from bathyscope.tables.text import decoded
from bathyscope.tables.tidy import is_tidy, tidy

Pairs = list[tuple[str, Any]]


def read_json(content: bytes) -> Heatmap:
    """Return the map of a JSON document: records, a DataFrame, or a result of Captum or inseq.

    Raises:
        NotATable: It is none of these, or damaged.
    """
    document = _parsed(decoded(content))
    if is_pandas(document):
        return pandas_map(document)
    if isinstance(document, list):
        return _records(document)
    if isinstance(document, dict) and is_inseq(document):
        return inseq_map(document)
    if isinstance(document, dict) and is_captum(document):
        return captum_map(document)
    raise NotATable(
        "expected a list of records, what pandas's to_json writes, the fields of a Captum result "
        "(input_tokens, output_tokens, token_attr), or what inseq's save writes."
    )


def read_json_lines(content: bytes) -> Heatmap:
    """Return the map of a text with one record a line."""
    return _records([_parsed(line) for line in decoded(content).splitlines() if line.strip()])


def _records(records: Sequence[Any]) -> Heatmap:
    """Return a table of records: their first field is the row's label, the others its cells."""
    header: Line | None = None
    lines: list[Line] = []
    for place, record in enumerate(records, start=1):
        pairs = _pairs(place, record)
        names = [name for name, _ in pairs]
        header = header or names
        lines.append(_in_order(place, header, names, pairs))
    if header is None:
        raise NotATable("it holds no record.")
    return tidy(lines) if is_tidy(header) else grid(header, lines)


def _pairs(place: int, record: Any) -> Pairs:
    if isinstance(record, _Repeated):
        return record.pairs
    if isinstance(record, dict):
        return list(record.items())
    raise NotATable(f"entry {place} is no record of a label and numbers.")


def _in_order(place: int, header: Line, names: Line, pairs: Pairs) -> Line:
    """Return the cells of a record in the order of the first one's fields."""
    if names == header:
        return [value for _, value in pairs]
    if len(set(names)) == len(names) and sorted(names) == sorted(header):
        fields = dict(pairs)
        return [fields[name] for name in header]
    raise NotATable(
        f"record {place} has the fields {_named(names)} where the first has {_named(header)}."
    )


def _named(names: Line) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:6])
    return f"{shown} and {len(names) - 6} more" if len(names) > 6 else shown or "none"


class _Repeated(dict[str, Any]):
    """An object in which a name stands twice; as labels do, so nothing is dropped."""

    pairs: Pairs


def _object(pairs: Pairs) -> Mapping[str, Any]:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    repeated = _Repeated(fields)
    repeated.pairs = pairs
    return repeated


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise NotATable(f"it is not complete JSON ({error}).") from error
    except (ValueError, RecursionError) as error:
        raise NotATable("its JSON is nested too deeply, or a number in it is too long.") from error
