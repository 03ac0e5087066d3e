"""Labels inside Markdown: whatever they contain, they are shown as they are."""

import re
from collections.abc import Callable, Sequence


def listed(entries: Sequence[str], shape: Callable[[str], str], most: int = 60) -> str:
    """Return entries one after the other, and how many more there are."""
    shown = ", ".join(shape(entry) for entry in entries[:most])
    rest = len(entries) - most
    return f"{shown} and {rest} more" if rest > 0 else shown


def code(text: str) -> str:
    """Return text as inline code of Markdown, on one line, whatever it contains."""
    line = text.replace("\n", "⏎").replace("\r", "␍")
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    # Markdown takes one space off each end where both have one, so these are given one more.
    edges = line[:1] + line[-1:]
    pad = " " if "`" in edges or (edges == "  " and line.strip()) else ""
    return f"{fence}{pad}{line}{pad}{fence}"
