"""The rank counts tokens with strictly more: those that tie with the token do not push it down."""

import numpy as np
import torch

import bathyscope as bs
from tests.conftest import random_model, tiny


def test_tokens_of_one_logit_share_their_rank() -> None:
    """A hundred tokens get the token's own row of the unembedding, in every layer its logit."""
    model = random_model("llama")
    tokenizer = tiny("llama").tokens.tokenizer
    alone = bs.depth(bs.LanguageModel(model, tokenizer), "a", "b", top_k=1)
    (token,) = alone.heatmap.columns.ids or ()
    twins = [id for id in range(150, 250) if id != token]
    with torch.no_grad():
        model.lm_head.weight[twins] = model.lm_head.weight[token].clone()
    tied = bs.depth(bs.LanguageModel(model, tokenizer), "a", "b", top_k=1)
    assert alone.readings is not None and tied.readings is not None
    ranks = tied.readings.cells["rank"][:, 0]
    others = 258 - len(twins)
    assert (ranks <= others).all() and (ranks >= 1).all()
    assert np.all(ranks <= alone.readings.cells["rank"][:, 0]), "twins took places above it"
