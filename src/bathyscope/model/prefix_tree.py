"""Many token sequences as a tree in which each shared prefix stands once. Knows no model."""

from collections.abc import Sequence
from dataclasses import dataclass, field

Ids = tuple[int, ...]


@dataclass(eq=False)
class Edge:
    """A run of tokens between two branchings.

    Attributes:
        ids: The tokens of this edge; never empty.
        start: How many tokens lie before it on the way from the root.
        sequence: Index of the sequence that ends here, or None where others go on.
        children: The edges that go on from its end.
    """

    ids: Ids
    start: int
    sequence: int | None = None
    children: list["Edge"] = field(default_factory=list)

    @property
    def num_tokens(self) -> int:
        """Tokens of this edge and all below it: what the whole branch costs to compute."""
        total, waiting = 0, [self]
        while waiting:
            edge = waiting.pop()
            total += len(edge.ids)
            waiting += edge.children
        return total


def shared_prefixes(sequences: Sequence[Ids], private: Sequence[int]) -> list[Edge]:
    """Return the tree of some sequences, as the edges that leave its root.

    Every sequence ends in an edge of its own, which holds at least its last `private` tokens.

    Args:
        sequences: Token ids.
        private: For each sequence how many of its last tokens are not shared; at least 1.
    """
    shareable = [len(ids) - own for ids, own in zip(sequences, private, strict=True)]
    roots: list[Edge] = []
    waiting = [(roots, list(range(len(sequences))), 0)]
    while waiting:
        edges, members, depth = waiting.pop()
        groups: dict[int, list[int]] = {}
        for index in members:
            if shareable[index] <= depth:
                edges.append(Edge(sequences[index][depth:], depth, index))
            else:
                groups.setdefault(sequences[index][depth], []).append(index)
        for group in groups.values():
            if len(group) == 1:
                edges.append(Edge(sequences[group[0]][depth:], depth, group[0]))
                continue
            end = min(_common(sequences, group), *(shareable[index] for index in group))
            edge = Edge(sequences[group[0]][depth:end], depth)
            edges.append(edge)
            waiting.append((edge.children, group, end))
    return roots


def separate(sequences: Sequence[Ids]) -> list[Edge]:
    """Return the same sequences with nothing shared: each is one edge from the root."""
    return [Edge(ids, 0, index) for index, ids in enumerate(sequences)]


def _common(sequences: Sequence[Ids], group: list[int]) -> int:
    """Return the length of the prefix that all sequences of a group share."""
    # What the first and the last in lexical order share, all between them share.
    first = min(sequences[index] for index in group)
    last = max(sequences[index] for index in group)
    return next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )
