"""The stream says of each token what the map says of it afterwards."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import bathyscope as bs
from bathyscope.cli.app import app
from bathyscope.model.language_model import LanguageModel
from tests.conftest import byte_tokenizer, ending_with, tiny
from tests.shrinking import tiny_model


def test_columns_are_those_of_the_map(family: str) -> None:
    model = tiny(family)
    tokens = list(bs.stream(model, "Q: 8 + 5?\nA:", max_new_tokens=8))
    run = bs.depth(model, "Q: 8 + 5?\nA:", max_new_tokens=8)
    assert [token.token_id for token in tokens] == list(run.heatmap.columns.ids or ())
    columns = np.stack([token.divergences for token in tokens], axis=1)
    np.testing.assert_allclose(columns, run.heatmap.values, atol=2e-4)
    assert [token.settling_depth for token in tokens] == run.settling_depth.tolist()
    deep = np.mean([token.deep for token in tokens])
    assert deep == pytest.approx(run.deep_thinking_ratio)


def test_several_prompts_are_as_each_alone() -> None:
    model = tiny("gemma3")
    prompts = ["one", "a longer prompt than that"]
    tokens = list(bs.stream(model, prompts, max_new_tokens=5))
    for index, prompt in enumerate(prompts):
        alone = list(bs.stream(model, prompt, max_new_tokens=5))
        ours = [token for token in tokens if token.sequence == index]
        assert [t.token_id for t in ours] == [t.token_id for t in alone]
        assert [t.settling_depth for t in ours] == [t.settling_depth for t in alone]


@pytest.mark.parametrize("kind", ["bloom", "gemma2", "git", "mpt"])
def test_unequal_prompts_in_families_that_make_something_of_padding(kind: str) -> None:
    """Of padding some of them make NaN, others count it as text: each token is checked alone."""
    own = tiny_model(kind)
    model = LanguageModel(copy.deepcopy(own), byte_tokenizer())
    prompts = ["a prompt of forty letters, and some more", "another of twenty-three"]
    tokens = list(bs.stream(model, prompts, max_new_tokens=4))
    assert {token.sequence for token in tokens} == {0, 1} and len(tokens) > 4
    for index, prompt in enumerate(prompts):
        ids = list(model.tokens.encode(prompt))
        for token in (token for token in tokens if token.sequence == index):
            with torch.no_grad():
                rows = own(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
            assert float(rows.max() - rows[token.token_id]) < 1e-3
            ids.append(token.token_id)


def test_a_prompt_that_ends_earlier_leaves_the_others_theirs() -> None:
    prompts = ["one", "a longer prompt than that", "the third"]
    second = list(bs.stream(tiny("llama"), prompts[0], max_new_tokens=2))[1]
    model = ending_with(second.token_id)
    tokens = list(bs.stream(model, prompts, max_new_tokens=6))
    lengths = []
    for index, prompt in enumerate(prompts):
        alone = list(bs.stream(model, prompt, max_new_tokens=6))
        ours = [token for token in tokens if token.sequence == index]
        assert [t.token_id for t in ours] == [t.token_id for t in alone]
        for one, other in zip(ours, alone, strict=True):
            np.testing.assert_allclose(one.divergences, other.divergences, atol=1e-4)
        lengths.append(len(ours))
    assert lengths[0] == 2 < lengths[2]


def test_several_prompts_of_a_running_state_are_as_each_alone() -> None:
    model, prompts = tiny("mamba"), ["one", "a longer prompt than that"]
    tokens = list(bs.stream(model, prompts, max_new_tokens=5))
    alone = [token for prompt in prompts for token in bs.stream(model, prompt, max_new_tokens=5)]
    ours = sorted(tokens, key=lambda token: token.sequence)
    assert [t.token_id for t in ours] == [t.token_id for t in alone]


def test_what_cannot_be_streamed_is_refused(llama: bs.LanguageModel) -> None:
    with pytest.raises(bs.InputError, match="context"):
        next(bs.stream(llama, "a", max_new_tokens=10_000))
    with pytest.raises(bs.InputError, match="At least 1"):
        next(bs.stream(llama, "a", max_new_tokens=0))
    with pytest.raises(bs.InputError, match="lens"):
        next(bs.stream(llama, "a", lens="blurred"))


def test_the_command_prints_a_line_for_each_token(llama_folder: str) -> None:
    common = ["depth", "a b c", "-m", llama_folder, "--stream", "--max-new-tokens", "4"]
    result = CliRunner().invoke(app, common)
    assert result.exit_code == 0 and 1 <= len(result.stdout.splitlines()) <= 4
    documents = CliRunner().invoke(app, [*common, "--json"]).stdout.splitlines()
    assert all(len(json.loads(line)["divergences"]) == 3 for line in documents)
    refused = CliRunner().invoke(app, [*common, "--top-k", "2"])
    assert refused.exit_code == 2


def test_the_ratio_only_command(llama_folder: str, tmp_path: Path) -> None:
    common = ["depth", "a b c", "-m", llama_folder, "--response", " d e f", "--ratio-only"]
    result = CliRunner().invoke(app, common)
    assert result.exit_code == 0 and "deep-thinking ratio" in result.stdout
    document = json.loads(CliRunner().invoke(app, [*common, "--json"]).stdout)
    assert document["kind"] == "settling" and len(document["settling_depth"]) == 6
    saved = CliRunner().invoke(app, [*common, "-o", str(tmp_path / "run")])
    assert saved.exit_code == 0 and (tmp_path / "run" / "figure.png").exists()
    opened = bs.open_run(tmp_path / "run")
    assert opened.kind == "settling" and opened.to_document() == document
