"""Settings: frozen fields, overrides by keyword, and a record that is read back."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from typing import Any, Self

_UNRECORDED, _AT = "unrecorded", "at"


def unrecorded(**kwargs: Any) -> Any:
    """Return a field that no record keeps: it changes how one waits, not what comes out."""
    return field(**kwargs, metadata={_UNRECORDED: True})


def recorded_at(*path: str, **kwargs: Any) -> Any:
    """Return a field that stands in a record under other names than its own, outermost first."""
    return field(**kwargs, metadata={_AT: path})


@dataclass(frozen=True)
class Settings:
    """Base of the settings of every verb."""

    @classmethod
    def chosen(cls, settings: Self | None, overrides: Mapping[str, Any]) -> Self:
        """Return settings with some fields replaced: what every verb begins with.

        Args:
            settings: Where to begin; None takes the defaults.
            overrides: Values of fields by name, which the verb has checked (`core.keywords`).
        """
        return replace(settings or cls(), **overrides)

    def to_document(self) -> dict[str, Any]:
        """Return every field that decides what comes out, as plain JSON values."""
        document: dict[str, Any] = {}
        for one in _recorded(type(self)):
            *outer, last = _path(one)
            inner = document
            for name in outer:
                inner = inner.setdefault(name, {})
            inner[last] = self.encoded(one.name, getattr(self, one.name))
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any], **unrecorded: Any) -> Self:
        """Return the settings that a record holds among other things; the rest are defaults.

        Args:
            document: The record, and whatever stands beside it.
            **unrecorded: Fields that no record keeps.

        Raises:
            KeyError, TypeError, ValueError, InputError: The record lacks a field without which
                the numbers would be others, or holds a value that cannot be.
        """
        found: dict[str, Any] = {}
        for one in _recorded(cls):
            value: Any = document
            try:
                for name in _path(one):
                    value = value[name]
            except KeyError:
                if one.default is MISSING and one.default_factory is MISSING:
                    raise
                continue  # a record from before this setting existed has its default
            found[one.name] = cls.decoded(one.name, value)
        return cls(**found, **unrecorded)

    @staticmethod
    def encoded(name: str, value: Any) -> Any:
        """Return a field's value as JSON has it; lists for tuples."""
        return list(value) if isinstance(value, tuple) else value

    @staticmethod
    def decoded(name: str, value: Any) -> Any:
        """Return a field's value from what JSON had; tuples for lists."""
        return tuple(value) if isinstance(value, list) else value


def _recorded(kind: type[Settings]) -> list[Field[Any]]:
    return [one for one in fields(kind) if not one.metadata.get(_UNRECORDED)]


def _path(one: Field[Any]) -> tuple[str, ...]:
    path: tuple[str, ...] = one.metadata.get(_AT, (one.name,))
    return path
