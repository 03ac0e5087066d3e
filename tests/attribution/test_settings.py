"""Settings of an attribution: nothing is lost between keyword, record and repetition."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.attribution.settings import AttributionOverrides, AttributionSettings
from tests.conftest import tiny

CHANGED: dict[str, Any] = {
    "of": "logit",
    "against": " 12",
    "budget": 77,
    "tolerance": 0.25,
    "seed": 5,
    "baseline": "_",
    "steps": 7,
    "path_from": "mean",
    "chat": True,
    "system": "Be kind.",
    "max_new_tokens": 3,
    "batch_tokens": 99,
    "screen": 5,
}
NEVER_RECORDED = {"cache", "progress"}


def test_every_field_is_a_keyword() -> None:
    assert set(AttributionOverrides.__annotations__) == {
        one.name for one in fields(AttributionSettings)
    }


@pytest.mark.parametrize("method", ["integrated_gradients", "shapley"])
def test_every_field_comes_back_from_the_record(method: str) -> None:
    made = AttributionSettings(method=method, **CHANGED)
    default = AttributionSettings()
    recorded = {one.name for one in fields(made)} - NEVER_RECORDED
    assert {name for name in recorded if getattr(made, name) == getattr(default, name)} <= {
        "method",
        "no_system",
    }
    again = AttributionSettings.from_document(json.loads(json.dumps(made.to_document())))
    if method == "shapley":  # a path is recorded where there is one
        again = replace(again, steps=7, path_from="mean")
    assert again == made


def test_the_record_says_that_the_system_was_left_out() -> None:
    made = AttributionSettings(no_system=True)
    assert made.to_document()["no_system"] is True
    assert AttributionSettings.from_document(made.to_document()) == made
    assert "no_system" not in AttributionSettings(chat=True).to_document()
    assert made.as_read() == AttributionSettings()


def test_the_record_of_a_run_gives_its_settings_back() -> None:
    asked = AttributionSettings(method="banzhaf", of="logit", baseline="x", budget=4096)
    run = bs.attribute(tiny("llama"), "Q: [[1 + 2]] and [[3]]. A:", " 35", settings=asked)
    again = AttributionSettings.from_document(run.heatmap.provenance)
    assert again == asked


def test_a_function_is_no_baseline_that_a_record_keeps() -> None:
    document = AttributionSettings(baseline=lambda prompt, present: prompt.text).to_document()
    with pytest.raises(bs.InputError, match="Python function as baseline"):
        AttributionSettings.from_document(document)


def test_a_misspelt_keyword_names_the_nearest() -> None:
    with pytest.raises(bs.InputError, match=r"'bugdet'.* did you mean 'budget'"):
        bs.attribute(tiny("llama"), "[[a]] b", " c", bugdet=3)  # type: ignore[call-arg]


def test_a_marked_text_is_a_prompt() -> None:
    model, source = tiny("llama"), "Q: [[1 + 2]] and [[3]]. A:"
    ours = bs.attribute(model, source, " 35")
    theirs = bs.attribute(model, bs.Prompt.marked(source), " 35")
    assert ours.heatmap.values.tolist() == theirs.heatmap.values.tolist()
    assert ours.heatmap.columns.labels == ("1 + 2", "3")


def test_interactions_are_another_verb() -> None:
    with pytest.raises(bs.InputError, match=r"bathyscope\.interact"):
        bs.attribute(tiny("llama"), "[[a]] b", " c", method="interactions")


def test_a_budget_left_open_ends_where_errors_are_small() -> None:
    """A budget that is given is spent, and where all can be evaluated nothing ends earlier."""
    unsaid = AttributionSettings()
    assert unsaid.resolved(12) == replace(unsaid, budget=4096)
    assert unsaid.resolved(13) == replace(unsaid, budget=4096, tolerance=0.05)
    of_probability = replace(unsaid, of="probability")
    assert of_probability.resolved(13).tolerance == 0.005
    assert replace(unsaid, tolerance=0.2).resolved(13).tolerance == 0.2
    given = replace(unsaid, budget=300)
    assert given.resolved(13) == given


def test_it_is_known_before_when_sampling_ends() -> None:
    unsaid = AttributionSettings()
    assert unsaid.stops(12) is None
    assert unsaid.stops(13) == "of 2^13 until no standard error exceeds 0.05 (--tolerance)"
    assert replace(unsaid, method="banzhaf", budget=300).stops(20) == "of 2^20 (--budget)"
    for exact in ("leave_one_out", "input_x_gradient"):
        assert replace(unsaid, method=exact).stops(20) is None


def test_a_run_records_what_an_open_budget_came_to() -> None:
    prompt = "Q: " + " and ".join(f"[[{n} + 2]]" for n in range(13)) + ". A:"
    method = bs.attribute(tiny("llama"), prompt, " 3").heatmap.provenance["method"]
    assert (method["budget"], method["tolerance"]) == (4096, 0.05)
    assert 146 <= method["evaluations"] < 4096
