"""Coarser units of an axis: which word, and which sentence, each position belongs to."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

from bathyscope.core.heatmap import Axis, Span
from bathyscope.prompt.labels import visible
from bathyscope.prompt.sentences import sentences
from bathyscope.prompt.words import words

_SEGMENTERS: dict[str, Callable[[str], list[Span]]] = {"word": words, "sentence": sentences}

UNITS = tuple(_SEGMENTERS)
"""What tokens are read in."""


def units(axis: Axis, text: str) -> dict[str, dict[str, Any]]:
    """Return how an axis can be read in words and in sentences of its text.

    A position belongs to the unit in which its first character that is no white space lies;
    white space alone to that of the position after it, or before it where a line breaks. A unit
    that would leave every position as it is, or that its spans cannot tell, is left out.

    Returns:
        By "word" and "sentence": "of", the unit's number for every position, in order, and
        "labels", the display text of each unit.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in UNITS:
        if axis.spans is None or not text.strip():
            continue
        of, labels = unit_numbers(axis.spans, text, name)
        if of[-1] + 1 < len(of):
            found[name] = {"of": of, "labels": labels}
    return found


def unit_numbers(spans: Sequence[Span], text: str, unit: str) -> tuple[list[int], list[str]]:
    """Return the number, from 0, of the unit that each of some spans belongs to, and their texts.

    Args:
        spans: Of each position, in order; one at least.
        text: What they are spans of; something stands in it.
        unit: A name in `UNITS`.
    """
    of = _numbers(spans, text, [start for start, _ in _SEGMENTERS[unit](text)])
    return of, list(_labels(of, spans, text))


def spelled_by(tokens: Axis, text: str) -> bool:
    """Tell whether the spans of tokens are of this text.

    Those of runs by bathyscope 0.1 may be one character off: their text lacks a space at the
    beginning that the tokenizer drops.
    """
    if tokens.spans is None:
        return False
    shown = [visible(text[slice(*span)]) for span in tokens.spans]
    return all(
        label == whole or bool(whole and label.startswith(f"{whole} "))  # "é 1/2" of "é"
        for label, whole in zip(tokens.labels, shown, strict=True)
    )


def _numbers(spans: Sequence[Span], text: str, starts: Sequence[int]) -> list[int]:
    """Return the number, from 0 and without gaps, of the unit of every position."""
    segments: list[int] = []
    for start, end in _with_neighbours(spans, text):
        first = end - len(text[start:end].lstrip())
        segments.append(max(0, bisect_right(starts, first) - 1))
    numbers = [0]
    for before, after in pairwise(segments):
        numbers.append(numbers[-1] + (after != before))
    return numbers


def _with_neighbours(spans: Sequence[Span], text: str) -> list[Span]:
    """Return, for every position, the span that tells its unit: white space has its neighbour's.

    That is the one after it, or the one before it where a line breaks or nothing follows.
    """
    telling = list(spans)
    blank = [not text[slice(*span)].strip() for span in spans]
    for position in reversed(range(len(spans) - 1)):
        if blank[position] and "\n" not in text[slice(*spans[position])]:
            telling[position] = telling[position + 1]
            blank[position] = blank[position + 1]
    for position in range(1, len(spans)):
        if blank[position]:
            telling[position] = telling[position - 1]
    return telling


def _labels(of: Sequence[int], spans: Sequence[Span], text: str) -> Iterator[str]:
    """Yield each unit's text, with … for what lies between its positions and is in none."""
    for _, positions in groupby(range(len(of)), key=of.__getitem__):
        own = [spans[position] for position in positions]
        label = text[slice(*own[0])]
        for (_, before), (start, end) in pairwise(own):
            between = text[before:start]
            label += (" … " if between.strip() else between) + text[max(start, before) : end]
        yield " ".join(map(visible, label.strip().split(" "))) or visible(label)
