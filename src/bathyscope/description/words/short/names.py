"""Names of a map's entries: short labels as they are, long ones once and then by a handle."""

import re
import unicodedata

from bathyscope.description.facts.grid import AxisFacts, Place
from bathyscope.description.markdown import code

MOST_CHARACTERS, MOST_WORDS = 24, 5
"""A text is quoted up to so many characters and words."""

_HANDLES = {"demonstrations": "demo", "sentences": "sentence", "words": "word"}
_OPENING = re.compile(r"(?:#\d+ )?\w+:[\s⏎]+")
_HALF_AN_ESCAPE = re.compile(r"\\(?:x[0-9a-f]?|u[0-9a-f]{0,3}|U[0-9a-f]{0,7})?$")


class Names:
    """Names of the entries of one axis in one paragraph.

    An entry whose label is long, or is that of another entry, too, is named by what it is and its
    number, from 1: with its label the first time, `demo 3 (Mia had 28…)`, and then without.
    """

    def __init__(self, axis: AxisFacts, noun: str) -> None:
        """Begin a paragraph.

        Args:
            axis: The axis.
            noun: What an entry is called.
        """
        self._axis, self._noun = axis, noun
        self._named: set[int] = set()

    def __call__(self, place: Place) -> str:
        """Return the name of an entry."""
        label = place.label
        alone = self._axis.labels.count(label) == 1
        if alone and self._noun == "layer" and label.isdecimal():
            return f"layer {label}"
        if alone and label and label == cut(label):
            return code(label)
        handle = f"{self._noun} {place.position + 1:,}"
        if place.position in self._named or not label:
            return handle
        self._named.add(place.position)
        shown = _OPENING.sub("", label, count=1) if self._noun == "demo" else label
        return f"{handle} ({quoted(shown or label)})"


def handle_of(segmenter: str | None) -> str:
    """Return what a feature is called by what found it."""
    return _HANDLES.get(segmenter or "", "feature")


def quoted(text: str) -> str:
    """Return the beginning of a text as inline code; of none that it is empty."""
    return code(cut(text)) if text else "an empty text"


def cut(text: str) -> str:
    """Return a text, or its beginning and an ellipsis; no character and no escape is divided."""
    pieces = re.findall(r"\s*\S+", text)
    few = text if len(pieces) <= MOST_WORDS else "".join(pieces[:MOST_WORDS])
    if len(few) > MOST_CHARACTERS:
        end = MOST_CHARACTERS - 1
        while end > 1 and unicodedata.combining(few[end]):
            end -= 1
        few = few[:end]
    if few == text:
        return text
    return _HALF_AN_ESCAPE.sub("", few).rstrip() + "…"
