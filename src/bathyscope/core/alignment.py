"""Alignment of two axes: equal entries by their order, never by label alone."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap

LAYER = "layer"

MOST = 10_000
"""Axes with more entries than this are compared only where they are the same: time is quadratic."""


@dataclass(frozen=True)
class Alignment:
    """Positions of two axes that are the same entry.

    Attributes:
        sizes: How many entries A and B have.
        pairs: Positions (in A, in B) of the same entry; both rise from pair to pair.
        replaced: Stretches (start, end in A), (start, end in B) that stand in each other's place.
    """

    sizes: tuple[int, int]
    pairs: tuple[tuple[int, int], ...]
    replaced: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the axes are the same, entry by entry."""
        return self.sizes == (len(self.pairs), len(self.pairs))

    @property
    def in_a(self) -> list[int]:
        """Positions in A of the entries that both have."""
        return [pair[0] for pair in self.pairs]

    @property
    def in_b(self) -> list[int]:
        """Positions in B of the entries that both have."""
        return [pair[1] for pair in self.pairs]


def align(one: Sequence[Hashable], other: Sequence[Hashable]) -> Alignment:
    """Align two sequences of entries, which may repeat, in their order.

    The longest stretch that both share is taken first, then the longest on either side of it, and
    so on (Ratcliff and Metzener 1988, as in Python's difflib). So an entry is paired by its place
    among its neighbours, and none is paired twice.

    Raises:
        InputError: The sequences differ and are too long.
    """
    sizes = len(one), len(other)
    if list(one) == list(other):
        return Alignment(sizes, tuple((position, position) for position in range(len(one))))
    if max(sizes) > MOST:
        raise InputError(
            f"Axes of {sizes[0]:,} and {sizes[1]:,} entries differ; at most {MOST:,} are aligned. "
            "Compare a part of the maps."
        )
    pairs: list[tuple[int, int]] = []
    replaced = []
    for kind, *(a, a_end, b, b_end) in SequenceMatcher(None, one, other, False).get_opcodes():
        if kind == "equal":
            pairs += zip(range(a, a_end), range(b, b_end), strict=True)
        elif kind == "replace":
            replaced.append(((a, a_end), (b, b_end)))
    return Alignment(sizes, tuple(pairs), tuple(replaced))


def aligned_axes(a: Heatmap, b: Heatmap) -> tuple[Alignment, Alignment]:
    """Return how the rows of two maps align, and how the columns."""
    return _aligned(a, b, "rows"), _aligned(a, b, "columns")


def _aligned(a: Heatmap, b: Heatmap, side: str) -> Alignment:
    one, other = entries(a, side), entries(b, side)
    if LAYER in (getattr(a, side).name, getattr(b, side).name) and one != other:
        return Alignment((len(one), len(other)), ())  # layer 5 of 12 is not layer 5 of 30
    return align(one, other)


def entries(heatmap: Heatmap, side: str) -> list[str]:
    """Return what the entries of an axis are compared by.

    Features: their text in the prompt. Tokens: their text, not their ids, which mean something
    else in another vocabulary. Others: their labels.
    """
    axis = getattr(heatmap, side)
    prompt = heatmap.provenance.get("prompt")
    if axis.name == "feature" and axis.spans is not None and isinstance(prompt, str):
        return [prompt[start:end] for start, end in axis.spans]
    return list(axis.labels)
