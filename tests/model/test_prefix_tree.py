import math

from hypothesis import given
from hypothesis import strategies as st

from bathyscope.model.batches import alike
from bathyscope.model.prefix_tree import Edge, Ids, separate, shared_prefixes


def paths(roots: list[Edge]) -> dict[int, Ids]:
    """Return every sequence as the tree spells it."""
    found: dict[int, Ids] = {}
    waiting: list[tuple[Edge, Ids]] = [(edge, ()) for edge in roots]
    while waiting:
        edge, before = waiting.pop()
        assert edge.ids and edge.start == len(before)
        assert any(end == len(edge.ids) for _, end in edge.ended), "some sequence ends with it"
        for sequence, end in edge.ended:
            assert sequence not in found and 0 < end <= len(edge.ids)
            found[sequence] = before + edge.ids[:end]
        for child in edge.children:
            assert edge.start < child.start <= edge.end
            waiting.append((child, before + edge.ids[: child.start - edge.start]))
    return found


sequences = st.lists(
    st.lists(st.integers(0, 2), min_size=1, max_size=8).map(tuple), min_size=1, max_size=8
)


@given(sequences, st.data())
def test_the_tree_spells_every_sequence(ids: list[Ids], data: st.DataObject) -> None:
    private = [data.draw(st.integers(1, len(sequence))) for sequence in ids]
    roots = shared_prefixes(ids, private)
    assert paths(roots) == dict(enumerate(ids))
    waiting = list(roots)
    while waiting:
        edge = waiting.pop()
        waiting += edge.children
        for sequence, end in edge.ended:
            assert end >= private[sequence]


@given(sequences)
def test_nothing_shareable_stands_twice(ids: list[Ids]) -> None:
    """Inner edges number the distinct prefixes; a whole sequence carries what goes on from it."""
    roots = shared_prefixes(ids, [1] * len(ids))
    shareable = [sequence[:-1] for sequence in ids]
    prefixes = [prefix[:end] for prefix in shareable for end in range(1, len(prefix) + 1)]
    # A prefix of one sequence alone stays in that sequence's own edge, and costs the same there.
    tokens = sum(edge.num_tokens for edge in roots)
    assert len({*prefixes, *ids}) <= tokens <= len(set(prefixes)) + len(ids)


def test_passages_of_one_text_stand_once() -> None:
    """Four passages, each asked for by itself, and without the second: one edge each way."""
    text = tuple(range(12))
    ids = [text[:3], text[:6], text[:9], text, text[:3] + text[6:9], text[:3] + text[6:]]
    roots = shared_prefixes(ids, [3] * 6)
    assert paths(roots) == dict(enumerate(ids))
    assert sum(edge.num_tokens for edge in roots) == 3 + 9 + 6
    (whole,) = roots
    assert whole.ids == text and [child.start for child in whole.children] == [3]


@given(sequences)
def test_few_edges_lie_on_the_way_to_a_token(ids: list[Ids]) -> None:
    """Beside each edge that is gone down to lies one that is at least as heavy."""
    tokens = sum(edge.num_tokens for edge in shared_prefixes(ids, [1] * len(ids)))
    edges = shared_prefixes(ids, [1] * len(ids))
    levels = 0
    while edges:
        edges, levels = [child for edge in edges for child in edge.children], levels + 1
    assert levels <= 1 + math.log2(tokens)


def test_separate_sequences_share_nothing() -> None:
    assert paths(separate([(1, 2), (1, 2)])) == {0: (1, 2), 1: (1, 2)}


def test_thousands_of_long_prompts_are_no_problem() -> None:
    ids = [(*tuple(range(1500)), 5000 + i % 7, i) for i in range(2000)]
    roots = shared_prefixes(ids, [1] * 2000)
    assert sum(edge.num_tokens for edge in roots) == 1500 + 7 + 2000


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(1, 200))
def test_batches_hold_every_piece_once_within_the_limit(lengths: list[int], most: int) -> None:
    batches = alike(lengths, most)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= most


def test_pieces_of_unlike_length_are_kept_apart() -> None:
    assert alike([10, 100, 12, 90], 1000) == [[1, 3], [2, 0]]
    assert alike([10, 11, 12], 1000) == [[2, 1, 0]]
