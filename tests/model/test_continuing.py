"""Streams and samples go on from a cache only in models that do so rightly."""

import pytest
import torch

import bathyscope as bs
from bathyscope.model.continuing import begun
from tests.conftest import byte_tokenizer, tiny
from tests.model.test_sharing import (
    depends_on_the_batch,
    no_mask,
    peculiar,
    positions_by_the_cache,
    positions_from_zero,
)

PROMPTS = ["one", "a longer prompt than that"]


@pytest.mark.parametrize(("family", "trap"), [("gpt2", positions_by_the_cache), ("llama", no_mask)])
def test_padding_that_is_taken_for_text_is_refused(family: str, trap: object) -> None:
    model = bs.LanguageModel(peculiar(family, trap), byte_tokenizer())  # type: ignore[arg-type]
    with pytest.raises(bs.InputError, match="takes padding for text .* one prompt at a time"):
        next(bs.stream(model, PROMPTS))
    (token, *_) = bs.stream(model, PROMPTS[0], max_new_tokens=3)
    with torch.no_grad():
        own = model.model(torch.tensor([model.tokens.encode(PROMPTS[0])])).logits[0, -1]
    assert token.token_id == int(own.argmax())


@pytest.mark.parametrize(
    ("family", "trap"), [("gpt2", positions_from_zero), ("llama", depends_on_the_batch)]
)
def test_a_cache_that_cannot_be_gone_on_from_is_refused(family: str, trap: object) -> None:
    model = bs.LanguageModel(peculiar(family, trap), byte_tokenizer())  # type: ignore[arg-type]
    for ask in (
        lambda: next(bs.stream(model, PROMPTS[0])),
        lambda: bs.think(model, PROMPTS[0], bs.ThinkSettings(n=2, prefix=2, max_new_tokens=3)),
    ):
        with pytest.raises(bs.ModelError, match="does not go on from its cache as it reads"):
            ask()


def test_every_family_goes_on(family: str) -> None:
    model = tiny(family)
    prompts = [model.tokens.encode(text[:20]) for text in PROMPTS]
    assert len(begun(model, prompts)) == 2
