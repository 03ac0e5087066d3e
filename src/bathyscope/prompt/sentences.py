"""Sentences, by rules: no model, no language detection."""

import re

from bathyscope.core.heatmap import Span
from bathyscope.prompt.segmenter import Segmenter

# Each alternative begins where the one before cannot, so that long runs stay linear.
_END = re.compile(
    r"(?P<wide>(?<![。！？｡])[。！？｡]+[」』”’）】》\"')\]]*)"
    r"|(?P<stop>(?<![.!?…।؟۔])[.!?…।؟۔]++[\"'”’»)\]]*+(?=\s))"
    r"|(?P<line>\n\s*+)"
)
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«]+$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]$")
# Words whose full stop does not end a sentence, lower case, without it.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof sr jr st rev gen col capt lt sgt hon messrs mme mlle "
    "e.g i.e cf vs viz al approx ca fig figs eq eqs sec ch vol no nos nr pp ed eds art "
    "inc ltd co corp dept univ est jan feb mar apr jun jul aug sep sept oct nov dec "
    "bzw bspw ggf usw z.b d.h u.a vgl abb tel bd hr fr p.ex".split()
)
_LOOK_BACK = 40  # characters; no abbreviation is longer


class Sentences(Segmenter):
    """Sentences, by rules."""

    name = "sentences"
    summary = "sentences, by rules"
    missing = "No sentence was found in the prompt"

    def find(self, text: str) -> list[Span]:
        """Return what `sentences` finds."""
        return sentences(text)


def sentences(text: str) -> list[Span]:
    """Return the sentences of a text, without the white space between.

    A sentence ends at `.`, `!`, `?`, `…` with closing quotes and brackets, where white space
    follows and the next character is no small letter; at `。`, `！`, `？` anywhere; at a blank
    line; and at a line break unless the next line goes on with a small letter. A full stop after
    an abbreviation, an initial or the number that opens a list item ends nothing, and decimals
    have no white space after theirs.
    """
    found: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        if _ends(text, start, match):
            found.append((start, match.end()))
            start = match.end()
    found.append((start, len(text)))
    return [_trimmed(text, span) for span in found if text[slice(*span)].strip()]


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    """Tell whether a stop or line break ends the sentence that began at `start`."""
    if match["wide"]:
        return True
    following = _next_character(text, match.end())
    if match["line"]:
        return match["line"].count("\n") > 1 or not following.islower()
    if following.islower():
        return False
    return match["stop"] != "." or not _abbreviated(text, start, match.start(), following)


def _trimmed(text: str, span: Span) -> Span:
    """Return a span without the white space at its ends."""
    piece = text[slice(*span)]
    start = span[0] + len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())


def _next_character(text: str, position: int) -> str:
    """Return the first character that is no white space, quote or bracket; "" at the end."""
    while position < len(text) and (text[position].isspace() or text[position] in "\"'“‘«(["):
        position += 1
    return text[position : position + 1]


def _abbreviated(text: str, start: int, stop: int, following: str) -> bool:
    """Tell whether the full stop at `stop` belongs to the word before it."""
    before = text[max(start, stop - _LOOK_BACK) : stop]
    last = _LAST_WORD.search(before)
    if last is None:
        return False
    word = last[0]
    if word.isdigit():
        # "1. First" opens a list item where the sentence begins; "No. 5" needs a number after.
        return not text[start : stop - len(word)].strip()
    if word.lower() in ("no", "nos", "nr"):
        return following.isdigit()
    if len(word) == 1 and word.isupper():
        # "J. Smith", "John F. Kennedy"; but "we chose plan B. Then ..."
        earlier = before[: last.start()].split()
        return following.isupper() and (not earlier or earlier[-1][:1].isupper())
    return word.lower() in _ABBREVIATIONS or _INITIALS.match(word) is not None
