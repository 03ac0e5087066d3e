from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    CohereConfig,
    Gemma2Config,
    GraniteConfig,
)

from bathyscope.core.errors import ModelError
from bathyscope.model.anatomy import find_anatomy
from bathyscope.model.head import find_head
from bathyscope.model.logits import logits_of
from tests import brute_force
from tests.conftest import random_model, tiny
from tests.families import SMALL, encoder_config

FINAL_NORM = {
    "falcon": ("transformer.ln_f",),
    "falcon-alibi": ("transformer.ln_f",),
    "gpt-neox": ("gpt_neox.final_layer_norm",),
    "gpt2": ("transformer.ln_f",),
    "mamba": ("backbone.norm_f",),
    "opt": ("model.decoder.final_layer_norm", "model.decoder.project_out"),
}


def test_the_parts_are_found(family: str) -> None:
    model = random_model(family)
    anatomy = find_anatomy(model, find_head(model))
    assert anatomy.num_layers == model.config.num_hidden_layers
    assert anatomy.embed_tokens is model.get_input_embeddings()
    assert anatomy.lm_head is model.lm_head
    paths = FINAL_NORM.get(family, ("model.norm",))
    assert anatomy.final_norm == tuple(model.get_submodule(path) for path in paths)


def test_states_are_recorded_as_the_layers_leave_them(family: str) -> None:
    """Against transformers' own list, whose last entry is normed already."""
    model = tiny(family)
    ids = torch.tensor([[5, 9, 200, 33, 7]])
    with torch.inference_mode():
        theirs = model.model(ids, output_hidden_states=True).hidden_states
    positions = torch.tensor([1, 3])
    with model.anatomy.recording(positions) as ours:
        logits_of(model.model, ids)
    assert len(ours) == model.num_layers
    for state, other in zip(
        ours[:-1], brute_force.intermediate_states(model.model, theirs), strict=True
    ):
        torch.testing.assert_close(state, other[0, positions])
    with torch.inference_mode():
        last = model.anatomy.normed(ours[-1])
    torch.testing.assert_close(last, theirs[-1][0, positions])


def test_states_at_chosen_places_give_the_models_own_logits(family: str) -> None:
    model = tiny(family)
    ids = torch.tensor([[5, 9, 200, 33], [8, 7, 6, 5]])
    whole = logits_of(model.model, ids)
    with model.anatomy.states_at(torch.tensor([[0, 2], [1, 3], [1, 1]])) as kept:
        assert logits_of(model.model, ids).shape[:2] == (1, 1)
    with torch.inference_mode():
        some = model.anatomy.unembedded(kept[0])
    torch.testing.assert_close(some, whole[[0, 1, 1], [2, 3, 1]])
    torch.testing.assert_close(logits_of(model.model, ids), whole)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (GraniteConfig(**SMALL, logits_scaling=8.0), "divided by 8"),
        (CohereConfig(**SMALL, logit_scale=0.25), "multiplied by 0.25"),
        (Gemma2Config(**SMALL, final_logit_softcapping=5.0), "softcapped at 5"),
    ],
)
def test_what_is_done_to_the_logits_is_found(config: Any, words: str) -> None:
    assert words in find_head(AutoModelForCausalLM.from_config(config).eval()).rescaling


def test_more_than_a_norm_after_the_last_layer() -> None:
    model = random_model("opt")
    anatomy = find_anatomy(model, find_head(model))
    decoder = model.model.decoder
    assert anatomy.final_norm == (decoder.final_layer_norm, decoder.project_out)


def test_a_norm_applied_twice_would_be_noticed() -> None:
    model = random_model("llama")
    anatomy = find_anatomy(model, find_head(model))
    ids = torch.tensor([[5, 9, 200, 33, 7]])
    with torch.inference_mode():
        normed = model(ids, output_hidden_states=True).hidden_states[-1]
        twice = anatomy.unembedded(anatomy.normed(normed))
        once = anatomy.unembedded(normed)
    assert float((twice - once).abs().max()) > 0.1
    torch.testing.assert_close(once, logits_of(model, ids))


def test_a_model_that_sees_the_future_is_refused() -> None:
    with pytest.raises(ModelError, match=r"not a causal language model|do not follow"):
        find_head(AutoModelForCausalLM.from_config(encoder_config()).eval())


def test_layers_that_cannot_be_found_are_named() -> None:
    model = random_model("llama")
    model.config.num_hidden_layers = 77
    with pytest.raises(ModelError, match="no list of 77 modules"):
        find_anatomy(model, find_head(model))
