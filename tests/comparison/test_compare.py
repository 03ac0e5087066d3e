"""Comparisons of hand-made maps, and of runs of tiny models."""

import json
import math
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from scipy import stats

import bathyscope as bs
from bathyscope.comparison.changes import clear_changes, largest_changes, swaps
from bathyscope.comparison.compare import compare
from bathyscope.comparison.origins import Aspect, origins
from bathyscope.core.heatmap import Quantity
from tests.comparison.maps import NATS, attribution, depth, table
from tests.conftest import tiny
from tests.reasoning.texts import PROMPT, RESPONSE

RANDOM = np.random.default_rng(7)


def test_cells_that_both_have_are_subtracted() -> None:
    a = attribution([[1, 2, 3], [4, 5, 6]], "xy", "abc")
    b = attribution([[10, 30], [0, 0], [40, 60]], "xwy", "ac")
    found = compare(a, b)
    assert found.rows.pairs == ((0, 0), (1, 2))
    assert found.columns.pairs == ((0, 0), (2, 1))
    assert found.difference is not None
    assert found.difference.values.tolist() == [[9, 27], [36, 54]]
    assert found.difference.rows.labels == ("x", "y")
    assert found.difference.columns.labels == ("a", "c")
    assert found.difference.quantity.unit == "nats"


def test_weights_in_few_bits_are_no_longer_the_same_origin() -> None:
    a = attribution(RANDOM.normal(size=(2, 3)))
    model = a.provenance["model"]
    b = attribution(RANDOM.normal(size=(2, 3)), model=model | {"weights": "int8"})
    _, different = origins(a.heatmap, b.heatmap)
    assert different == [Aspect("weights kept as", None, "int8")]


def test_the_other_way_round_changes_the_sign_alone() -> None:
    a, b = attribution(RANDOM.normal(size=(6, 4))), attribution(RANDOM.normal(size=(6, 4)))
    one, other = compare(a, b), compare(b, a)
    assert one.difference is not None and other.difference is not None
    np.testing.assert_array_equal(one.difference.values, -other.difference.values)
    assert one.correlation == pytest.approx(other.correlation)
    flat = (run.heatmap.values.ravel() for run in (a, b))
    assert one.correlation == pytest.approx(stats.spearmanr(*flat).statistic)


def test_a_map_and_itself() -> None:
    run = attribution(RANDOM.normal(size=(3, 2)))
    found = compare(run, run)
    assert found.rows.whole and found.columns.whole
    assert found.correlation == pytest.approx(1)
    assert found.difference is not None and not found.difference.values.any()
    assert largest_changes(found) == []


def test_what_changed_most() -> None:
    a = table([[0, 0], [0, 0]])
    b = table([[1, -3], [2, 0]])
    found = largest_changes(compare(a, b))
    assert [(c.row, c.column, c.difference) for c in found] == [
        ((0, 0), (1, 1), -3),
        ((1, 1), (0, 0), 2),
        ((0, 0), (0, 0), 1),
    ]


def test_sampled_maps_carry_their_error_to_the_difference() -> None:
    error = np.array([[0.1, 0.2]])
    a = attribution([[1, 1]], error=error, freedom=9, seed=1)
    b = attribution([[1.1, 9]], error=error * 2, freedom=20, seed=2)
    found = compare(a, b)
    assert found.cells is not None and found.cells.standard_error is not None
    assert found.whole_target is not None and found.whole_target.standard_error is not None
    np.testing.assert_allclose(found.cells.standard_error, error * math.sqrt(5))
    assert clear_changes(found.cells) == 1
    assert [change.clear for change in largest_changes(found)] == [True, False]
    np.testing.assert_allclose(found.whole_target.standard_error, error[0] * math.sqrt(5))
    assert not found.coupled
    assert compare(a, attribution([[0, 0]], error=error, freedom=9, seed=1)).coupled


def test_columns_that_differ_leave_what_all_features_do() -> None:
    a = attribution([[1, 2], [3, 4]], "xy", "ab")
    b = attribution([[1, 7], [3, 4]], "xz", "cd")
    found = compare(a, b)
    assert found.cells is None and found.difference is None and found.correlation is None
    assert found.together is not None
    assert (found.together.a.tolist(), found.together.b.tolist()) == ([3], [8])
    (swap,) = swaps(found)
    assert (swap.a[0].row, swap.a[0].columns, swap.a[0].values.tolist()) == (1, (1, 0), [4, 3])
    assert (swap.b[0].row, swap.b[0].columns) == (1, (1, 0))


def test_units_that_differ_are_ranked_not_subtracted() -> None:
    found = compare(
        attribution([[1, 2, 3]]), attribution([[3, 2, 9]], quantity=Quantity("p", "", neutral=0.0))
    )
    assert found.one_scale, "a unit that is not said is taken for the other's"
    logits = Quantity("attribution", "logits", neutral=0.0)
    found = compare(attribution([[1, 2, 3]]), attribution([[30, 20, 90]], quantity=logits))
    assert not found.one_scale and found.difference is None and found.together is None
    assert found.correlation == pytest.approx(0.5)
    unsigned = Quantity("saliency", "nats")
    assert not compare(attribution([[1]]), attribution([[2]], quantity=unsigned)).one_scale


