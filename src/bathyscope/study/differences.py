"""Differences between two records of what was asked, in words."""

from collections.abc import Mapping
from typing import Any


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Return where two records of settings differ, each as a sentence's part."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return [
            difference
            for name in dict.fromkeys([*one, *other])
            for difference in differences(
                one.get(name), other.get(name), f"{path}.{name}" if path else str(name)
            )
        ]
    if one == other:
        return []
    shown = [text if len(text) <= 60 else text[:59] + "…" for text in (repr(one), repr(other))]
    return [f"{path} is {shown[0]} there and {shown[1]} here"]
