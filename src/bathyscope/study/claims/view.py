"""A study as arrays: what claims speak of, by entity and name.

record    one line of the records: right, ratio, log_prob, effect, every field and tag, …
token     a token of what is explained (also called row): text, role, operator, number, …
feature   a part of the prompt (also called column): text, operator, numbers, demonstration, …
value     a cell: nats of a feature and a token, or bits of a layer and a token
layer     the layer of a cell of a depth map, from 1
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError, advice, first_sentence
from bathyscope.core.roles import RoleRule
from bathyscope.prompt.arithmetic import Kind, symbols
from bathyscope.prompt.expressions import expressions
from bathyscope.prompt.labels import of_label
from bathyscope.prompt.roles import Role, role_table
from bathyscope.study.packages import arrow
from bathyscope.study.store import Study

Values = NDArray[Any]
"""float64 (NaN where unknown), bool, or objects (texts, None where unknown)."""

ENTITIES = {"record": "record", "token": "token", "row": "token", "feature": "feature",
            "column": "feature"}  # fmt: skip
"""What may stand before a point, and which entity it is."""

MAPS = {"attribution": ("attribution",), "depth": ("depth", "settling")}
"""The maps of a question by what they answer, the first that is there."""

TEMPLATE = 0.8
"""A token is a template word where its text is in the targets of so many of the records."""

_END = "<end>"  # stands between the tokens of two records: what stands around a token ends there
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SAME = {"×": "*", "x": "*", "X": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/", "∕": "/",
         "⁄": "/", "−": "-", "–": "-", "**": "^"}  # fmt: skip


def operator(text: str) -> str:
    """Return an operator in ASCII: `*` for × and x, `/` for ÷, `-` for −."""
    bare = text.strip()
    return _SAME.get(bare, bare)


@lru_cache(maxsize=1 << 16)  # parts of prompts repeat from record to record
def operators(text: str) -> tuple[str, ...]:
    """Return the different operators of the arithmetic in a text, in the order of the text."""
    found: dict[str, None] = {}
    for start, end in expressions(text):
        for symbol in symbols(text[start:end]):
            if symbol.kind is Kind.OPERATOR:
                found.setdefault(operator(symbol.text))
    return tuple(found)


def numbers(text: str) -> tuple[str, ...]:
    """Return the numbers of a text as digits, without thousands separators."""
    return tuple(match.replace(",", "") for match in _NUMBER.findall(text))


@dataclass(frozen=True)
class MapCells:
    """The cells of one kind of map.

    Attributes:
        value: Shape (cells,).
        token: Which token each belongs to, an index.
        feature: Which feature, an index; empty for a depth map.
        layer: Which layer, from 1; empty for an attribution map.
    """

    value: Values
    token: NDArray[np.int64]
    feature: NDArray[np.int64]
    layer: NDArray[np.int64]


class StudyView:
    """The answered records of a study, as arrays."""

    def __init__(self, study: Study, rules: Sequence[RoleRule] = ()) -> None:
        """Read a study; tables are read when they are asked for.

        Args:
            study: The study.
            rules: A user's own roles, before the standard ones.
        """
        self.study = study
        self.roles = role_table(rules)
        self._kept: dict[tuple[str, str, str], Values] = {}
        self._read: dict[tuple[str, tuple[str, ...]], tuple[Any, NDArray[np.int64]]] = {}
        self._cells: dict[str, MapCells] = {}

    def __repr__(self) -> str:
        """Return of what study it is, on one line."""
        return f"<StudyView of {self.study.folder}>"

    @cached_property
    def records(self) -> Any:
        """The records that were answered, an Arrow table, in the order of the input."""
        table = self.study.table("records")
        pa = arrow()
        table = table.filter(pa.compute.equal(table.column("status").cast("string"), "ok"))
        return table.sort_by([("place", "ascending"), ("id", "ascending")])

    @cached_property
    def ids(self) -> list[str]:
        """The ids of those records."""
        found: list[str] = self.records.column("id").to_pylist()
        return found

    @cached_property
    def failed(self) -> dict[str, str]:
        """The sentences of the records that failed, by id."""
        table = self.study.table("records", ("id", "status", "error"))
        lines = table.to_pylist()
        return {line["id"]: line["error"] for line in lines if line["status"] != "ok"}

    @cached_property
    def fields(self) -> list[dict[str, Any]]:
        """Fields and tags of every record; a tag may not hide a field."""
        pairs = zip(*(self.records.column(n).to_pylist() for n in ("tags", "fields")), strict=True)
        try:
            return [{**json.loads(tags), **json.loads(own)} for tags, own in pairs]
        except (TypeError, ValueError) as error:
            raise InputError(
                f"The study {self.study.folder} is damaged: the fields of a record cannot be read "
                f"({first_sentence(error)})."
            ) from error

    @cached_property
    def clusters(self) -> NDArray[np.int64]:
        """Which records belong together: those of one template where given, else of one record."""
        owners = self.records.column("record").to_pylist()
        names = [
            str(fields["template"]) if fields.get("template") is not None else f"\0{owner}"
            for fields, owner in zip(self.fields, owners, strict=True)
        ]
        return np.unique(names, return_inverse=True)[1].astype(np.int64)

    def tokens(self, kind: str) -> Any:
        """Return the tokens of one kind of map, with their record's index.

        Raises:
            InputError: The study has no such map.
        """
        return self._lines("tokens", MAPS[kind])

    @cached_property
    def features(self) -> tuple[Any, NDArray[np.int64]]:
        """The features, and for each its record's index."""
        return self._indexed(self.study.table("features"))

    def cells(self, kind: str) -> MapCells:
        """Return the cells of one kind of map.

        Raises:
            InputError: The study has no such map.
        """
        if kind not in self._cells:
            self._cells[kind] = self._read_cells(kind)
        return self._cells[kind]

    def _read_cells(self, kind: str) -> MapCells:
        names = ("id", "map", "row", "column", "value")
        cells, record = self._of_kind(self.study.table("cells", names), MAPS[kind][:1])
        row, column, value = (_array(cells, name) for name in ("row", "column", "value"))
        tokens, owner = self.tokens(kind)
        token_at = row if kind == "attribution" else column
        token = _place(owner, _array(tokens, "token"), record, token_at)
        nothing = np.empty(0, dtype=np.int64)
        known = token >= 0  # the last row of a contrast is the whole: no token
        if kind == "depth":
            return MapCells(value[known], token[known], nothing, row[known] + 1)
        features, feature_owner = self.features
        feature = _place(feature_owner, _array(features, "column"), record, column)
        if (feature[known] < 0).any():
            raise InputError(
                f"The study {self.study.folder} is damaged: it has cells of parts that it does not "
                "have; run the batch again in another folder."
            )
        return MapCells(value[known], token[known], feature[known], nothing)

    def _lines(self, name: str, kinds: tuple[str, ...]) -> tuple[Any, NDArray[np.int64]]:
        if (name, kinds) not in self._read:
            self._read[name, kinds] = self._of_kind(self.study.table(name), kinds)
        return self._read[name, kinds]

    def _of_kind(self, table: Any, kinds: Sequence[str]) -> tuple[Any, NDArray[np.int64]]:
        pa = arrow()
        names = table.column("map").cast("string")
        for kind in kinds:
            chosen = table.filter(pa.compute.equal(names, kind))
            if len(chosen):
                return self._indexed(chosen)
        asked = "attribution" if kinds[0] == "attribution" else "depth"
        option = "--attribute" if asked == "attribution" else "--depth"
        raise InputError(
            f"The study {self.study.folder} has no {asked} maps; run the batch with {option}, or "
            "claim something of what it has."
        )

    def _indexed(self, table: Any) -> tuple[Any, NDArray[np.int64]]:
        """Return the lines of answered records, and each line's record."""
        pa = arrow()
        index = pa.compute.index_in(table.column("id"), value_set=pa.array(self.ids, pa.string()))
        known = pa.compute.is_valid(index)
        record = index.filter(known).to_numpy().astype(np.int64)
        return table.filter(known), record

    def get(self, entity: str, name: str, kind: str) -> Values:
        """Return an attribute of every record, token or feature.

        Args:
            entity: "record", "token" or "feature".
            name: The attribute.
            kind: Of which map the tokens are: "attribution" or "depth".

        Raises:
            InputError: It has no such attribute.
        """
        key = entity, name, kind if entity == "token" else ""
        if key not in self._kept:
            read = {"record": self._record, "token": self._token, "feature": self._feature}
            self._kept[key] = read[entity](name, kind)
        return self._kept[key]

    def _record(self, name: str, _: str) -> Values:
        own = ("right", "ratio", "settling_depth", "log_prob", "tokens", "effect", "answer", "gold",
               "text", "order", "answer_tokens", "id", "record", "prompt")  # fmt: skip
        if name in own:
            return _array(self.records, name)
        if name == "operator":
            texts = [text or "" for text in self.records.column("text").to_pylist()]
            return _texts([next(iter(operators(text)), None) for text in texts])
        if not any(name in fields for fields in self.fields):
            known = dict.fromkeys([*own, "operator", *(n for f in self.fields for n in f)])
            raise InputError(f"A record has no {name!r}; {advice(name, known)}.")
        return _mixed([fields.get(name) for fields in self.fields])

    def _token(self, name: str, kind: str) -> Values:
        tokens, record = self.tokens(kind)
        if name in ("log_prob", "effect", "settling_depth", "rank", "label"):
            return _array(tokens, name)
        if name == "position":
            return _array(tokens, "token") + 1.0
        texts = [of_label(label) for label in tokens.column("label").to_pylist()]
        if name == "text":
            return _texts([text.strip() for text in texts])
        if name == "number":
            return _texts([next(iter(numbers(text)), None) for text in texts])
        if name == "template":
            return self._template(texts, record)
        roles = self._roles(texts, record)
        if name == "role":
            return _texts(roles)
        if name == "operator":
            pairs = zip(roles, texts, strict=True)
            return _texts([operator(t) if r == Role.OPERATOR else None for r, t in pairs])
        known = ("text", "label", "role", "operator", "number", "template", "position", "effect",
                 "log_prob", "rank", "settling_depth")  # fmt: skip
        raise InputError(f"A token (row) has no {name!r}; {advice(name, known)}.")

    def _feature(self, name: str, _: str) -> Values:
        features, _record = self.features
        if name in ("demonstration", "effect", "error", "label", "shared"):
            return _array(features, name)
        if name == "position":
            return _array(features, "column") + 1.0
        texts = features.column("text").to_pylist()
        if name == "text":
            return _texts([text.strip() for text in texts])
        if name == "role":
            return _texts(self._roles(texts, np.arange(len(texts))))
        if name in ("operator", "operators", "number", "numbers"):
            read = operators if name.startswith("operator") else numbers
            found = [read(text) for text in texts]
            if name.endswith("s"):
                return _texts(found)
            return _texts([one[0] if len(one) == 1 else None for one in found])
        known = ("text", "label", "role", "operator", "operators", "number", "numbers",
                 "demonstration", "position", "effect", "error", "shared")  # fmt: skip
        raise InputError(f"A feature (column) has no {name!r}; {advice(name, known)}.")

    def _roles(self, texts: Sequence[str], record: NDArray[np.int64]) -> list[str]:
        """Return the roles of texts; what stands around a text ends with its record."""
        line: list[str] = []
        places: list[int] = []
        previous = -1
        for text, owner in zip(texts, record.tolist(), strict=True):
            if owner != previous:
                line.append(_END)
                previous = owner
            places.append(len(line))
            line.append(text)
        roles = self.roles.roles(line)
        return [str(roles[place]) for place in places]

    def _template(self, texts: Sequence[str], record: NDArray[np.int64]) -> Values:
        """Return which tokens are template words: their text is in most records' targets."""
        counted: dict[str, set[int]] = {}
        for text, owner in zip(texts, record.tolist(), strict=True):
            counted.setdefault(text.strip(), set()).add(owner)
        least = TEMPLATE * len(set(record.tolist()))
        has_letter = {t: len(o) >= least and any(map(str.isalpha, t)) for t, o in counted.items()}
        return np.array([has_letter[text.strip()] for text in texts], dtype=bool)


