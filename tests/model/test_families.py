"""Every family: prefixes shared without a change, gradients, depth; and the page that says so."""

from typing import Any

import numpy as np
import pytest
import torch

from bathyscope.model import language_model as language_model_module
from bathyscope.model.forest import Forest
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids, separate, shared_prefixes
from bathyscope.model.scores import Scores
from tests import brute_force
from tests.agreement import TARGET, prompts
from tests.conftest import byte_tokenizer, random_model, tiny


def scored(model: LanguageModel, batch_tokens: int) -> torch.Tensor:
    """Return ln p of the target after each prompt, shape (prompts, 3)."""
    found: dict[int, Scores] = {}
    given = prompts()
    model.score(given, [TARGET] * len(given), found.__setitem__, batch_tokens)
    return torch.from_numpy(np.stack([found[index].log_probs for index in range(len(given))]))


def alone(model: LanguageModel) -> torch.Tensor:
    """Return the same with a pass for every prompt, which no other prompt takes part in."""
    given = [prompt + TARGET[:-1] for prompt in prompts()]
    found: dict[int, Scores] = {}
    Forest(model.model, model.anatomy, 1).score(
        separate(given), [TARGET] * len(given), found.__setitem__
    )
    return torch.from_numpy(np.stack([found[index].log_probs for index in range(len(given))]))


def test_the_tree_gives_the_values_of_separate_prompts(family: str) -> None:
    model = tiny(family)
    expected = alone(model)
    assert float(expected.std()) > 0.5, "a test on equal inputs would prove nothing"
    for batch_tokens in (1, 70, 160, 1000):
        torch.testing.assert_close(scored(model, batch_tokens), expected, atol=2e-5, rtol=0)


def test_whole_prompts_are_what_the_model_itself_gives(family: str) -> None:
    exact = random_model(family, torch.float64)
    # A longrope model reads the last token's position into all others: it is in our pass too.
    expected = [brute_force.log_probs(exact, prompt, TARGET) for prompt in prompts()]
    np.testing.assert_allclose(alone(tiny(family)).numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("family", ["llama", "gemma3", "falcon-alibi", "mistral", "opt"])
def test_any_attention_implementation(family: str, attention: str) -> None:
    model = LanguageModel(random_model(family, attn_implementation=attention), byte_tokenizer())
    assert model.why_not_shared is None
    torch.testing.assert_close(scored(model, 1000), alone(model), atol=2e-5, rtol=0)


def test_beyond_the_original_context_longrope_shares_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, int] = {}

    def shared(sequences: list[Ids], private: list[int]) -> Any:
        seen["longest shared"] = max(map(len, sequences))
        return shared_prefixes(sequences, private)

    monkeypatch.setattr(language_model_module, "shared_prefixes", shared)
    scored(tiny("phi3-longrope"), 1000)
    assert seen == {"longest shared": 27}


def test_a_running_state_is_named_as_the_reason() -> None:
    why = tiny("mamba").why_not_shared
    assert why == "it carries a running state from token to token, which cannot be branched"


def test_a_foreign_cache_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a model makes of our cache, whole prompts are right."""
    model = LanguageModel(random_model("llama"), byte_tokenizer())
    original = model.model.forward

    def forward(*args: Any, past_key_values: Any = None, **kwargs: Any) -> Any:
        if past_key_values is not None:
            raise NotImplementedError("a cache of its own kind")
        return original(*args, **kwargs)

    monkeypatch.setattr(model.model, "forward", forward)
    assert model.why_not_shared == "its cache cannot be branched (NotImplementedError)"
    torch.testing.assert_close(scored(model, 1000), alone(model), atol=2e-5, rtol=0)


def test_positions_that_end_where_the_context_ends() -> None:
    """Learned positions do not exist beyond the limit, and padding must not ask for them."""
    for family in ("gpt2", "opt"):
        model = tiny(family)
        long = tuple(index % 200 for index in range(253))
        given = [long, (*long[:200], 3), (*long[:250], 1, 2)]
        found: dict[int, Scores] = {}
        model.score(given, [TARGET] * 3, found.__setitem__)
        for index, prompt in enumerate(given):
            expected = brute_force.log_probs(random_model(family, torch.float64), prompt, TARGET)
            np.testing.assert_allclose(found[index].log_probs, expected, atol=1e-4)
