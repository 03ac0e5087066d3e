import pytest

import bathyscope as bs
from bathyscope.prompt.grouping import grouped

SOURCE = "1 + 1 = 2\n\nQ: a\nA: [[2 + 2 = 4]] [[3 + 3 = 6]]\n\nQ: b\nA: 4 + 4 = 8\n\nQ: c\nA:"


def test_expressions_lie_inside_demonstrations() -> None:
    source = SOURCE.replace("[[", "").replace("]]", "")
    features = bs.Prompt.segmented(source, "expressions").features
    parents = bs.Prompt.segmented(source, "demonstrations")
    prompt, members = grouped(features, parents)
    # The expression before the first demonstration is in none and stays.
    assert prompt.features == (features[0], *parents.features)
    assert prompt.segmenter == "demonstrations"
    assert members == [[0], [1, 2], [3]]


def test_parents_without_features_are_left_out() -> None:
    features = bs.Prompt.marked(SOURCE).features
    prompt, members = grouped(features, bs.Prompt.segmented(SOURCE, "demonstrations"))
    assert len(prompt.features) == 1 and members == [[0, 1]]
    assert prompt.labels == ("Q: a\nA: 2 + 2 = 4 3 + 3 = 6\n\n",)


def test_a_feature_across_an_edge_is_refused() -> None:
    with pytest.raises(bs.InputError, match=r"0\.\.2 crosses the edge of the parent at 1\.\.4"):
        grouped([(0, 2), (2, 4)], bs.Prompt("abcd", ((1, 4),)))
