"""Batches on one cache write what each text would become alone."""

from typing import Any

import pytest
import torch

from bathyscope.core.errors import InputError, ModelError
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.sequences import Sampler, Sequences, greedy, of_equal_length
from tests.conftest import byte_tokenizer, random_model, tiny

PROMPTS = ("one prompt of some length", "two prompts of the same.", "third: 25 of its letters.")


def written(model: Any, prompts: tuple[str, ...], count: int) -> tuple[Any, list[list[Any]]]:
    """Return the sequences, and each step's states and logits."""
    sequences = Sequences(model, [model.tokens.encode(prompt) for prompt in prompts])
    steps = []
    for step in range(count):
        if step:
            sequences.advance()
        steps.append([*sequences.states, sequences.logits()])
        sequences.choose(greedy)
    return sequences, steps


def test_a_batch_writes_what_each_text_writes_alone(family: str) -> None:
    model = tiny(family)
    prompts = tuple(prompt[:20] for prompt in PROMPTS)  # longrope changes its angles at 28
    together, steps = written(model, prompts, 6)
    for index, prompt in enumerate(prompts):
        alone, expected = written(model, (prompt,), 6)
        assert together.token_ids[index] == alone.token_ids[0]
        for ours, theirs in zip(steps, expected, strict=True):
            for ours_state, theirs_state in zip(ours, theirs, strict=True):
                torch.testing.assert_close(ours_state[index], theirs_state[0], atol=1e-3, rtol=1e-3)


def test_writes_what_generate_writes(family: str) -> None:
    model = tiny(family)
    sequences, _ = written(model, ("one",), 8)
    expected = list(model.generate("one", 8).target_ids)
    assert sequences.token_ids[0][: len(expected)] == expected


def test_samples_depend_on_their_seed_alone(family: str) -> None:
    model = tiny(family)

    def sampled(seeds: list[int], chosen: list[int] | None = None) -> list[list[int]]:
        sequences = Sequences(model, [model.tokens.encode("one")])
        sequences.fork(len(seeds))
        sampler = Sampler(seeds, 0.7)
        for step in range(8):
            if step:
                sequences.advance()
            sequences.choose(sampler)
            if step == 3 and chosen is not None:
                sequences, sampler = sequences.only(chosen), sampler.only(chosen)
        return sequences.token_ids

    together = sampled([5, 6, 7, 8])
    assert len({tuple(ids) for ids in together}) > 1
    assert sampled([7]) == together[2:3]
    assert sampled([5, 6, 7, 8], chosen=[3, 1]) == [together[3], together[1]]


def test_nothing_is_written_behind_the_end() -> None:
    model = tiny("llama")
    sequences = Sequences(model, [model.tokens.encode("one")])
    end = int(model.model.generation_config.eos_token_id)
    assert sequences.choose(lambda *_: torch.tensor([end])) == [end]
    sequences.advance()
    assert sequences.choose(greedy) == []
    assert sequences.ended == [True] and sequences.token_ids == [[end]]


def test_a_stop_ends_a_text_though_it_lies_across_tokens() -> None:
    model = tiny("llama")
    sequences = Sequences(model, [model.tokens.encode("one")] * 2, stop="b!")
    for letters in ("ab", "b!", "!c", "cc"):
        ids = [model.tokens.encode(letter)[-1] for letter in letters]
        sequences.choose(lambda _, running, ids=ids: torch.tensor([ids[i] for i in running]))  # type: ignore[misc]
        sequences.advance()
    assert sequences.ended == [True, True]
    assert [model.tokens.decode(ids) for ids in sequences.token_ids] == ["ab!", "b!"]


def test_longrope_is_refused_where_a_text_crosses_its_original_context() -> None:
    """A prompt that is beyond it already goes on as `generate` would write it."""
    model = tiny("phi3-longrope")
    _, steps = written(model, ("x" * 27,), 2)
    assert len(steps) == 2
    with pytest.raises(
        InputError, match=r"reached 29 tokens .* had 27.* \(longrope\).* fewer new tokens"
    ):
        written(model, ("x" * 27,), 3)
    beyond, _ = written(model, ("x" * 29,), 6)
    expected = list(model.generate("x" * 29, 6).target_ids)
    assert beyond.token_ids[0][: len(expected)] == expected


def test_a_model_without_a_cache_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = LanguageModel(random_model("llama"), byte_tokenizer())
    original = model.model.forward
    monkeypatch.setattr(
        model.model, "forward", lambda **given: original(**(given | {"use_cache": False}))
    )
    with pytest.raises(ModelError, match=r"LlamaForCausalLM returns no cache .* read the answer"):
        written(model, PROMPTS[:1], 1)


def test_prompts_are_put_together_by_their_length() -> None:
    assert of_equal_length([(1, 2), (3,), (4, 5), (6,), (7, 8, 9)]) == [[1, 3], [0, 2], [4]]


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        Sequences(tiny("llama"), [()])


def test_what_has_ended_is_computed_no_further(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go on as if it had never been there, also in a part taken out afterwards."""
    model = tiny(family)
    monkeypatch.setattr(model.model.generation_config, "eos_token_id", None)
    prompts = ("one two three four", "three four five si", "seven eight nine t")
    alone = [written(model, (prompt,), 7)[0].token_ids[0] for prompt in prompts]
    sequences = Sequences(model, [model.tokens.encode(prompt) for prompt in prompts])
    for step in range(7):
        if step:
            sequences.advance()
        if step == 5:
            assert sequences.running == [0, 2] and len(sequences.states[0]) == 2
            sequences = sequences.only([2, 1, 0])
            assert sequences.running == [0, 2]
        sequences.choose(greedy)
        if step == 3:
            sequences.ended[1] = True
    assert sequences.token_ids[0] == alone[2] and sequences.token_ids[2] == alone[0]
    assert sequences.token_ids[1] == alone[1][:4]
