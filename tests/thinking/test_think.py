"""Think@n on tiny models: what is kept, what votes, what it costs."""

import json
import re
from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

import bathyscope as bs
from bathyscope.cli.app import app
from bathyscope.core.settling import deep_thinking_ratio
from bathyscope.layers.lazy_settling import settled_depths
from bathyscope.layers.lenses.norm import NormLens
from bathyscope.model.decoding import residual_stream
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.sequences import Sampler, Sequences
from bathyscope.model.tokens import Continuation
from bathyscope.thinking.settings import ThinkOverrides
from tests.conftest import ending_with, tiny

# At this threshold the tokens of most tiny models settle at unlike layers, at 0.5 all settle early.
SETTINGS = bs.ThinkSettings(
    n=5, prefix=6, keep=0.5, max_new_tokens=14, answer="regex:.", threshold=0.1
)


def test_the_deepest_are_kept_and_the_others_cost_their_prefix(family: str) -> None:
    run = bs.think(tiny(family), "8 + 5 =", settings=SETTINGS)
    kept = [sample for sample in run.samples if sample.kept]
    rest = [sample for sample in run.samples if not sample.kept]
    assert len(kept) == 3
    assert min(s.deep_thinking_ratio for s in kept) >= max(s.deep_thinking_ratio for s in rest)
    assert all(s.tokens <= 6 and s.answer is None and not s.finished for s in rest)
    assert run.cost.tokens == sum(sample.tokens for sample in run.samples)
    assert run.all_cost is None and run.all_answer is None


def test_comparing_changes_nothing_of_the_kept(family: str) -> None:
    model = tiny(family)
    run, compared = (
        bs.think(model, "8 + 5 =", settings=SETTINGS, compare=c) for c in (False, True)
    )
    assert compared.answer == run.answer
    assert compared.cost.tokens == run.cost.tokens
    assert [s for s in compared.samples if s.kept] == [s for s in run.samples if s.kept]
    assert all(sample.finished for sample in compared.samples)
    assert compared.all_cost is not None
    assert compared.all_cost.tokens == sum(sample.tokens for sample in compared.samples)


def test_a_stop_ends_samples_and_is_no_part_of_their_answers() -> None:
    model = tiny("llama")
    whole = bs.think(model, "8 + 5 =", settings=SETTINGS, compare=True)
    longest = max(range(len(whole.samples)), key=lambda i: whole.samples[i].tokens)
    stop = whole.samples[longest].text[3:5]
    stopped = bs.think(model, "8 + 5 =", settings=replace(SETTINGS, stop=stop), compare=True)
    for before, after in zip(whole.samples, stopped.samples, strict=True):
        assert after.text == before.text.partition(stop)[0]
        assert after.tokens <= before.tokens
        assert after.answer == (after.text[-1:].strip("\n") or None)
    assert stopped.samples[longest].tokens < whole.samples[longest].tokens


def test_the_ratio_is_that_of_the_prefix(family: str) -> None:
    """Looked into afterwards, as a given response, each prefix has the ratio it was chosen by."""
    model = tiny(family)
    settings = replace(SETTINGS, threshold=0.02 if family == "granite" else 0.1)
    run = bs.think(model, "8 + 5 =", settings=settings)
    ratios = [ratio_alone(model, i, settings.threshold)[0] for i in range(len(run.samples))]
    assert ratios == pytest.approx([sample.deep_thinking_ratio for sample in run.samples])
    assert len(set(ratios)) > 1


def test_the_ratio_is_each_samples_own_where_some_end_within_the_prefix() -> None:
    model = ending_with(written(tiny("llama"), 0, 3)[-1])
    run = bs.think(model, "8 + 5 =", settings=SETTINGS)
    alone = [ratio_alone(model, index) for index in range(len(run.samples))]
    assert [ratio for ratio, _ in alone] == pytest.approx(
        [sample.deep_thinking_ratio for sample in run.samples]
    )
    lengths = [length for _, length in alone]
    assert lengths[0] <= 3 < max(lengths) and len({ratio for ratio, _ in alone}) > 2


def written(model: LanguageModel, seed: int, count: int) -> list[int]:
    """Return the tokens of one sample, written by itself."""
    sequences = Sequences(model, [model.tokens.encode("8 + 5 =")])
    sampler = Sampler([seed], 0.8)
    for step in range(count):
        if step:
            sequences.advance()
        sequences.choose(sampler)
    return sequences.token_ids[0]


