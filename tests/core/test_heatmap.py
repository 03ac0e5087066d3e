import json

import numpy as np
import pytest

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, Heatmap, Quantity

ROWS = Axis("target token", ("▁a", "0", "0"), ids=(1, 2, 2), spans=((0, 2), (2, 3), (3, 4)))
COLUMNS = Axis("feature", ("x", "y"))
SIGNED = Quantity("attribution", "nats", neutral=0.0)


def heatmap(values: object, quantity: Quantity = SIGNED) -> Heatmap:
    return Heatmap(np.array(values), ROWS, COLUMNS, quantity, {"seed": None})


def test_repeated_labels_keep_their_rows() -> None:
    assert heatmap([[1, 2], [3, 4], [5, 6]]).values.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_values_are_frozen_and_independent_of_the_caller() -> None:
    source = np.zeros((3, 2))
    result = heatmap(source)
    source[0, 0] = 1
    assert result.values[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        result.values[0, 0] = 1


@pytest.mark.parametrize("shape", [(2, 3), (3, 1), (3, 2, 1), (6,)])
def test_wrong_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="3 rows and 2 columns"):
        heatmap(np.zeros(shape))


def test_empty_maps_are_refused() -> None:
    with pytest.raises(InputError, match="at least one row"):
        Heatmap(np.zeros((0, 2)), Axis("row", ()), COLUMNS, SIGNED)


def test_values_beyond_the_bounds_are_refused() -> None:
    with pytest.raises(InputError, match="1 values"):
        heatmap([[0, 0.5], [1, 1.01], [0, 0]], Quantity("share", bounds=(0.0, 1.0)))


def test_values_whose_sums_would_overflow_are_refused() -> None:
    with pytest.raises(InputError, match=r"at most 1e.30 can be summed"):
        heatmap([[0, 0.5], [1, -1e308], [0, 0]])


def test_axes_need_one_entry_per_position() -> None:
    with pytest.raises(InputError, match="2 labels but 1 ids"):
        Axis("token", ("a", "b"), ids=(1,))


def test_a_document_gives_the_same_map_back() -> None:
    original = heatmap([[0.1, -2], [1 / 3, np.nan], [0, 1e-300]])
    document = json.loads(json.dumps(original.to_document(), allow_nan=False))
    again = Heatmap.from_document(document, {"seed": None})
    np.testing.assert_array_equal(again.values, original.values)
    assert (again.rows, again.columns, again.quantity) == (ROWS, COLUMNS, SIGNED)
