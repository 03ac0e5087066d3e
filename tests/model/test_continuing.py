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
