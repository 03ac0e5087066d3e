"""Paragraph of few words, of sentences of which some matter more."""

from collections.abc import Sequence
from dataclasses import dataclass

FULL, MOST = 80, 90
"""So many words fill a paragraph; so many it may have where a sentence of rank 1 needs them."""


@dataclass(frozen=True)
class Sentence:
    """Sentence of a paragraph, in Markdown.

    Attributes:
        text: What it says.
        rank: 0 where it must be said; of others the smaller ones are taken first, 1 up to `MOST`
            words in all.
    """

    text: str
    rank: int = 0


def paragraph(sentences: Sequence[Sentence]) -> str:
    """Return the sentences that fit, in their order.

    Args:
        sentences: In the order of reading; the first of equal rank is taken first.
    """
    kept: set[int] = set()
    words = 0
    for index in sorted(range(len(sentences)), key=lambda index: sentences[index].rank):
        more = words + len(sentences[index].text.split())
        rank = sentences[index].rank
        if rank and more > (MOST if rank == 1 else FULL):
            continue
        kept.add(index)
        words = more
    return " ".join(sentences[index].text for index in sorted(kept))