def _array(table: Any, name: str) -> Values:
    """Return a column: numbers with NaN for null, flags, or texts with None."""
    column = table.column(name)
    if str(column.type) == "bool":
        flags = column.to_pylist()
        if None in flags:
            return np.array([np.nan if f is None else float(f) for f in flags])
        return np.array(flags, dtype=bool)
    if str(column.type) in ("int64", "double"):
        numbers_: Values = column.to_numpy()
        return numbers_.astype(np.float64) if column.null_count else numbers_
    return _texts(column.to_pylist())


def _texts(values: Sequence[Any]) -> Values:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _mixed(values: Sequence[Any]) -> Values:
    """Return numbers as numbers where all are, flags as flags (NaN where not known), else texts."""
    known = [value for value in values if value is not None]
    flags = all(isinstance(value, bool) for value in known)
    if flags and len(known) == len(values):
        return np.array(values, dtype=bool)
    if flags or all(isinstance(v, int | float) and not isinstance(v, bool) for v in known):
        return np.array([np.nan if value is None else float(value) for value in values])
    return _texts([None if value is None else str(written(value)) for value in values])


def written(value: Any) -> Any:
    """Return a number or a flag as the text that people write for it; others as they are."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, int | float) else value


def _place(
    owner: NDArray[np.int64], own: Values, record: NDArray[np.int64], wanted: Values
) -> NDArray[np.int64]:
    """Return for each (record, number) the line that has both; −1 where none has."""
    width = 1 + int(max(own.max(initial=0), wanted.max(initial=0)))
    keys, asked = owner * width + own.astype(np.int64), record * width + wanted.astype(np.int64)
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], asked), max(0, len(keys) - 1))
    if not len(keys):
        return np.full(len(asked), -1)
    found = order[at]
    return np.where(keys[found] == asked, found, -1)
