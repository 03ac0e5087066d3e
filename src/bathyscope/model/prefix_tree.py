"""Many token sequences as a tree in which each shared prefix stands once. Knows no model."""

from collections.abc import Sequence
from dataclasses import dataclass, field

Ids = tuple[int, ...]


@dataclass(eq=False)
class Edge:
    """A run of tokens that other runs branch off from.

    Attributes:
        ids: The tokens of this edge; never empty.
        start: How many tokens lie before it on the way from the root.
        ended: The sequences that end in it, each as its index and how many of this edge's tokens it
            has.
        children: The edges that go on from it, from its end or from a token before.
    """

    ids: Ids
    start: int
    ended: list[tuple[int, int]] = field(default_factory=list)
    children: list["Edge"] = field(default_factory=list)

    @classmethod
    def to_the_end(cls, ids: Ids, start: int, sequence: int) -> "Edge":
        """Return the edge with which a sequence ends."""
        return cls(ids[start:], start, [(sequence, len(ids) - start)])

    @property
    def end(self) -> int:
        """How many tokens lie before what goes on from its end."""
        return self.start + len(self.ids)

    @property
    def num_tokens(self) -> int:
        """Tokens of this edge and all below it: what the whole branch costs to compute."""
        return sum(len(edge.ids) for edge in _all([self]))


def shared_prefixes(sequences: Sequence[Ids], private: Sequence[int]) -> list[Edge]:
    """Return the tree of some sequences, as the edges that leave its root.

    The edge in which a sequence ends holds at least its last `private` tokens. What
    goes on from the end of a whole sequence, and has its private tokens behind it, hangs below that
    edge: of a text that is read passage by passage each passage stands once.

    Args:
        sequences: Token ids.
        private: For each sequence how many of its last tokens are not shared; at least 1.
    """
    shareable = [len(ids) - own for ids, own in zip(sequences, private, strict=True)]
    roots: list[Edge] = []
    waiting = [(roots, list(range(len(sequences))), 0)]
    while waiting:
        edges, members, depth = waiting.pop()
        ending = [index for index in members if shareable[index] <= depth]
        below: dict[int, list[int]] = {index: [] for index in ending}
        groups: dict[int, list[int]] = {}
        for index in members:
            if shareable[index] <= depth:
                continue
            trunk = _trunk(sequences, shareable, ending, index)
            if trunk is None:
                groups.setdefault(sequences[index][depth], []).append(index)
            else:
                below[trunk].append(index)
        for index in ending:
            edge = Edge.to_the_end(sequences[index], depth, index)
            edges.append(edge)
            if below[index]:
                waiting.append((edge.children, below[index], len(sequences[index])))
        for group in groups.values():
            if len(group) == 1:
                edges.append(Edge.to_the_end(sequences[group[0]], depth, group[0]))
                continue
            end = min(_common(sequences, group), *(shareable[index] for index in group))
            edge = Edge(sequences[group[0]][depth:end], depth)
            edges.append(edge)
            waiting.append((edge.children, group, end))
    _join_heaviest(roots)
    return roots


def _all(roots: Sequence[Edge]) -> list[Edge]:
    """Return some edges and all below them, none before the one that it goes on from."""
    found = [*roots]
    for edge in found:
        found += edge.children
    return found


def _join_heaviest(roots: Sequence[Edge]) -> None:
    """Have each edge go on as the heaviest that goes on from its end: as many tokens, fewer passes.

    So the others branch off from a long run, which is computed in one go, and how many runs lie on
    the way to a token grows with the logarithm of how many there are (heavy paths of Sleator &
    Tarjan 1983, "A data structure for dynamic trees").
    """
    edges = _all(roots)
    weight: dict[Edge, int] = {}
    for edge in reversed(edges):
        weight[edge] = len(edge.ids) + sum(weight[child] for child in edge.children)
    waiting = [*roots]
    while waiting:
        edge = waiting.pop()
        pieces, ended, others, at = [edge.ids], [*edge.ended], list[Edge](), len(edge.ids)
        below = edge.children
        while below:
            heir = max(below, key=weight.__getitem__)
            others += [child for child in below if child is not heir]
            ended += [(index, at + end) for index, end in heir.ended]
            pieces.append(heir.ids)
            at, below = at + len(heir.ids), heir.children
        edge.ids = tuple(id for piece in pieces for id in piece)
        edge.ended, edge.children = ended, others
        waiting += others


def _trunk(
    sequences: Sequence[Ids], shareable: Sequence[int], ending: Sequence[int], index: int
) -> int | None:
    """Return the longest of the sequences that end here which another one goes on from."""
    ids, room = sequences[index], shareable[index]
    found = [
        other
        for other in ending
        if len(sequences[other]) <= room and ids[: len(sequences[other])] == sequences[other]
    ]
    return max(found, key=lambda other: len(sequences[other]), default=None)


def separate(sequences: Sequence[Ids]) -> list[Edge]:
    """Return the same sequences with nothing shared: each is one edge from the root."""
    return [Edge.to_the_end(ids, 0, index) for index, ids in enumerate(sequences)]


def _common(sequences: Sequence[Ids], group: list[int]) -> int:
    """Return the length of the prefix that all sequences of a group share."""
    # What the first and the last in lexical order share, all between them share.
    first = min(sequences[index] for index in group)
    last = max(sequences[index] for index in group)
    return next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )
