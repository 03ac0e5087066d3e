import numpy as np
import pytest

import bathyscope as bs
from bathyscope.prompt.grouping import group_columns

SOURCE = "1 + 1 = 2\n\nQ: a\nA: [[2 + 2 = 4]] [[3 + 3 = 6]]\n\nQ: b\nA: 4 + 4 = 8\n\nQ: c\nA:"


def heatmap(prompt: bs.Prompt, provenance: dict[str, str] | None = None) -> bs.Heatmap:
    values = np.arange(2.0 * len(prompt.features)).reshape(2, -1)
    columns = bs.Axis("feature", prompt.labels, spans=prompt.features)
    return bs.Heatmap(values, bs.Axis("t", ("x", "y")), columns, bs.Quantity("v"), provenance or {})


def test_expressions_add_up_inside_demonstrations() -> None:
    prompt = bs.Prompt.segmented(SOURCE, "expressions")
    parents = bs.Prompt.segmented(SOURCE, "demonstrations")
    grouped = group_columns(heatmap(prompt, {"prompt": prompt.text}), parents)
    # The expression before the first demonstration is in none and stays.
    assert grouped.columns.spans == (prompt.features[0], *parents.features)
    np.testing.assert_array_equal(grouped.values, [[0, 1 + 2, 3], [4, 5 + 6, 7]])
    assert grouped.provenance["grouped_from"] == [list(span) for span in prompt.features]
    assert grouped.provenance["segmenter"] == "demonstrations"


def test_parents_without_columns_are_left_out() -> None:
    prompt = bs.Prompt.marked(SOURCE)
    grouped = group_columns(heatmap(prompt), bs.Prompt.segmented(SOURCE, "demonstrations"))
    assert len(grouped.columns) == 1
    np.testing.assert_array_equal(grouped.values, [[1], [5]])


def test_what_cannot_be_grouped() -> None:
    prompt = bs.Prompt("abcd", ((0, 2), (2, 4)))
    with pytest.raises(bs.InputError, match=r"0\.\.2 crosses the edge of the parent at 1\.\.4"):
        group_columns(heatmap(prompt), bs.Prompt("abcd", ((1, 4),)))
    with pytest.raises(bs.InputError, match="another text"):
        group_columns(heatmap(prompt, {"prompt": "abcd"}), bs.Prompt("abce", ((0, 4),)))
    placeless = bs.Heatmap(
        np.ones((1, 1)), bs.Axis("t", ("x",)), bs.Axis("f", ("a",)), bs.Quantity("v")
    )
    with pytest.raises(bs.InputError, match="no place in the prompt"):
        group_columns(placeless, prompt)
