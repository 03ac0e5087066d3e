"""Origins of two maps: what their provenance has in common, and what not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bathyscope.core.heatmap import Heatmap

# In words, and where in a map's provenance: what changes numbers, the most important first.
_ASPECTS = {
    "model": ("model", "name"),
    "weights": ("model", "sha256"),
    "revision": ("model", "revision"),
    "dtype": ("model", "dtype"),
    "weights kept as": ("model", "weights"),
    "device": ("model", "device"),
    "prompt": ("prompt",),
    "features": ("features",),
    "begins with": ("begins_with",),
    "target": ("target",),
    "compared with": ("against",),
    "method": ("method", "name"),
    "reading": ("reading", "name"),
    "variant": ("reading", "variant"),
    "divided into": ("chain", "steps"),
    "answer by": ("chain", "answer"),
    "value": ("method", "of"),
    "screen": ("method", "screen"),
    "absent text": ("method", "baseline"),
    "steps": ("method", "steps"),
    "path from": ("method", "path_from"),
    "lens": ("lens",),
    "translators": ("translators", "sha256"),
    "grouped by": ("by",),
    "settled at": ("threshold",),
    "depth fraction": ("depth_fraction",),
    "seed": ("seed",),
    "table": ("table",),
}


@dataclass(frozen=True)
class Aspect:
    """One thing about where a map comes from, in A and in B; None where a map does not say."""

    name: str
    a: Any
    b: Any


def origins(a: Heatmap, b: Heatmap) -> tuple[list[Aspect], list[Aspect]]:
    """Return what is the same about two maps' origins, and what differs.

    Versions of libraries are left out, as is what neither says; where one of them does not name a
    model, as tables do not, what only one says is left out, too.
    """
    found = [
        Aspect(name, _look_up(a.provenance, path), _look_up(b.provenance, path))
        for name, path in _ASPECTS.items()
    ]
    known = all("model" in heatmap.provenance for heatmap in (a, b))
    enough = any if known else all
    said = [aspect for aspect in found if enough(x is not None for x in (aspect.a, aspect.b))]
    same = [aspect for aspect in said if aspect.a == aspect.b]
    return same, [aspect for aspect in said if aspect.a != aspect.b]


def _look_up(provenance: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = provenance
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
