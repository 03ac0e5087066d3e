"""Streams and samples go on from a cache only in models that do so rightly."""

import copy

import pytest
import torch
from transformers.cache_utils import DynamicCache, DynamicSlidingWindowLayer

import bathyscope as bs
from bathyscope.model.continuing import begun
from tests.agreement import depth, streaming
from tests.conftest import byte_tokenizer, tiny
from tests.model.test_sharing import (
    depends_on_the_batch,
    no_mask,
    peculiar,
    positions_by_the_cache,
    positions_from_zero,
)
from tests.shrinking import tiny_model

PROMPTS = ["one", "a longer prompt than that"]


@pytest.mark.parametrize(("family", "trap"), [("gpt2", positions_by_the_cache), ("llama", no_mask)])
def test_texts_of_unequal_length_need_no_padding(family: str, trap: object) -> None:
    """In models that would take padding for text."""
    model = bs.LanguageModel(peculiar(family, trap), byte_tokenizer())  # type: ignore[arg-type]
    tokens = list(bs.stream(model, PROMPTS, max_new_tokens=3))
    assert {token.sequence for token in tokens} == {0, 1}
    for index, prompt in enumerate(PROMPTS):
        ids = list(model.tokens.encode(prompt))
        for token in (token for token in tokens if token.sequence == index):
            with torch.no_grad():
                own = model.model(torch.tensor([ids])).logits[0, -1]
            assert token.token_id == int(own.argmax())
            ids.append(token.token_id)


@pytest.mark.parametrize(
    ("family", "trap"), [("gpt2", positions_from_zero), ("llama", depends_on_the_batch)]
)
def test_a_cache_that_cannot_be_gone_on_from_is_refused(family: str, trap: object) -> None:
    model = bs.LanguageModel(peculiar(family, trap), byte_tokenizer())  # type: ignore[arg-type]
    for ask in (
        lambda: next(bs.stream(model, PROMPTS[0])),
        lambda: bs.think(
            model, PROMPTS[0], settings=bs.ThinkSettings(n=2, prefix=2, max_new_tokens=3)
        ),
    ):
        with pytest.raises(bs.ModelError, match="does not go on from its cache as it reads"):
            ask()


def test_every_family_goes_on(family: str) -> None:
    model = tiny(family)
    assert len(begun(model, [model.tokens.encode(PROMPTS[1][:20])] * 2)) == 2


def test_a_cache_that_forgets_more_than_the_mask_is_not_gone_on_from() -> None:
    """Moshi's own cache keeps a window, which its mask does not know."""
    own = tiny_model("moshi").double()
    model = bs.LanguageModel(copy.deepcopy(own), byte_tokenizer())
    cache = DynamicCache(config=own.config)
    assert DynamicSlidingWindowLayer in {type(layer) for layer in cache.layers}
    ids = torch.arange(40)[None]
    with torch.no_grad():
        whole = own(ids, use_cache=False).logits[0, -1]
        first = own(ids[:, :30], use_cache=True, past_key_values=cache).past_key_values
        apart = own(ids[:, 30:], use_cache=True, past_key_values=first).logits[0, -1]
    assert (whole - apart).abs().max() > 0.01, "it reads on otherwise, or this proves nothing"
    assert depth(model, own) < 1e-9
    assert streaming(model, own) < 1e-9
