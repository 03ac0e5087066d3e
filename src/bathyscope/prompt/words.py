"""Words: what white space separates, and single characters of scripts that write without it."""

import re

from bathyscope.core.heatmap import Span
from bathyscope.prompt.segmenter import Segmenter

# Kana, CJK ideographs and their extensions; Hangul separates its words by spaces.
_UNSPACED = "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNSPACED}][^\w\s]*|[^\s{_UNSPACED}]+")


class Words(Segmenter):
    """Words with their punctuation; single characters where no space divides them."""

    name = "words"
    summary = "words with their punctuation; single characters where no space divides them"
    missing = "No word was found in the prompt"

    def find(self, text: str) -> list[Span]:
        """Return what `words` finds."""
        return words(text)


def words(text: str) -> list[Span]:
    """Return the words of a text with their punctuation, without the spaces between.

    Chinese and Japanese have no spaces between words: each character counts as one. The spaces
    stay where a word is absent, as they do around a mark; a baseline text then stands free.
    """
    return [match.span() for match in _WORD.finditer(text)]
