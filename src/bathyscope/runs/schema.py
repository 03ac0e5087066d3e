"""The published schema of `run.json`, applied: what a document says must have its types and ranges.

Of JSON Schema (draft 2020-12) this reads the words that `run.schema.json` uses, and refuses any
other, so that nothing is written there that is not checked. Stricter in one point: 1.0 is no
integer.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

Rule = Mapping[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_WORDS = {"title", "description", "$schema", "$defs", "then"}  # say nothing of their own


class NotAsPublished(ValueError):
    """Difference of a document from the schema: where, and what stands there."""


def require_published(document: Any) -> None:
    """Raise NotAsPublished where the document of a run is not as the schema says."""
    _require(document, _schema(), "")


def require_provenance(kind: str, provenance: Any) -> None:
    """Raise NotAsPublished where the provenance of a map of a kind is not as the schema says."""
    _require({"kind": kind, "provenance": provenance}, _schema()["$defs"]["origin"], "")


@cache
def _schema() -> Rule:
    text = resources.files("bathyscope.runs").joinpath("run.schema.json").read_text("utf-8")
    schema: Rule = json.loads(text)
    return schema


def _require(value: Any, rule: Rule, place: str) -> None:
    for word, said in rule.items():
        if word not in _WORDS:
            _CHECKS[word](value, said, rule, place)


def _fail(value: Any, place: str, expected: str) -> None:
    shown = repr(value)
    shown = f"{shown[:60]}…" if len(shown) > 60 else shown
    raise NotAsPublished(f"{place.lstrip('.') or 'the whole'} is {shown}, not {expected}")


def _type(value: Any, said: Any, rule: Rule, place: str) -> None:
    if type(value) not in _allowed(said):
        _fail(value, place, " or ".join([said] if isinstance(said, str) else said))


def _allowed(said: Any) -> set[type]:
    names = [said] if isinstance(said, str) else said
    return {kind for name in names for kind in _TYPES[name]}


def _const(value: Any, said: Any, rule: Rule, place: str) -> None:
    _enum(value, [said], rule, place)


def _enum(value: Any, said: Any, rule: Rule, place: str) -> None:
    if not any(type(value) is type(one) and value == one for one in said):
        _fail(value, place, f"one of {', '.join(map(str, said))}")


def _bound(holds: Callable[[Any, Any], bool], words: str) -> Callable[..., None]:
    def check(value: Any, said: Any, rule: Rule, place: str) -> None:
        if type(value) in _TYPES["number"] and not holds(value, said):
            _fail(value, place, f"{words} {said}")

    return check


def _sized(holds: Callable[[int, int], bool], words: str) -> Callable[..., None]:
    def check(value: Any, said: Any, rule: Rule, place: str) -> None:
        if isinstance(value, list) and not holds(len(value), said):
            _fail(value, place, f"a list of {words} {said}")

    return check


def _items(value: Any, said: Any, rule: Rule, place: str) -> None:
    if not isinstance(value, list):
        return
    inner = _resolved(said)
    if inner.keys() - _WORDS == {"type"} and set(map(type, value)) <= _allowed(inner["type"]):
        return  # the quick way, for the many numbers of a map
    for position, entry in enumerate(value):
        _require(entry, inner, f"{place}[{position}]")


def _required(value: Any, said: Any, rule: Rule, place: str) -> None:
    if isinstance(value, dict):
        for name in said:
            if name not in value:
                raise NotAsPublished(f"{f'{place}.{name}'.lstrip('.')} is missing")


def _properties(value: Any, said: Any, rule: Rule, place: str) -> None:
    if isinstance(value, dict):
        for name in said.keys() & value.keys():
            _require(value[name], said[name], f"{place}.{name}")


def _additional(value: Any, said: Any, rule: Rule, place: str) -> None:
    if not isinstance(value, dict):
        return
    for name in value.keys() - rule.get("properties", {}).keys():
        if said is False:
            raise NotAsPublished(f"{f'{place}.{name}'.lstrip('.')} is not known")
        if said is not True:
            _require(value[name], said, f"{place}.{name}")


def _resolved(rule: Rule) -> Rule:
    while rule.keys() == {"$ref"}:
        rule = _schema()["$defs"][rule["$ref"].removeprefix("#/$defs/")]
    return rule


def _reference(value: Any, said: str, rule: Rule, place: str) -> None:
    _require(value, _resolved({"$ref": said}), place)


def _all_of(value: Any, said: Any, rule: Rule, place: str) -> None:
    for part in said:
        _require(value, part, place)


def _one_of(value: Any, said: Any, rule: Rule, place: str) -> None:
    *others, last = said
    if not any(_holds(value, other) for other in others):
        _require(value, last, place)


def _if(value: Any, said: Rule, rule: Rule, place: str) -> None:
    if _holds(value, said):
        _require(value, rule["then"], place)


def _holds(value: Any, rule: Rule) -> bool:
    try:
        _require(value, rule, "")
    except NotAsPublished:
        return False
    return True


_CHECKS: dict[str, Callable[[Any, Any, Rule, str], None]] = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "minimum": _bound(lambda value, low: value >= low, "at least"),
    "exclusiveMinimum": _bound(lambda value, low: value > low, "above"),
    "maximum": _bound(lambda value, high: value <= high, "at most"),
    "minItems": _sized(lambda size, low: size >= low, "at least"),
    "maxItems": _sized(lambda size, high: size <= high, "at most"),
    "items": _items,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "$ref": _reference,
    "allOf": _all_of,
    "oneOf": _one_of,
    "if": _if,
}
