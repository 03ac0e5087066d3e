"""What a foreign model does wrong is said in a sentence, and nothing of it is changed."""

from typing import Any

import pytest
import torch
from tokenizers import AddedToken
from transformers import GenerationConfig

import bathyscope as bs
from tests.conftest import byte_tokenizer, random_model

PROMPT = bs.Prompt.marked("Q: 9 [[+ 3]] is?\nA: [[12]].\n\nQ: [[7 x 5]]?\nA:")


def _state(model: Any) -> list[Any]:
    modules = list(model.modules())
    return [
        [module.training for module in modules],
        [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in modules],
        [parameter.requires_grad for parameter in model.parameters()],
        model.config.to_dict(),
    ]


def test_a_model_in_memory_is_left_as_it_was() -> None:
    model = random_model("llama").train()
    model.model.layers[1].eval()
    model.model.norm.weight.requires_grad_(False)
    own = GenerationConfig(do_sample=True, temperature=3.0, eos_token_id=257)
    model.generation_config = own
    before, settings = _state(model), own.to_dict()
    wrapped = bs.LanguageModel(model, byte_tokenizer())
    for method in ("shapley", "input_x_gradient"):
        bs.attribute(wrapped, PROMPT, method=method, max_new_tokens=3)
    bs.depth(wrapped, PROMPT.text, max_new_tokens=3)
    list(bs.stream(wrapped, PROMPT.text, max_new_tokens=3))
    assert _state(model) == before
    assert model.generation_config is own and own.to_dict() == settings


def test_dropout_is_off_though_the_model_is_in_training() -> None:
    model = random_model("gpt2")
    expected = bs.attribute(bs.LanguageModel(model, byte_tokenizer()), PROMPT, " 35")
    trained = random_model("gpt2").train()
    assert trained.transformer.drop.p > 0
    found = bs.attribute(bs.LanguageModel(trained, byte_tokenizer()), PROMPT, " 35")
    assert (found.heatmap.values == expected.heatmap.values).all()


@pytest.mark.parametrize("error", [RuntimeError("no kernel"), IndexError("7"), KeyError("x")])
def test_a_failing_forward_is_one_sentence(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = random_model("llama")
    wrapped = bs.LanguageModel(model, byte_tokenizer())

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise error

    monkeypatch.setattr(model.model.layers[2], "forward", fail)
    expected = f"LlamaForCausalLM fails .*{type(error).__name__}"
    with pytest.raises(bs.ModelError, match=expected):
        bs.LanguageModel(model, byte_tokenizer())
    for ask in (
        lambda: bs.attribute(wrapped, PROMPT, " 35"),
        lambda: bs.attribute(wrapped, PROMPT),
        lambda: bs.depth(wrapped, PROMPT.text, " 35"),
        lambda: next(bs.stream(wrapped, PROMPT.text)),
    ):
        with pytest.raises(bs.ModelError, match=expected):
            ask()


def test_a_model_that_is_none_at_all_is_refused() -> None:
    with pytest.raises(bs.ModelError, match="Linear fails as a causal language model"):
        bs.LanguageModel(torch.nn.Linear(2, 2), byte_tokenizer())
    with pytest.raises(bs.ModelError, match="object"):
        bs.LanguageModel(random_model("llama"), object())


def test_an_overflow_names_the_precision() -> None:
    model = random_model("llama").to(torch.float16)
    with torch.no_grad():
        model.model.layers[1].mlp.down_proj.weight.mul_(6e4)
    with pytest.raises(bs.ModelError, match=r"no number in float16: float16 ends at 65,504"):
        bs.LanguageModel(model, byte_tokenizer())


def test_an_overflow_that_comes_later_names_it_too() -> None:
    model = random_model("llama").to(torch.float16)
    wrapped = bs.LanguageModel(model, byte_tokenizer())
    with torch.no_grad():
        model.model.layers[1].mlp.down_proj.weight.mul_(6e4)
    for ask in (
        lambda: wrapped.hidden_states(wrapped.tokens.continuation("ab", " cd")),
        lambda: next(bs.stream(wrapped, "ab")),
        lambda: bs.attribute(wrapped, PROMPT, " 35", method="saliency"),
    ):
        with pytest.raises(bs.ModelError, match="no number in float16"):
            ask()


def test_more_logits_than_tokens_are_refused() -> None:
    """As of a tuned prompt (PEFT), whose tokens come before the text."""
    model = random_model("llama")
    kind = type(model)

    class Tuned(kind):  # type: ignore[misc, valid-type]
        def forward(self, input_ids: Any = None, **kwargs: Any) -> Any:
            before = input_ids[:, :1].expand(-1, 4)
            return super().forward(input_ids=torch.cat([before, input_ids], 1), **kwargs)

    model.__class__ = Tuned
    with pytest.raises(bs.ModelError, match="Tuned returns 9 rows of logits for 5 tokens"):
        bs.LanguageModel(model, byte_tokenizer())


def test_fewer_logits_than_tokens_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("llama")
    original = model.forward
    monkeypatch.setattr(model, "forward", lambda **kw: original(**(kw | {"logits_to_keep": 1})))
    with pytest.raises(bs.ModelError, match="returns 1 rows of logits for 5 tokens"):
        bs.LanguageModel(model, byte_tokenizer())


def test_a_tokenizer_of_another_model_is_refused() -> None:
    tokenizer = byte_tokenizer()
    tokenizer.add_tokens(["banana"])
    with pytest.raises(bs.ModelError, match="'banana' has the id 258, but the embedding has 258"):
        bs.LanguageModel(random_model("llama"), tokenizer)


def test_a_special_token_beyond_the_embedding_is_refused_where_it_comes() -> None:
    tokenizer = byte_tokenizer()
    tokenizer.add_special_tokens({"pad_token": AddedToken("[PAD]", special=True)})
    model = bs.LanguageModel(random_model("llama"), tokenizer)
    bs.attribute(model, PROMPT, " 35")
    asked = bs.Prompt.marked("a [[b]] [PAD] c")
    for ask in (
        lambda: bs.attribute(model, asked, " 35"),
        lambda: bs.attribute(model, asked, " 35", method="saliency"),
        lambda: bs.depth(model, asked.text, max_new_tokens=2),
        lambda: bs.depth(model, asked.text, " 35"),
        lambda: next(bs.stream(model, asked.text)),
    ):
        with pytest.raises(bs.BathyscopeError, match="id 258"):
            ask()
