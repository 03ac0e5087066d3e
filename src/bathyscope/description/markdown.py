"""Markdown: labels that are shown as they are, whatever they contain, and back to plain text."""

import re
from collections.abc import Callable, Sequence
from typing import Any

_MARKS = {"\n": "⏎", "\r": "␍", "\t": "⇥"}


def listed(
    entries: Sequence[Any], shape: Callable[[Any], str] = str, most: int = 60, between: str = ", "
) -> str:
    """Return entries one after the other, each in its shape, and how many more there are."""
    shown = between.join(shape(entry) for entry in entries[:most])
    rest = len(entries) - most
    return f"{shown}{between.strip(', ')} and {rest:,} more" if rest > 0 else shown


def code(text: str) -> str:
    """Return text as inline code, on one line; characters that cannot be seen as escapes."""
    if not text:
        return "(nothing)"
    line = _on_one_line(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    # Markdown takes one space off each end where both have one, so these are given one more.
    edges = line[:1] + line[-1:]
    pad = " " if "`" in edges or (edges == "  " and line.strip()) else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def escaped(text: str) -> str:
    """Return text that stands in a sentence as it is, not read as Markdown."""
    return re.sub(r"([\\`*_\[\]<>&~#|])", r"\\\1", _on_one_line(text))


def as_text(markdown: str) -> str:
    """Return Markdown as plain text: headings on lines of their own, code between “ and ”."""
    from markdown_it import MarkdownIt

    lines: list[str] = []
    for block in MarkdownIt("commonmark", {"html": False}).parse(markdown):
        if block.type == "heading_open" and lines:
            lines.append("")
        if block.type == "inline":
            lines.append(
                "".join(
                    f"“{token.content}”" if token.type == "code_inline" else token.content
                    for token in block.children or ()
                )
            )
    return "\n".join(lines) + "\n"


def _on_one_line(text: str) -> str:
    return "".join(
        character if character.isprintable() else _MARKS.get(character) or ascii(character)[1:-1]
        for character in text
    )
