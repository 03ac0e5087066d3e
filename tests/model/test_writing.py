"""Answers of many prompts are those that each would get alone."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

import bathyscope as bs
from bathyscope.core.progress import silent
from bathyscope.model import room
from bathyscope.model.continuing import batches, joinable
from bathyscope.model.sequences import Sampler, Sequences, greedy
from bathyscope.model.writing import sampled
from tests.conftest import byte_tokenizer, ending_with, random_model, tiny
from tests.model.test_sharing import (
    depends_on_the_batch,
    no_mask,
    peculiar,
    positions_by_the_cache,
    positions_from_zero,
)

# Shared beginnings, equal ones, and one of a single token; longrope changes its angles at 28.
PROMPTS = ("Q: one and two?", "Q: one and", "x", "Q: one and two?", "seven of nine, no?")

FAMILIES = ("falcon-alibi", "gemma3", "gpt2", "llama", "mamba", "mixtral", "opt", "qwen2")


def alone(model: bs.LanguageModel, count: int) -> list[Any]:
    return [model.generate(prompt, count) for prompt in PROMPTS]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_becomes_what_it_becomes_alone(family: str) -> None:
    model = tiny(family)
    many = list(model.generate_many(PROMPTS, 7))
    assert sorted(index for index, _ in many) == list(range(len(PROMPTS)))
    assert [dict(many)[index] for index in range(len(PROMPTS))] == alone(model, 7)


def test_most_families_are_written_in_one_batch() -> None:
    one = {
        family: [len(batch.indices) for batch in batches(tiny(family), _ids(family), 7, look=False)]
        for family in ("llama", "gemma3", "gpt2", "falcon-alibi", "qwen2", "mamba")
    }
    assert one.pop("mamba") == [1, 1, 2, 1]  # a running state bears no padding
    assert all(sizes == [len(PROMPTS)] for sizes in one.values()), one


def _ids(family: str) -> list[tuple[int, ...]]:
    return [tiny(family).tokens.encode(prompt) for prompt in PROMPTS]


@pytest.mark.parametrize(
    ("family", "trap"),
    [
        ("gpt2", positions_by_the_cache),
        ("llama", no_mask),
        ("gpt2", positions_from_zero),
        ("llama", depends_on_the_batch),
    ],
)
def test_a_model_that_reads_batches_otherwise_is_not_given_any(family: str, trap: Any) -> None:
    model = bs.LanguageModel(peculiar(family, trap), byte_tokenizer())
    assert not joinable(model, look=False)
    many = dict(model.generate_many(PROMPTS, 5))
    assert [many[index] for index in range(len(PROMPTS))] == alone(model, 5)


def test_batches_are_bounded_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    model, ids = tiny("llama"), _ids("llama")
    each = 4 * 2 * 2 * 8 * 4  # layers, keys and values, heads, size, bytes
    logits = 3 * 4 * 258
    monkeypatch.setattr(room, "BYTES_PER_BATCH", 2 * (each * (18 + 7) + logits))
    parts = batches(model, ids, 7)
    assert [len(part.indices) for part in parts] == [2, 2, 1]
    assert sorted(i for part in parts for i in part.indices) == list(range(len(PROMPTS)))
    many = dict(model.generate_many(PROMPTS, 7))
    assert [many[index] for index in range(len(PROMPTS))] == alone(model, 7)
    monkeypatch.setattr(room, "BYTES_PER_BATCH", 1)
    assert [len(part.indices) for part in batches(model, ids, 7)] == [1] * len(PROMPTS)


def test_answers_come_when_they_end() -> None:
    first = tiny("llama").generate(PROMPTS[4], 9).target_ids
    model = ending_with(first[2])
    order = [index for index, _ in model.generate_many(PROMPTS, 9)]
    lengths = {index: len(one.target_ids) for index, one in enumerate(alone(model, 9))}
    assert min(lengths.values()) < 9 == max(lengths.values())
    assert [lengths[index] for index in order] == sorted(lengths.values())


def test_longrope_texts_that_cross_its_limit_are_written_alone() -> None:
    model = tiny("phi3-longrope")
    given = ["short", "a text that comes near 28", "shorter"]
    many = dict(model.generate_many(given, 8))
    assert [many[i] for i in range(3)] == [model.generate(prompt, 8) for prompt in given]


def test_progress_ends_at_its_total() -> None:
    seen: list[tuple[int, int | None]] = []
    model = ending_with(tiny("llama").generate(PROMPTS[4], 9).target_ids[2])
    list(model.generate_many(PROMPTS, 9, lambda stage, done, total: seen.append((done, total))))
    assert seen == sorted(seen) and seen[-1] == (45, 45)


@pytest.mark.parametrize(
    ("prompts", "count", "words"),
    [
        (["one", ""], 3, "prompt is empty"),
        (["one", "x" * 300], 3, "context ends at 256"),
        (["one"], 0, "At least 1 new token"),
    ],
)
def test_what_cannot_be_written_is_refused_at_the_call(
    prompts: list[str], count: int, words: str
) -> None:
    with pytest.raises(bs.InputError, match=words):
        tiny("llama").generate_many(prompts, count)


def test_no_prompt_has_no_answer() -> None:
    assert list(tiny("llama").generate_many([], 3)) == []


@pytest.mark.parametrize("family", ["llama", "gemma3", "gpt2", "mamba"])
def test_samples_are_the_same_in_any_company(family: str) -> None:
    """Also among prompts of other lengths, where a family bears them."""
    model = tiny(family)
    joined = joinable(model)
    others = [3, 0] if joined else [3]

    def sampled(chosen: list[int], seeds: list[int]) -> list[list[int]]:
        ids = [model.tokens.encode(PROMPTS[index]) for index in chosen]
        sequences = Sequences(model, ids, joined=joined)
        sampler = Sampler(seeds, 0.9)
        for step in range(6):
            if step:
                sequences.advance()
            sequences.choose(sampler)
        return sequences.token_ids

    together = sampled([0, *others], [11, 12, 13][: 1 + len(others)])
    assert sampled([0], [11]) == together[:1]
    assert sampled([3], [12]) == together[1:2]
    assert together[0] != together[1], "the same prompt under two seeds"


TEXT, ENDS = "Q: one and two of seven? A: no.", (9, 9, 14, 31, 31, 14)
"""A text of 31 tokens, and beginnings of it, each twice; longrope changes its angles at 28."""


def _begins(model: bs.LanguageModel) -> list[tuple[int, ...]]:
    ids = model.tokens.encode(TEXT)
    assert len(ids) == max(ENDS)
    return [ids[:end] for end in ENDS]


def _sampled_alone(model: bs.LanguageModel, ids: tuple[int, ...], seed: int) -> tuple[int, ...]:
    """Sample with the text read anew for each token: no cache, no batch."""
    sampler, begin = Sampler([seed], 0.9), len(ids)
    for _ in range(5):
        with torch.no_grad():
            logits = model.model(torch.tensor([ids])).logits[:, -1]
        ids += (int(sampler(logits, [0])),)
        if ids[-1] == 257:
            break
    return ids[begin:]


@pytest.mark.parametrize("family", [*FAMILIES, "gemma2", "gpt-oss"])
def test_samples_behind_beginnings_of_one_text_are_those_written_alone(family: str) -> None:
    model = tiny(family)
    begins, seeds = _begins(model), [5, 6, 7, 8, 9, 10]
    found = sampled(model, begins, 5, seeds, 0.9, silent)
    assert found == [_sampled_alone(model, *one) for one in zip(begins, seeds, strict=True)]
    assert len(set(found)) > 3


def test_samples_of_longrope_texts_that_cross_its_limit_go_by_length() -> None:
    model = tiny("phi3-longrope")
    begins, seeds = _begins(model), [5, 6, 7, 8, 9, 10]
    found = sampled(model, begins, 5, seeds, 0.9, silent)
    parts = batches(model, begins, 5, look=False)
    assert [(batch.joined, len(batch.indices)) for batch in parts] == [(True, 4), (False, 2)]
    assert found == [_sampled_alone(model, *one) for one in zip(begins, seeds, strict=True)]


@pytest.mark.parametrize(("family", "trap"), [("llama", no_mask), ("mamba", None)])
def test_samples_of_a_model_that_cannot_share_read_each_beginning_once(
    family: str, trap: Any
) -> None:
    model = bs.LanguageModel(
        random_model(family) if trap is None else peculiar(family, trap), byte_tokenizer()
    )
    assert not joinable(model, look=False)
    begins, seeds = _begins(model), [5, 6, 7, 8, 9, 10]
    sampled(model, begins, 1, seeds, 0.9, silent)  # trials are over
    found, read = _counted(model, lambda: sampled(model, begins, 5, seeds, 0.9, silent))
    assert found == [_sampled_alone(model, *one) for one in zip(begins, seeds, strict=True)]
    assert read == 2 + 4 + 9 + 14 + 31 + _reading_on(found)


@pytest.mark.parametrize("in_a_batch", [6, 2, 1])
def test_one_pass_over_the_text_is_enough_for_all_places(
    in_a_batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny("llama")
    begins, seeds = _begins(model), [5, 6, 7, 8, 9, 10]
    expected = sampled(model, begins, 5, seeds, 0.9, silent)  # trials are over
    each = 4 * 2 * 2 * 8 * 4 * (31 + 5) + 3 * 4 * 258
    monkeypatch.setattr(room, "BYTES_PER_BATCH", in_a_batch * each)
    sizes = [len(batch.indices) for batch in batches(model, begins, 5, look=False)]
    assert max(sizes) <= max(in_a_batch, 3) and (in_a_batch == 6) == (len(sizes) == 1)
    found, read = _counted(model, lambda: sampled(model, begins, 5, seeds, 0.9, silent))
    # Two texts of 2 and 4 tokens measure the cache's bytes; the last token of each goes on alone.
    assert found == expected and read == 2 + 4 + 30 + len(begins) + _reading_on(found)


def _reading_on(found: list[tuple[int, ...]]) -> int:
    """Return how many of the tokens that were written were read again, to write the next."""
    return sum(len(ids) - 1 for ids in found)


def _counted(
    model: bs.LanguageModel, write: Callable[[], list[tuple[int, ...]]]
) -> tuple[list[tuple[int, ...]], int]:
    """Return what was written, and how many tokens the model read for it."""
    read: list[int] = []

    def count(module: Any, args: Any, given: dict[str, Any]) -> None:
        read.append(given["input_ids"].numel())

    hook = model.model.register_forward_pre_hook(count, with_kwargs=True)
    try:
        return write(), sum(read)
    finally:
        hook.remove()


def test_noise_draws_from_the_softmax() -> None:
    """Frequencies over 4,000 sequences, each with a seed of its own."""
    logits = torch.tensor([2.0, 0.0, -1.0, 1.0, -30.0])
    draws = 4000
    sampler = Sampler(range(draws), 0.7)
    chosen = sampler(logits.expand(draws, -1), range(draws))
    found = torch.bincount(chosen, minlength=5) / draws
    expected = (logits / 0.7).softmax(-1)
    assert (found - expected).abs().max() < 4 * 0.5 / draws**0.5
    cold = Sampler(range(50), 1e-40)
    assert cold(logits.expand(50, -1), range(50)).tolist() == [0] * 50


def test_rows_that_end_leave_joined_ones_as_they_were() -> None:
    """The longest row ends first: what it padded the others by stays."""
    model = tiny("gemma3")
    order = (4, 1, 2)
    ids = [model.tokens.encode(PROMPTS[index]) for index in order]
    sequences = Sequences(model, ids, joined=True)
    for step in range(6):
        if step:
            sequences.advance()
        sequences.choose(greedy)
        if step == 1:
            sequences.ended[0] = True
        if step == 3:
            assert sequences.running == [1, 2]
            sequences = sequences.only([2, 1])
    expected = [list(model.generate(PROMPTS[index], 6).target_ids) for index in (2, 1)]
    assert sequences.token_ids == expected


def test_a_model_whose_layers_are_not_found_writes_many(monkeypatch: pytest.MonkeyPatch) -> None:
    model = bs.LanguageModel(random_model("llama"), byte_tokenizer())
    expected = alone(model, 5)
    monkeypatch.setattr(model, "_anatomy", bs.ModelError("not found"))
    many = dict(model.generate_many(PROMPTS, 5))
    assert [many[index] for index in range(len(PROMPTS))] == expected
