"""Targets, contrasts, values, errors and caches: the whole way on a tiny model."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.attribution.gradients import gradient_attribution
from bathyscope.attribution.settings import check
from bathyscope.games.replicates import jackknife_error
from bathyscope.model.language_model import LanguageModel
from tests import brute_force
from tests.conftest import byte_tokenizer, random_model, tiny
from tests.model.test_tokens import sentencepiece_like

PROMPT = bs.Prompt.marked("Q: 9 [[+ 3]] is?\nA: [[12]].\n\nQ: [[7 x 5]]?\nA:")
MANY = bs.Prompt.marked(" ".join(f"[[{i}]]" for i in range(9)) + " sum:")


def counted(model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of prompts in every call for scores."""
    calls: list[int] = []
    original = LanguageModel.score

    def score(self: LanguageModel, prompts: Any, *rest: Any) -> None:
        calls.append(len(prompts))
        original(self, prompts, *rest)

    monkeypatch.setattr(LanguageModel, "score", score)
    return calls


def test_several_targets_are_scored_together(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("llama")
    alone = [bs.attribute(model, PROMPT, target) for target in (" 35", " 12 x")]
    calls = counted(model, monkeypatch)
    together = bs.attribute_each(model, PROMPT, [" 35", " 12 x"])
    assert calls == [2 * 8]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.heatmap.values, other.heatmap.values, atol=2e-5)
        assert one.heatmap.rows == other.heatmap.rows


@pytest.mark.parametrize("method", ["shapley", "leave_one_out", "banzhaf"])
def test_a_contrast_is_the_difference_of_two_maps(method: str) -> None:
    model = tiny("llama")
    this, other = (bs.attribute(model, PROMPT, text, method=method) for text in (" 3/5", " 3x5"))
    contrast = bs.attribute(model, PROMPT, " 3/5", against=" 3x5", method=method)
    assert contrast.heatmap.rows.labels == ("▁", "3", "/ | x", "5", "whole continuation")
    difference = this.heatmap.values - other.heatmap.values
    np.testing.assert_allclose(contrast.heatmap.values[:-1], difference, atol=2e-5)
    np.testing.assert_allclose(contrast.whole_target, difference.sum(axis=0), atol=2e-5)
    np.testing.assert_allclose(contrast.all[:-1], this.all - other.all, atol=2e-5)
    assert contrast.whole(contrast.all) == pytest.approx((this.all - other.all).sum(), abs=2e-5)


@pytest.mark.parametrize("of", ["logit", "probability"])
def test_other_values_agree_with_brute_force(of: str) -> None:
    model = tiny("llama")
    run = bs.attribute(model, PROMPT, " 35", method="leave_one_out", of=of)
    exact = random_model("llama").double()
    target = model.tokens.encode(" 35")

    def worth(present: list[bool]) -> Any:
        prompt_ids = model.tokens.encode(PROMPT.masked(present))
        if of == "probability":
            return np.exp(brute_force.log_probs(exact, prompt_ids, target))
        return brute_force.logits(exact, prompt_ids, target)

    everything = worth([True] * 3)
    for feature in range(3):
        lost = everything - worth([i != feature for i in range(3)])
        np.testing.assert_allclose(run.heatmap.values[:, feature], lost, atol=2e-4)
    assert run.heatmap.quantity.unit == ("logits" if of == "logit" else "")


def test_a_sampled_run_carries_its_errors(tmp_path: Path) -> None:
    run = bs.attribute(tiny("llama"), MANY, " 36", budget=120, seed=3)
    assert run.standard_error is not None and run.margin is not None and run.halves is not None
    exact = bs.attribute(tiny("llama"), MANY, " 36").heatmap.values
    assert np.mean(np.abs(run.heatmap.values - exact) <= run.margin) > 0.7
    assert run.heatmap.provenance["seed"] == 3
    assert run.heatmap.provenance["method"]["evaluations"] <= 120
    run.save(tmp_path / "run")
    again = bs.open_run(tmp_path / "run")
    assert again.to_document() == run.to_document()
    words = bs.describe(run)
    covered = int((np.abs(run.heatmap.values) <= run.margin).sum())
    assert f"covers 0 in {covered} of 27 cells" in words
    assert f"standard error of a cell is {run.standard_error.max():.4f}" in words
    bs.draw(run, tmp_path / "plain.png")
    bs.draw(run, tmp_path / "hatched.png", hatch=True)
    assert (tmp_path / "plain.png").read_bytes() != (tmp_path / "hatched.png").read_bytes()


def test_the_same_seed_gives_the_same_bits() -> None:
    runs = [bs.attribute(tiny("llama"), MANY, " 36", budget=120, seed=3) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].heatmap.values, runs[1].heatmap.values)


