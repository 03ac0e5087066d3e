"""Records: the JSON objects of a file, one a line or in one list, each with its place."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.files.reading import contents
from bathyscope.core.text import decoded, require_characters, shortened

_MOST_NAMES, _LONGEST_NAME = 12, 24


@dataclass(frozen=True)
class Record:
    """A JSON object and where it stands.

    Attributes:
        place: File and line or entry, for sentences about it.
        fields: What it holds.
    """

    place: str
    fields: dict[str, Any]

    @property
    def names(self) -> str:
        """The names of its fields, for sentences about them: the first dozen, as can be shown."""
        shown = [
            name if name.isprintable() and len(name) <= _LONGEST_NAME else shortened(name)
            for name in list(self.fields)[:_MOST_NAMES]
        ]
        more = ["…"] if len(self.fields) > _MOST_NAMES else []
        return ", ".join([*shown, *more]) or "none"

    def text(self, name: str) -> str:
        """Return a field that is a text, without the white space around it.

        Raises:
            InputError: It is missing, no text, empty, or no valid Unicode.
        """
        value = self.fields.get(name)
        if not isinstance(value, str):
            came = "is missing" if name not in self.fields else f"is {kind_of_value(value)}"
            raise InputError(f"{self.place}: the field {name!r} {came}; give it as a text.")
        require_characters(value, f"field {name!r} of {self.place}")
        if not value.strip():
            raise InputError(f"{self.place}: the field {name!r} is empty; give a text.")
        return value.strip()


def read_records(path: Path) -> list[Record]:
    """Return the records of a file: JSON Lines, a list of objects, or one object.

    Raises:
        InputError: It cannot be read, holds none, or something that is none.
    """
    found = list(records_in(decoded(contents(path), str(path)), str(path)))
    if not found:
        raise InputError(f"{path} is empty; expected are JSON objects, one a line.")
    return found


def records_in(text: str, source: str) -> Iterator[Record]:
    """Yield the records of a text; see `read_records`.

    Args:
        text: The text.
        source: Where it comes from, to say so.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if text.lstrip().startswith("["):
        entries = _loaded(text, source)
        for number, entry in enumerate(entries, 1):
            yield _record(entry, f"{source}, entry {number}")
    elif len(lines) > 1 and lines[0][1].strip() == "{":  # one object over several lines
        yield _record(_loaded(text, source), source)
    else:
        for number, line in lines:
            place = f"{source}, line {number}"
            yield _record(_loaded(line, place), place)


def _record(value: Any, place: str) -> Record:
    if not isinstance(value, dict):
        raise InputError(f"{place} holds {kind_of_value(value)}, not a JSON object.")
    return Record(place, value)


def _loaded(text: str, place: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise InputError(
            f"{place} is no JSON ({reason[:200]}); expected are JSON objects, one a line."
        ) from error


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def kind_of_value(value: Any) -> str:
    """Return what a JSON value is, with its article."""
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text"}
    return names.get(type(value)) or ("a list" if isinstance(value, list) else "an object")
