"""Models that read positions, masks or batches in ways of their own give no wrong number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.model import sharing
from bathyscope.model.prefix_tree import shared_prefixes
from tests import brute_force
from tests.conftest import byte_tokenizer, random_model, tiny

PROMPT = bs.Prompt.marked(
    "Q: 9 [[+ 3]] is? A: [[12]]. Q: [[4]] is? A: 4. Q: [[7 x 5 and a lot more]]?\nA:"
)
TARGET = " 35 ="


def peculiar(family: str, change: Callable[[Any, dict[str, Any]], None]) -> Any:
    """Return a model whose forward pass first changes its inputs."""
    model = random_model(family)
    kind = type(model)

    class Peculiar(kind):  # type: ignore[misc, valid-type]
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            kwargs |= dict(zip(["input_ids"], args, strict=False))
            change(self, kwargs)
            return super().forward(**kwargs)

    model.__class__ = Peculiar
    return model


def _tokens(kwargs: dict[str, Any]) -> torch.Tensor:
    given = kwargs.get("input_ids")
    found: torch.Tensor = kwargs["inputs_embeds"][..., 0] if given is None else given
    return found


def _past(kwargs: dict[str, Any]) -> int:
    cache = kwargs.get("past_key_values")
    return 0 if cache is None else int(cache.get_seq_length())


def positions_by_the_cache(model: Any, kwargs: dict[str, Any]) -> None:
    past, count = _past(kwargs), _tokens(kwargs).shape[1]
    kwargs["position_ids"] = torch.arange(past, past + count)[None]


def no_mask(model: Any, kwargs: dict[str, Any]) -> None:
    kwargs.pop("attention_mask", None)


def positions_from_zero(model: Any, kwargs: dict[str, Any]) -> None:
    """Which is wrong on any cache."""
    kwargs["position_ids"] = torch.arange(_tokens(kwargs).shape[1])[None]


TRAPS = {
    "positions by the cache": ("gpt2", positions_by_the_cache),
    "llama, positions by the cache": ("llama", positions_by_the_cache),
    "no mask": ("llama", no_mask),
    "positions from zero": ("gpt2", positions_from_zero),
    "alibi, no mask": ("falcon-alibi", no_mask),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_values_are_those_of_whole_prompts(trap: str) -> None:
    model = bs.LanguageModel(peculiar(*TRAPS[trap]), byte_tokenizer())
    assert model.why_not_shared is not None and "nats" in model.why_not_shared
    run = bs.attribute(model, PROMPT, TARGET, method="shapley")
    assert any("Whole prompts are scored: with a branched cache" in one for one in run.notes)
    for values, text in ((run.all, PROMPT.text), (run.none, _without(PROMPT))):
        given = model.tokens.continuation(text, TARGET)
        expected = brute_force.log_probs(model.model, given.prompt_ids, given.target_ids)
        np.testing.assert_allclose(values, expected, atol=2e-5)


def _without(prompt: bs.Prompt) -> str:
    inside = {at for start, end in prompt.features for at in range(start, end)}
    return "".join(letter for at, letter in enumerate(prompt.text) if at not in inside)


def test_pasts_of_unequal_length_meet_in_the_trial(family: str) -> None:
    model = tiny(family)
    if model.why_not_shared is not None:
        return
    sequences = sharing._sequences(model.model)
    roots = shared_prefixes(sequences, [3] * len(sequences))
    change, met = sharing._change(model.model, model.anatomy, roots, sequences)
    assert change is None
    assert any(0 in pasts and len(pasts) > 1 for pasts in met)
    assert any(len(set(pasts) - {0}) > 1 for pasts in met)


def test_a_trial_in_which_they_do_not_meet_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_BRANCHES", ((0, 20, 8), (0, 20, 7)))
    model = bs.LanguageModel(random_model("llama"), byte_tokenizer())
    assert model.why_not_shared is not None and "too short to try" in model.why_not_shared


def depends_on_the_batch(model: Any, kwargs: dict[str, Any]) -> None:
    """As experts of bounded capacity do."""
    for layer in model.model.layers:
        layer.self_attn.scaling = 8**-0.5 / len(_tokens(kwargs))


def test_texts_that_change_each_other_go_one_by_one() -> None:
    model = bs.LanguageModel(peculiar("llama", depends_on_the_batch), byte_tokenizer())
    assert model.why_not_shared is not None
    assert model.why_not_batched is not None and "same pass" in model.why_not_batched
    run = bs.attribute(model, PROMPT, TARGET, method="shapley")
    assert any("Whole prompts are scored: with a branched cache" in one for one in run.notes)
    given = model.tokens.continuation(PROMPT.text, TARGET)
    expected = brute_force.log_probs(model.model, given.prompt_ids, given.target_ids)
    np.testing.assert_allclose(run.all, expected, atol=2e-5)
