"""Files of pandas's `DataFrame.to_json`, in each of its orients but records (pandas 2 and 3).

columns (the default): {column: {index: cell}}; index: {index: {column: cell}};
split: {"columns": [...], "index": [...], "data": [[...]]}; values: [[...]];
table: {"schema": {...}, "data": [records]}.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bathyscope.core.heatmap import Heatmap
from bathyscope.core.noting import note
from bathyscope.tables.frames import frame, only_counts
from bathyscope.tables.grid import NotATable


def is_pandas(document: Any) -> bool:
    """Tell whether a JSON document has the form of one of these orients."""
    return _reader(document) is not None


def pandas_map(document: Any) -> Heatmap:
    """Return the map of such a document; its index labels the rows, as `frames.frame` has it.

    Raises:
        NotATable: Its parts do not fit together, or a cell is no number.
    """
    reader = _reader(document)
    if reader is None:
        raise NotATable("it has the form of none of pandas's orients.")
    return reader(document)


def _reader(document: Any) -> Callable[[Any], Heatmap] | None:
    if isinstance(document, list):
        return _values if document and all(isinstance(row, list) for row in document) else None
    if not isinstance(document, dict):
        return None
    if {"columns", "data"} <= document.keys() <= {"columns", "index", "data"}:
        return _split
    if document.keys() == {"schema", "data"}:
        return _table
    nested = document and all(isinstance(inner, dict) for inner in document.values())
    return _nested if nested and "attributes" not in document else None


def _values(rows: Sequence[Sequence[Any]]) -> Heatmap:
    width = max(map(len, rows))
    if any(len(row) != width for row in rows):
        raise NotATable("its rows are not all as long.")
    if all(row and isinstance(row[0], str) for row in rows):
        return frame(range(len(rows)), list(map(str, range(width))), rows)
    columns = [str(position) for position in range(1, width + 1)]
    return frame(range(1, len(rows) + 1), columns, rows)


def _split(document: Mapping[str, Any]) -> Heatmap:
    columns, lines = _list(document["columns"]), _list(document["data"])
    index = _list(document.get("index", list(range(len(lines)))))
    if len(index) != len(lines) or any(len(_list(line)) != len(columns) for line in lines):
        raise NotATable("its index, columns and data do not fit together.")
    return frame(index, columns, lines)


def _table(document: Mapping[str, Any]) -> Heatmap:
    schema, records = document["schema"], _list(document["data"])
    fields = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(fields, list) or not all(isinstance(field, dict) for field in fields):
        raise NotATable("its schema names no fields.")
    names = [field.get("name") for field in fields]
    if not all(isinstance(record, dict) and set(record) == set(names) for record in records):
        raise NotATable("its records do not have the fields that its schema names.")
    key = schema.get("primaryKey")
    index = key[0] if isinstance(key, list) and len(key) == 1 and key[0] in names else None
    columns = [name for name in names if name != index]
    lines = [[record[name] for name in columns] for record in records]
    labels = list(range(len(records))) if index is None else [record[index] for record in records]
    return frame(labels, columns, lines, "" if index in (None, "index") else str(index))


def _nested(document: Mapping[str, Mapping[str, Any]]) -> Heatmap:
    """Return what stands as objects in an object: of columns, unless the outer names count rows."""
    outer = list(document)
    inner = list(next(iter(document.values())))
    if any(list(entry) != inner for entry in document.values()):
        raise NotATable("its objects do not all have the same names in the same order.")
    cells = [list(entry.values()) for entry in document.values()]
    if _of_rows(outer, inner, cells):
        return frame(outer, inner, cells)
    if not only_counts(inner):
        note(
            "The outer names of the JSON are taken as columns, as pandas writes them by default; "
            "for a table written with orient='index', write it with orient='split'."
        )
    return frame(inner, outer, [list(row) for row in zip(*cells, strict=True)])


def _of_rows(outer: Sequence[str], inner: Sequence[str], cells: Sequence[Sequence[Any]]) -> bool:
    """Tell whether the outer names are an index that counts, and the inner ones are not."""
    if not only_counts(outer):
        return False
    if not only_counts(inner):
        return True
    # Both count: a column of texts says which way it stands.
    return all(isinstance(row[0], str) for row in cells) and len(cells) > 1


def _list(part: Any) -> list[Any]:
    if not isinstance(part, list):
        raise NotATable("a list of its columns, index or data is missing.")
    return part
