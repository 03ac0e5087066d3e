"""Labels that a reader can tell apart."""

from collections import Counter
from collections.abc import Sequence


def distinct(labels: Sequence[str]) -> tuple[str, ...]:
    """Number the labels that occur more than once: `#1 the`, `#2 the`.

    The number stands first because figures shorten long labels at their end.
    """
    counts = Counter(labels)
    seen: Counter[str] = Counter()
    numbered: list[str] = []
    for label in labels:
        seen[label] += 1
        numbered.append(f"#{seen[label]} {label}" if counts[label] > 1 else label)
    return tuple(numbered)
