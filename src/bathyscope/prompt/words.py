"""Words: what white space separates, and single characters of scripts that write without it."""

import re

from bathyscope.heatmap import Span
from bathyscope.prompt.spaces import with_spaces_before

# Kana, CJK ideographs and their extensions; Hangul separates its words by spaces.
_UNSPACED = "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNSPACED}][^\w\s]*|[^\s{_UNSPACED}]+")


def words(text: str) -> list[Span]:
    """Return the words of a text, punctuation and the spaces before them included.

    Chinese and Japanese have no spaces between words: each character counts as one.
    """
    return with_spaces_before(text, (match.span() for match in _WORD.finditer(text)))
