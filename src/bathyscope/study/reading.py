"""Records of a file, JSON Lines, CSV or Parquet: each usable, or with why it is not."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError, first_sentence
from bathyscope.core.files.reading import contents
from bathyscope.core.text import decoded, require_characters
from bathyscope.study.packages import parquet

_LONGEST_ID = 200
TEXTS = ("prompt", "target", "against", "response", "answer")
"""Fields that are texts; a number stands for its digits."""


@dataclass(frozen=True)
class StudyRecord:
    """One line of what a batch is given.

    Attributes:
        id: What it is called: its field `id`, else its place in the file, from 1.
        place: Its place in the file, from 1.
        fields: All its fields, plain JSON values.
        tags: What it is, by name: texts and numbers.
        problem: Why it cannot be used; None where it can.
    """

    id: str
    place: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None

    def text(self, name: str) -> str | None:
        """Return one of `TEXTS`; None where the record has none."""
        value = self.fields.get(name)
        return None if value is None else str(value)


def read_study_records(path: str | Path) -> list[StudyRecord]:
    """Return the records of a file, in its order.

    Args:
        path: A file that ends in .jsonl, .ndjson, .json, .csv, .tsv or .parquet.

    Raises:
        InputError: The file cannot be read, or its ending is another.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path} does not end in {', '.join(_READERS)}; records come in one of these."
        )
    given = enumerate(reader(contents(path), path), start=1)
    found = [as_record(one, place) for place, one in given]
    if not found:
        raise InputError(f"{path} holds no record.")
    return distinct(found)


def as_record(given: Any, place: int) -> StudyRecord:
    """Return what was read at a place as a record; a text there says why it could not be read."""
    if isinstance(given, _Unreadable):
        return StudyRecord(str(place), place, problem=given.sentence)
    name = given.get("id") if isinstance(given, Mapping) else None
    usable = isinstance(name, str | int) and not isinstance(name, bool)
    identity = str(name) if usable and 0 < len(str(name)) <= _LONGEST_ID else str(place)
    try:
        return StudyRecord(identity, place, *_checked(given))
    except InputError as error:
        safe = identity.encode("utf-8", "backslashreplace").decode()
        return StudyRecord(safe, place, problem=str(error))


def distinct(records: list[StudyRecord]) -> list[StudyRecord]:
    """Return the records with the later ones of an id as unusable, under an id of their own.

    A record that repeats an earlier one word for word is left out: it is the same record.
    """
    first: dict[str, StudyRecord] = {}
    for record in records:
        earlier = first.setdefault(record.id, record)
        if earlier is record or (not record.problem and earlier.fields == record.fields):
            continue
        name, number = record.id, 2
        while f"{name}#{number}" in first:
            number += 1
        sentence = record.problem or (
            f"The id {name!r} is that of the record at place {earlier.place} already; give the "
            f"one at place {record.place} another."
        )
        renamed = f"{name}#{number}"
        first[renamed] = StudyRecord(renamed, record.place, {}, {}, sentence)
    return list(first.values())


def _checked(given: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return fields and tags.

    Raises:
        InputError: The record is none, or a field that has a meaning holds something else.
    """
    if not isinstance(given, Mapping):
        raise InputError(
            f"A record is an object with named fields, not {type(given).__name__}: {_shown(given)}."
        )
    for name, value in _texts_in(given):
        require_characters(value, f"field {name!r} of the record")
    identity: Any = given.get("id", "-")
    if (
        isinstance(identity, bool)
        or not isinstance(identity, str | int)
        or not 0 < len(str(identity)) <= _LONGEST_ID
    ):
        raise InputError(
            f"The id of a record is a text of 1 to {_LONGEST_ID} characters or a whole number, "
            f"not {_shown(identity)}."
        )
    for name in TEXTS:
        held: Any = given.get(name)
        if isinstance(held, bool) or not isinstance(held, str | int | float | None):
            raise InputError(f"The field {name!r} of a record is a text, not {_shown(held)}.")
    return given, _tags(given.get("tags"))


def _tags(given: Any) -> dict[str, Any]:
    """Return tags by name; of a list each is its own name, and true."""
    if given in (None, ""):
        return {}
    if isinstance(given, str):
        given = [part.strip() for part in given.split(";") if part.strip()]
    if isinstance(given, list) and all(isinstance(tag, str) for tag in given):
        return dict.fromkeys(given, True)
    if isinstance(given, Mapping) and all(
        value is None or isinstance(value, str | int | float) for value in given.values()
    ):
        return {str(name): value for name, value in given.items()}
    raise InputError(
        f"The tags of a record are texts and numbers by name, or a list of texts, not "
        f"{_shown(given)}."
    )


def _texts_in(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield name, str(key)
            yield from _texts_in(inner, name or str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner, name)


def _shown(value: Any) -> str:
    shown = ascii(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"


@dataclass(frozen=True)
class _Unreadable:
    """A line that is no record."""

    sentence: str


def _json_lines(content: bytes, path: Path) -> Iterator[Any]:
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _parsed(line, f"Line {number} of {path.name}")


def _json_document(content: bytes, path: Path) -> Iterator[Any]:
    whole = _parsed(content, str(path))
    if isinstance(whole, _Unreadable):
        if b"\n{" in content:  # records a line under the other ending
            yield from _json_lines(content, path)
            return
        raise InputError(whole.sentence)
    yield from whole if isinstance(whole, list) else [whole]


def _parsed(content: bytes, where: str) -> Any:
    try:
        return json.loads(decoded(content, where), parse_constant=_refuse_constant)
    except InputError as error:
        return _Unreadable(str(error))
    except (ValueError, RecursionError) as error:
        return _Unreadable(f"{where} is no JSON ({first_sentence(error)}); correct it.")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _delimited(content: bytes, path: Path) -> Iterator[Any]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    text = io.StringIO(decoded(content, str(path)), newline="")
    csv.field_size_limit(1 << 30)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    header = next(reader, None)
    if not header or len(set(header)) < len(header):
        raise InputError(f"The first line of {path} is to name its columns, each differently.")
    while True:
        try:
            line = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Unreadable(f"Line {reader.line_num} of {path.name} is no CSV ({error}).")
            return
        if not line:
            continue
        if len(line) != len(header):
            yield _Unreadable(
                f"Line {reader.line_num} of {path.name} has {len(line)} cells, the first line "
                f"names {len(header)}."
            )
        else:
            yield {name: cell for name, cell in zip(header, line, strict=True) if cell != ""}


def _columns(content: bytes, path: Path) -> Iterator[Any]:
    try:
        rows = parquet().read_table(io.BytesIO(content)).to_pylist()
    except InputError:
        raise
    except Exception as error:  # readers of foreign files raise whatever they stumble over
        raise InputError(f"{path} is no Parquet file ({first_sentence(error)}).") from error
    for number, row in enumerate(rows, start=1):
        try:
            yield json.loads(json.dumps({k: v for k, v in row.items() if v is not None}))
        except (TypeError, ValueError) as error:
            yield _Unreadable(
                f"Row {number} of {path.name} holds what JSON has no value for "
                f"({first_sentence(error)})."
            )


_READERS: dict[str, Callable[[bytes, Path], Iterator[Any]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_document,
    ".csv": _delimited,
    ".tsv": _delimited,
    ".parquet": _columns,
}
