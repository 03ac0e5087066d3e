"""Many prompts in one call get the maps that each would get alone."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.attribution import many as room
from bathyscope.core.errors import BathyscopeError
from tests.conftest import tiny

PROMPTS: list[str | bs.Prompt] = [
    "Q: [[six]] and [[two or]] three, [[not]] four?\nA:",
    "Q: [[six]] and [[two]]?\nA:",
    bs.Prompt.marked("[[a]] b [[c]] d [[e]] f [[g]] h [[i]] j [[k]] l [[m]] n"),
    "Q: [[seven]] and [[two or]] three, [[not]] four?\nA:",
]
TARGETS = [" 8", " no", " ij", " 8 so"]


def together(
    model: bs.LanguageModel, targets: Any = TARGETS, **settings: Any
) -> list[bs.AttributionRun]:
    found = dict(bs.attribute_many(model, PROMPTS, targets, **settings))
    return [found[index] for index in range(len(PROMPTS))]


def assert_same(ours: bs.AttributionRun, alone: bs.AttributionRun) -> None:
    np.testing.assert_allclose(ours.heatmap.values, alone.heatmap.values, atol=3e-5)
    np.testing.assert_allclose(ours.all, alone.all, atol=3e-5)
    np.testing.assert_allclose(ours.none, alone.none, atol=3e-5)
    assert ours.heatmap.rows == alone.heatmap.rows and ours.heatmap.columns == alone.heatmap.columns
    assert ours.heatmap.provenance == alone.heatmap.provenance
    assert (ours.standard_error is None) == (alone.standard_error is None)
    if ours.standard_error is not None and alone.standard_error is not None:
        np.testing.assert_allclose(ours.standard_error, alone.standard_error, atol=3e-5)
    assert ours.evidence is not None and alone.evidence is not None
    np.testing.assert_allclose(ours.evidence.log_probs, alone.evidence.log_probs, atol=3e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"method": "leave_one_out", "against": " other"},
        {"method": "banzhaf", "of": "probability", "baseline": "_"},
        {"budget": 90, "seed": 3},
        {"budget": 91, "tolerance": 0.01},
        {"method": "input_x_gradient"},
    ],
    ids=str,
)
def test_maps_are_those_of_single_calls(settings: dict[str, Any]) -> None:
    model = tiny("llama")
    runs = together(model, **settings)
    for prompt, target, ours in zip(PROMPTS, TARGETS, runs, strict=True):
        assert_same(ours, bs.attribute(model, prompt, target, **settings))
    if "budget" in settings:
        assert runs[2].standard_error is not None, "seven features are to be sampled"


@pytest.mark.parametrize("family", ["mamba", "gpt2", "gemma3"])
def test_what_the_model_writes_is_explained(family: str) -> None:
    model = tiny(family)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Whole prompts are scored")
        runs = together(model, [None, " no", None, None], max_new_tokens=3)
        for prompt, target, ours in zip(PROMPTS, [None, " no", None, None], runs, strict=True):
            assert_same(ours, bs.attribute(model, prompt, target, max_new_tokens=3))


def test_they_share_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    model = bs.LanguageModel(tiny("llama").model, tiny("llama").tokens.tokenizer)
    calls: list[int] = []
    original = model.score

    def score(prompts: Any, *args: Any) -> None:
        calls.append(len(prompts))
        original(prompts, *args)

    monkeypatch.setattr(model, "score", score)
    together(model)
    assert calls == [8 + 4 + 128 + 8]
    calls.clear()
    monkeypatch.setattr(room, "TOKENS_GATHERED", 600)
    order = [index for index, _ in bs.attribute_many(model, PROMPTS, TARGETS)]
    assert len(calls) > 1 and sum(calls) == 148 and order == [0, 1, 2, 3]


def test_results_come_before_the_last_prompt_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "TOKENS_GATHERED", 1)
    seen: list[int] = []
    runs = bs.attribute_many(
        tiny("llama"), PROMPTS, TARGETS, progress=lambda stage, done, total: seen.append(done)
    )
    assert next(runs)[0] == 0 and seen[-1] == 8


BAD: list[Any] = ["no feature", "[[x]]" + "y" * 300, "[[only this]]", "Q: [[a]] b"]


def test_a_prompt_that_cannot_be_answered_is_told_of_and_left_out() -> None:
    model = tiny("llama")
    told: dict[int, BathyscopeError] = {}
    given = [*BAD[:3], PROMPTS[1]]
    runs = dict(bs.attribute_many(model, given, [" a", " b", " c", " no"], failed=told.__setitem__))
    assert_same(runs.pop(3), bs.attribute(model, PROMPTS[1], " no"))
    assert runs == {} and sorted(told) == [0, 1, 2]
    assert "no feature" in str(told[0]) and "context ends" in str(told[1])
    assert "no token left" in str(told[2])


@pytest.mark.parametrize(
    ("given", "targets", "words"),
    [
        (BAD[0:1], None, r"In prompts\[0\]: The prompt has no feature"),
        ([BAD[3], BAD[3]], [" a"], "2 prompts and 1 targets"),
        (BAD[3], [" a"], "A list of prompts"),
        ([BAD[3]], " a", "A list of targets"),
        ([BAD[3]], [""], r"In prompts\[0\]: The target is empty"),
    ],
)
def test_what_can_be_seen_without_a_model_is_refused_at_the_call(
    given: Any, targets: Any, words: str
) -> None:
    with pytest.raises(bs.InputError, match=words):
        bs.attribute_many(tiny("llama"), given, targets)


def test_what_the_model_refuses_names_its_prompt() -> None:
    with pytest.raises(bs.InputError, match=r"In prompts\[1\]: Prompt and continuation have"):
        list(bs.attribute_many(tiny("llama"), [BAD[3], BAD[1]], [" a", " b"]))


def test_each_target_may_have_a_foil_of_its_own() -> None:
    model, foils = tiny("llama"), [" nine", None, None, " other"]
    runs = together(model, foils=foils, method="leave_one_out", against=" so")
    for prompt, target, foil, ours in zip(PROMPTS, TARGETS, foils, runs, strict=True):
        own = foil or " so"
        assert_same(ours, bs.attribute(model, prompt, target, method="leave_one_out", against=own))
        assert ours.provenance["against"] == own
    with pytest.raises(bs.InputError, match=r"In prompts\[1\]: The text to compare with is empty"):
        together(model, foils=[None, "", None, None])


def test_interactions_are_refused() -> None:
    with pytest.raises(bs.InputError, match=r"bathyscope\.interact"):
        bs.attribute_many(tiny("llama"), PROMPTS, TARGETS, method="interactions")


def test_evaluations_are_kept_between_calls(
    tmp_path: Path, llama_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, file = bs.load(llama_folder), tmp_path / "kept.sqlite"
    first = together(model, cache=file)
    calls: list[int] = []
    original = model.score

    def score(prompts: Any, *args: Any) -> None:
        calls.append(len(prompts))
        original(prompts, *args)

    monkeypatch.setattr(model, "score", score)
    for ours, again in zip(first, together(model, cache=file), strict=True):
        np.testing.assert_array_equal(ours.heatmap.values, again.heatmap.values)
    assert calls == [4], "of each prompt only how probable its target was"


def test_no_prompt_has_no_run() -> None:
    assert list(bs.attribute_many(tiny("llama"), [])) == []


def test_each_keeps_what_is_noted_of_its_own_target_alone() -> None:
    model, prompts = tiny("llama"), [bs.Prompt.marked("[[5]] plus seven")] * 2
    runs = dict(bs.attribute_many(model, prompts, ["12", " 12"]))
    assert [sum("as one word" in note for note in runs[k].notes) for k in (0, 1)] == [1, 0]
    assert runs[0].notes == bs.attribute(model, prompts[0], "12").notes