def test_what_is_no_number_stays_none() -> None:
    a = table([[1, math.nan, math.inf, 2]])
    b = table([[4, 1, math.inf, 3]])
    found = compare(a, b)
    assert found.difference is not None
    np.testing.assert_array_equal(found.difference.values, [[3, math.nan, math.nan, 1]])
    assert found.correlation == pytest.approx(0.5)
    assert [change.column[0] for change in largest_changes(found)] == [0, 3]
    document = json.loads(json.dumps(found.to_document(), allow_nan=False))
    assert document["difference"]["values"] == [[3, None, None, 1]]


def test_depths_compare() -> None:
    a = depth([[0.9, 0.9, 0.9], [0.1, 0.9, 0.2], [0.1, 0.9, 0.1]], "xyz", [2, 4, 2])
    b = depth([[0.9, 0.1, 0.9], [0.1, 0.1, 0.9], [0.1, 0.1, 0.9]], "xyz", [2, 1, 4])
    found = compare(a, b)
    assert found.settling is not None and found.difference is not None
    assert found.settling.difference.tolist() == [0, -3, 2]
    assert found.difference.quantity.bounds == (-1.0, 1.0)
    deeper = depth([[0.5, 0.5, 0.5]] * 4, "xyz", [1, 1, 1])
    found = compare(a, deeper)
    assert found.settling is None and found.cells is None and found.columns.whole


def test_a_run_and_a_table_of_the_same_labels() -> None:
    run = attribution([[1, 2]], "x", "ab")
    silent = Quantity("value")
    found = compare(run, table([[2, 2]], ["x"], ["a", "b"], silent, table="t.csv"))
    assert found.one_scale and found.difference is not None
    assert found.difference.values.tolist() == [[1, 0]]
    assert found.together is None


def test_runs_of_two_demonstration_sets(tmp_path: Path) -> None:
    model = tiny("llama")
    runs = [
        bs.attribute(model, bs.Prompt.marked(text), target)
        for text, target in (("[[1+1]] [[2]] 5", "00"), ("[[1+1]] [[3]] 5", "0a"))
    ]
    found = bs.compare(*runs)
    assert found.rows.pairs == ((0, 0),)
    assert found.columns.pairs == ((0, 0),)
    assert found.difference is not None and found.whole_target is not None
    cells = [run.heatmap.values[0, 0] for run in runs]
    assert found.difference.values[0, 0] == cells[1] - cells[0]
    whole = [run.whole_target[0] for run in runs]
    assert found.whole_target.difference[0] == whole[1] - whole[0]
    for run, name in zip(runs, "ab", strict=True):
        run.save(tmp_path / name)
    opened = [bs.open_run(tmp_path / name) for name in "ab"]
    assert bs.compare(*opened).to_document() == found.to_document()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (attribution([[1, 2]]), attribution([[2, 1]], error=np.ones((1, 2)), freedom=4)),
        (attribution([[1]], "x", "a"), attribution([[1]], "y", "b")),
        (depth([[0.5]], "x", [1]), depth([[0.4]], "x", [1])),
        (attribution([[1]]), table([[math.nan]], ["t0"], ["f0"])),
    ],
)
def test_the_document_follows_the_published_schema(
    a: bs.AttributionRun | bs.DepthRun, b: bs.AttributionRun | bs.DepthRun | bs.Heatmap
) -> None:
    text = resources.files("bathyscope.runs").joinpath("run.schema.json").read_text()
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(compare(a, b).to_document())), schema)


def test_kinds_that_do_not_compare_are_refused() -> None:
    run, deep = attribution([[1.0]]), depth([[0.1]], "x", [1])
    with pytest.raises(bs.InputError, match="kind attribution, the second of kind depth"):
        compare(run, deep)
    with pytest.raises(bs.InputError, match="A list is no result"):
        compare(run, [[1.0]])  # type: ignore[arg-type]
    curves = bs.FaithfulnessRun(table([[1.0]], quantity=NATS), (), (), None)  # type: ignore[arg-type]
    with pytest.raises(bs.InputError, match="evaluate"):
        compare(curves, run)


def test_readings_of_a_chain_are_ranked_not_subtracted() -> None:
    """Effects and divergences are answers to different questions, whatever their unit."""
    asked = {"steps": "lines"}
    shapley, alone, unseen, logarithms = (
        bs.chain(tiny("llama"), PROMPT, RESPONSE, **asked, **more)  # type: ignore[arg-type]
        for more in (
            {},
            {"method": "leave_one_out"},
            {"reading": "suppression"},
            {"reading": "suppression", "variant": "ln_kl"},
        )
    )
    same = compare(shapley, alone)
    assert same.difference is not None
    assert Aspect("variant", "shapley", "leave_one_out") in origins(*same.maps)[1]
    for other in (unseen, logarithms):
        found = compare(shapley, other)
        assert not found.one_scale and found.difference is None
        assert found.correlation is not None
        assert Aspect("reading", "deletion", "suppression") in origins(*found.maps)[1]
        said = bs.describe(found, "text")
        assert "no common scale and are not subtracted" in said and "reading" in said