def ratio_alone(model: LanguageModel, index: int, threshold: float = 0.1) -> tuple[float, int]:
    """Return the deep-thinking ratio of one sample's prefix, written by itself, and its length."""
    ids = written(model, index, SETTINGS.prefix)
    continuation = Continuation(model.tokens.encode("8 + 5 ="), tuple(ids), None)
    pieces = residual_stream(model, continuation)
    depths = settled_depths(model.anatomy, pieces, NormLens(), threshold, ids).depths
    return deep_thinking_ratio(depths, model.num_layers), len(depths)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"n": 1}, "n is 2 or more"),
        ({"keep": 0}, "share to keep"),
        ({"keep": 1.5}, "share to keep"),
        ({"temperature": 0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"prefix": 0}, "prefix"),
        ({"max_new_tokens": 0}, "new token"),
        ({"answer": "guess"}, "answer rule"),
        ({"lens": "blurred"}, "lens"),
        ({"threshold": 2}, "threshold"),
        ({"depth_fraction": 0}, "depth fraction"),
    ],
)
def test_settings_out_of_range_are_refused(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(bs.InputError, match=complaint):
        bs.ThinkSettings(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize("temperature", [5e-324, 1e-45, 1e-20])
def test_a_temperature_next_to_0_leaves_nothing_to_chance(temperature: float) -> None:
    model = tiny("llama")
    settings = replace(SETTINGS, temperature=temperature)
    texts = {
        sample.text
        for sample in bs.think(model, "8 + 5 =", settings=settings, compare=True).samples
    }
    continuation = model.generate("8 + 5 =", SETTINGS.max_new_tokens)
    assert texts == {model.tokens.decode(continuation.target_ids)}


def test_a_temperature_beyond_all_logits_draws_evenly() -> None:
    logits = torch.tensor([[60.0, 0.0, -60.0]]).repeat(600, 1)
    drawn = Sampler(range(600), 1e300)(logits, range(600))
    assert min(torch.bincount(drawn, minlength=3).tolist()) > 150


def test_a_prefix_longer_than_the_samples_is_cut_with_a_note() -> None:
    settings = replace(SETTINGS, prefix=50)
    run = bs.think(tiny("llama"), "8 + 5 =", settings=settings)
    assert re.search("up to 14 tokens, so all of them are read .*, not 50", run.notes[0])
    assert run.provenance["settings"]["prefix"] == 50, "as it was asked for, so that it is again"
    assert run.heatmap.values.shape[1] <= 14
    assert (
        run.samples
        == bs.think(tiny("llama"), "8 + 5 =", settings=replace(SETTINGS, prefix=14)).samples
    )


def test_a_tie_goes_to_the_deepest_and_says_so(llama_folder: str) -> None:
    settings = replace(SETTINGS, n=4, keep=1, seed=1, answer="regex:(?s).+")
    run = bs.think(tiny("llama"), "8 + 5 =", settings=settings, compare=True)
    deepest = max(run.samples, key=lambda sample: sample.deep_thinking_ratio)
    assert deepest is not run.samples[0] and len({s.answer for s in run.samples}) == 4
    assert run.answer == deepest.answer and run.all_answer == run.samples[0].answer
    assert run.tie is not None and run.all_tie is not None
    assert run.tie["votes"] == 1 and len(run.tie["answers"]) == 4
    assert run.tie["broken_by"].startswith("the deepest sample")
    assert run.all_tie["broken_by"].startswith("the first sample")
    document = run.to_document()
    assert document["tie"] == run.tie and document["all_tie"] == run.all_tie
    assert document["votes"] == 1 and document["all_votes"] == 1
    command = ["think", "8 + 5 =", "-m", llama_folder, "-n", "3", "--keep", "1", "--prefix", "4"]
    command += ["--max-new-tokens", "8", "--seed", "1", "--answer", "regex:(?s).+"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "a tie of" in result.stdout and "the deepest sample that gives" in result.stdout


def test_the_command(llama_folder: str) -> None:
    common = ["think", "8 + 5 =", "-m", llama_folder, "-n", "3", "--prefix", "4"]
    common += ["--max-new-tokens", "8", "--answer", "regex:."]
    result = CliRunner().invoke(app, common)
    assert result.exit_code == 0 and "Think@n answers" in result.stdout
    document = json.loads(CliRunner().invoke(app, [*common, "--compare", "--json"]).stdout)
    assert len(document["samples"]) == 3 and document["all_cost"]["tokens"] > 0
    refused = CliRunner().invoke(app, ["think", "8 + 5 =", "-m", llama_folder, "-n", "1"])
    assert refused.exit_code == 2


def test_every_setting_is_a_keyword_and_comes_back_from_the_record() -> None:
    names = set(bs.ThinkSettings.__dataclass_fields__)
    assert set(ThinkOverrides.__annotations__) == names
    run = bs.think(tiny("llama"), bs.Prompt("8 + 5 ="), settings=SETTINGS, n=3, lens="raw")
    recorded = bs.ThinkSettings.from_document(run.provenance["settings"])
    assert recorded == replace(SETTINGS, n=3, lens="raw") != SETTINGS
    assert len(run.samples) == 3 and run.provenance["prompt"] == "8 + 5 ="