def test_a_finer_second_run_continues_the_first(
    llama_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = bs.load(llama_folder)
    fresh = bs.attribute(model, MANY, " 36", budget=250, seed=1)
    cache = tmp_path / "cache.sqlite"
    bs.attribute(model, MANY, " 36", budget=120, seed=1, cache=cache)
    calls = counted(model, monkeypatch)
    finer = bs.attribute(model, MANY, " 36", budget=250, seed=1, cache=cache)
    assert 0 < sum(calls) <= 140
    np.testing.assert_allclose(finer.heatmap.values, fresh.heatmap.values, atol=2e-5)
    calls.clear()
    again = bs.attribute(model, MANY, " 36", budget=250, seed=1, cache=cache)
    assert calls == [1]  # the cache does not hold which tokens the model would have written
    np.testing.assert_array_equal(again.heatmap.values, finer.heatmap.values)


def test_an_interrupted_run_goes_on_from_the_cache(
    llama_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, cache = bs.load(llama_folder), tmp_path / "cache.sqlite"

    def interrupt(stage: str, done: int, total: int | None) -> None:
        if stage == "evaluate coalitions" and done == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bs.attribute(model, MANY, " 36", budget=250, cache=cache, progress=interrupt)
    calls = counted(model, monkeypatch)
    bs.attribute(model, MANY, " 36", budget=250, cache=cache)
    assert sum(calls) <= 150 + 1, "of the whole prompt the cache keeps no evidence"


@pytest.mark.parametrize("told", ["revision", "adapter", "weights", "dtype"])
def test_what_makes_another_model_of_the_same_files_shares_no_values(
    llama_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    model, cache = bs.load(llama_folder), tmp_path / "cache.sqlite"
    bs.attribute(model, PROMPT, " 35", cache=cache)
    calls = counted(model, monkeypatch)
    bs.attribute(model, PROMPT, " 35", cache=cache)
    assert sum(calls) == 1, "what is known is not asked again"
    model.provenance = model.provenance | {told: "another"}
    bs.attribute(model, PROMPT, " 35", cache=cache)
    assert sum(calls) >= 1 + 2**3


def test_a_model_without_a_name_has_no_cache(tmp_path: Path) -> None:
    model = LanguageModel(random_model("llama"), byte_tokenizer())
    with pytest.raises(bs.InputError, match="hash or a revision"):
        bs.attribute(model, PROMPT, " 35", cache=tmp_path / "cache.sqlite")


@pytest.mark.parametrize("token", [None, 1])
def test_interactions(token: int | None, tmp_path: Path) -> None:
    model = tiny("llama")
    run = bs.interact(model, PROMPT, " 35", token=token)
    values = run.heatmap.values
    np.testing.assert_allclose(values, values.T, atol=1e-12)
    shapley = bs.attribute(model, PROMPT, " 35")
    row = shapley.whole_target if token is None else shapley.heatmap.values[token]
    np.testing.assert_allclose(np.diag(values), row, atol=2e-5)
    run.save(tmp_path / "run")
    assert bs.open_run(tmp_path / "run").to_document() == run.to_document()
    assert "do together" in bs.describe(run)


def test_interactions_of_several_targets_are_scored_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny("llama")
    alone = bs.interact(model, PROMPT, " 12 x")
    calls = counted(model, monkeypatch)
    _, together = bs.interact_each(model, PROMPT, [" 35", " 12 x"])
    assert calls == [2 * 8]
    np.testing.assert_allclose(together.heatmap.values, alone.heatmap.values, atol=5e-5)
    assert together.heatmap.provenance["target"] == " 12 x"


def test_interactions_of_a_contrast_are_the_difference() -> None:
    model = tiny("llama")
    this, other = (bs.interact(model, PROMPT, text) for text in (" 3/5", " 35"))
    contrast = bs.interact(model, PROMPT, " 3/5", against=" 35")
    difference = this.heatmap.values - other.heatmap.values
    np.testing.assert_allclose(contrast.heatmap.values, difference, atol=5e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "magic"}, "'magic' is not known"),
        ({"of": "magic"}, "'magic' is not known"),
        ({"against": ""}, "text to compare with is empty"),
        ({"budget": 3}, "budget is 3"),
        ({"budget": 0}, "at least 1"),
        ({"tolerance": -1.0}, "tolerance"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_asked_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(bs.InputError, match=message):
        check(PROMPT, [None], bs.AttributionSettings(**settings))


def test_a_token_that_is_not_there_is_refused() -> None:
    with pytest.raises(bs.InputError, match="no target token 9"):
        bs.interact(tiny("llama"), PROMPT, " 35", token=9)


@pytest.mark.parametrize("method", ["input_x_gradient", "integrated_gradients", "saliency"])
def test_gradient_maps(method: str, tmp_path: Path) -> None:
    model = tiny("gpt2")
    run = bs.attribute(model, PROMPT, " 35", method=method)
    continuation = model.tokens.continuation(PROMPT.text, " 35")
    (estimate,) = gradient_attribution(model, PROMPT, [continuation], method)
    np.testing.assert_allclose(run.heatmap.values, estimate.values, atol=1e-6)
    np.testing.assert_allclose(run.all, estimate.all, atol=1e-5)
    assert np.isnan(run.gap).all() == (method != "integrated_gradients")
    run.save(tmp_path / "run")
    assert bs.open_run(tmp_path / "run").to_document() == run.to_document()
    assert "No text is left out" in bs.describe(run)
    bs.draw(run, tmp_path / "figure.png")


@pytest.mark.parametrize("method", ["input_x_gradient", "saliency"])
def test_gradients_at_the_input_leave_nothing_out(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So they work where the features are the whole prompt, and score that prompt alone."""
    calls = counted(tiny("gpt2"), monkeypatch)
    everything = bs.Prompt(PROMPT.text, ((0, 20), (20, len(PROMPT.text))))
    run = bs.attribute(tiny("mamba"), everything, " 35", method=method)
    assert calls == [1] and run.heatmap.provenance["method"]["evaluations"] == 0
    assert np.isnan(run.none).all() and np.isfinite(run.all).all()
    assert "nan" not in bs.describe(run)
    run.save(tmp_path / "run")
    again = bs.open_run(tmp_path / "run")
    assert isinstance(again, bs.AttributionRun)
    np.testing.assert_array_equal(again.none, run.none)


def test_the_gap_of_a_path_is_that_of_its_own_ends() -> None:
    run = bs.attribute(tiny("gpt2"), PROMPT, " 35", method="integrated_gradients", steps=400)
    assert np.abs(run.gap).max() < 0.05 * np.abs(run.all - run.none).max()


def test_a_gradient_contrast_is_the_difference_of_two_maps() -> None:
    model, method = tiny("llama"), "input_x_gradient"
    this, other = (bs.attribute(model, PROMPT, text, method=method) for text in (" 3/5", " 3x5"))
    contrast = bs.attribute(model, PROMPT, " 3/5", against=" 3x5", method=method)
    difference = this.heatmap.values - other.heatmap.values
    np.testing.assert_allclose(contrast.heatmap.values[:-1], difference, atol=2e-5)
    with pytest.raises(bs.InputError, match="has no sign"):
        bs.attribute(model, PROMPT, " 3/5", against=" 3x5", method="saliency")


def test_a_target_that_takes_in_the_end_of_the_prompt_is_noted() -> None:
    wide = random_model("llama")
    wide.resize_token_embeddings(len(sentencepiece_like()))
    model = LanguageModel(wide, sentencepiece_like())
    prompt = bs.Prompt.marked("b[[b]]b ")
    run, other = bs.attribute_each(model, prompt, ["ab", " ab"])
    assert [len(one.notes) for one in (run, other)] == [1, 0], "of its own target alone"
    assert "begins with the token '▁a', which takes in the end" in run.notes[0]
    assert run.heatmap.rows.labels == ("▁a", "b")
    assert bs.attribute(model, bs.Prompt.marked("b[[b]]b"), " ab").notes == ()


@pytest.mark.real
def test_a_target_that_goes_on_with_the_prompts_last_word_is_noted(smollm: LanguageModel) -> None:
    asked = bs.Prompt.marked("[[Q: ]]what is it")
    (note,) = bs.attribute(smollm, asked, "self").notes
    assert bs.depth(smollm, asked, "self", lens="raw").notes == (note,)
    assert re.search("'▁itself'.*let the target begin with white space", note)


def test_sampled_interactions_keep_what_errors_of_sums_come_from(tmp_path: Path) -> None:
    """The diagonal holds Shapley values, whose sum has no error."""
    run = bs.interact(tiny("llama"), MANY, " 36", budget=200, seed=2)
    assert run.replicates is not None and run.standard_error is not None
    assert run.replicates.shape == (100, 9, 9)
    ratio = jackknife_error(run.replicates) / run.standard_error
    assert 0.8 < np.sqrt((ratio**2).mean()) < 1.2
    diagonal = run.replicates.diagonal(axis1=1, axis2=2).sum(axis=1)
    assert jackknife_error(diagonal) < 1e-6 * np.abs(run.heatmap.values).max()
    run.save(tmp_path / "run")
    again = bs.open_run(tmp_path / "run")
    np.testing.assert_array_equal(getattr(again, "replicates"), run.replicates)  # noqa: B009
