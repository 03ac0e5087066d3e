import pytest
from hypothesis import given
from hypothesis import strategies as st

from bathyscope.core.alignment import align, aligned_axes, entries
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, Heatmap
from tests.comparison.maps import attribution, depth, table

TOKENS = st.lists(st.sampled_from("0018,x/"), max_size=30)


@given(TOKENS, TOKENS)
def test_pairs_are_the_same_entry_and_rise(one: list[str], other: list[str]) -> None:
    found = align(one, other)
    assert found.sizes == (len(one), len(other))
    assert all(one[a] == other[b] for a, b in found.pairs)
    for before, after in zip(found.pairs, found.pairs[1:], strict=False):
        assert before[0] < after[0] and before[1] < after[1]
    for (a, a_end), (b, b_end) in found.replaced:
        assert a < a_end and b < b_end
        assert not {pair[0] for pair in found.pairs} & set(range(a, a_end))
        assert not {pair[1] for pair in found.pairs} & set(range(b, b_end))
    assert found.whole == (one == other)


@given(TOKENS)
def test_a_sequence_aligns_with_itself_by_position(tokens: list[str]) -> None:
    assert align(tokens, tokens).pairs == tuple((i, i) for i in range(len(tokens)))


def test_repeated_tokens_are_paired_by_their_neighbours() -> None:
    found = align("▁$ 1 6 , 0 0 0 ▁/ ▁ 0 . 8 ▁=".split(), "▁ 1 6 , 0 0 0 ▁x ▁ 0 . 8 ▁=".split())
    assert found.replaced == (((0, 1), (0, 1)), ((7, 8), (7, 8)))
    assert found.in_a == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12] == found.in_b


def test_what_one_lacks_is_in_no_pair() -> None:
    found = align(list("abcd"), list("abxcd"))
    assert found.pairs == ((0, 0), (1, 1), (2, 3), (3, 4))
    assert found.replaced == ()
    assert not found.whole


def test_long_axes_of_few_tokens_align_in_time() -> None:
    one = [str(position % 7) for position in range(4000)]
    found = align(one, [*one[:2000], "new", *one[2000:]])
    assert len(found.pairs) == 4000
    assert found.pairs[2000] == (2000, 2001)


def test_layers_of_models_of_different_depth_do_not_correspond() -> None:
    shallow = depth([[0.1], [0.2]], ["a"], [1])
    deep = depth([[0.1], [0.2], [0.3]], ["a"], [1])
    assert aligned_axes(shallow.heatmap, deep.heatmap)[0].pairs == ()
    assert aligned_axes(deep.heatmap, deep.heatmap)[0].whole


def test_features_are_compared_by_their_text_not_by_numbered_labels() -> None:
    values = [[1.0, 2.0]]
    axis = Axis("feature", ("#1 the", "#2 the"), spans=((0, 3), (4, 7)))
    quantity = attribution(values).heatmap.quantity
    heatmap = Heatmap(values, Axis("row", ("x",)), axis, quantity, {"prompt": "the the"})  # type: ignore[arg-type]
    assert entries(heatmap, "columns") == ["the", "the"]
    assert entries(table(values), "columns") == ["c0", "c1"]


def test_axes_without_end_are_not_aligned() -> None:
    one = ["0"] * 10_001
    assert align(one, one).whole
    with pytest.raises(InputError, match="10,001 and 10,000 entries differ"):
        align(one, one[1:])
