"""Every route to the logits gives the model's own, whatever stands around the unembedding."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax, softmax
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, MiniCPM3Config

import bathyscope as bs
from bathyscope.core.errors import ModelError
from bathyscope.model.sequences import Sequences
from tests import brute_force
from tests.conftest import byte_tokenizer, random_model

PROMPT = bs.Prompt.marked("Q: 9 [[+ 3]] is?\nA: [[12]].\n\nQ: [[7 x 5]]?\nA:")
TARGET = " 35 ="


def minicpm3(base: int) -> Any:
    """Return a tiny model that divides its states by 32 / base before the unembedding."""
    torch.manual_seed(3)
    config = MiniCPM3Config(
        vocab_size=258,
        bos_token_id=256,
        eos_token_id=257,
        pad_token_id=257,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        q_lora_rank=16,
        kv_lora_rank=16,
        qk_nope_head_dim=4,
        qk_rope_head_dim=4,
        v_head_dim=8,
        dim_model_base=base,
        tie_word_embeddings=False,
    )
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.25)
    return model.eval()


def with_passage(before: Callable[[Tensor], Tensor], after: Callable[[Tensor], Tensor]) -> Any:
    """Return a tiny Llama that does more around its unembedding than its configuration says."""
    model = random_model("llama")
    kind = type(model)

    class Peculiar(kind):  # type: ignore[misc, valid-type]
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            kwargs |= {"return_dict": True}
            kept = kwargs.pop("logits_to_keep", 0)
            output = self.model(*args, **kwargs)
            output["logits"] = after(self.lm_head(before(output[0][:, -kept:])))
            return _Output(output)

    model.__class__ = Peculiar
    return model


class _Output(dict[str, Any]):
    """What a forward pass returns: entries that are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


def same(states: Tensor) -> Tensor:
    return states


Passage = Callable[[Tensor], Tensor]


def third(states: Tensor) -> Tensor:
    return states / 3


def smaller(logits: Tensor) -> Tensor:
    return logits / 1.7


def capped(logits: Tensor) -> Tensor:
    return 6.5 * torch.tanh(logits / 6.5)


MODELS: dict[str, tuple[Callable[[], Any], Passage, Passage]] = {
    "minicpm3 at 4": (lambda: minicpm3(8), lambda states: states / 4, same),
    "minicpm3 at 1": (lambda: minicpm3(32), same, same),
    "minicpm3 at 0.5": (lambda: minicpm3(64), lambda states: states * 2, same),
    "minicpm3 at 4/3": (lambda: minicpm3(24), lambda states: states * 0.75, same),
    "an unnamed factor before": (lambda: with_passage(third, same), third, same),
    "an unnamed factor after": (lambda: with_passage(same, smaller), same, smaller),
    "an unnamed cap after": (lambda: with_passage(same, capped), same, capped),
    "both": (lambda: with_passage(third, smaller), third, smaller),
}


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def wrapped(name: str) -> bs.LanguageModel:
    return bs.LanguageModel(MODELS[name][0](), byte_tokenizer())


def own_log_probs(model: bs.LanguageModel, prompt: str, target: str) -> Any:
    given = model.tokens.continuation(prompt, target)
    return brute_force.log_probs(model.model, given.prompt_ids, given.target_ids)


def test_attribution(wrapped: bs.LanguageModel) -> None:
    run = bs.attribute(wrapped, PROMPT, TARGET, method="shapley")
    expected = own_log_probs(wrapped, PROMPT.text, TARGET)
    assert np.ptp(expected) > 0.05, "a test on equal numbers would prove nothing"
    np.testing.assert_allclose(run.all, expected, atol=2e-5)
    without = "".join(
        character
        for at, character in enumerate(PROMPT.text)
        if not any(start <= at < end for start, end in PROMPT.features)
    )
    np.testing.assert_allclose(run.none, own_log_probs(wrapped, without, TARGET), atol=2e-5)


def test_gradients(wrapped: bs.LanguageModel) -> None:
    run = bs.attribute(wrapped, PROMPT, TARGET, method="input_x_gradient")
    given = wrapped.tokens.continuation(PROMPT.text, TARGET)
    np.testing.assert_allclose(
        run.all,
        brute_force.log_probs(wrapped.model, given.prompt_ids, given.target_ids),
        atol=2e-5,
    )
    derived = brute_force.gradients(wrapped.model, given.prompt_ids, given.target_ids)
    ids = torch.tensor(given.prompt_ids + given.target_ids[:-1])
    embeddings = wrapped.model.get_input_embeddings()(ids).detach().double().numpy()
    products = (derived * embeddings).sum(-1)
    spans = wrapped.tokens.prompt_spans(PROMPT.text, given)
    for column, (start, end) in enumerate(PROMPT.features):
        inside = [i for i, (a, b) in enumerate(spans) if a >= start and b <= end]
        np.testing.assert_allclose(
            run.heatmap.values[:, column], products[:, inside].sum(1), atol=1e-4
        )


def test_depth_and_streams(name: str, wrapped: bs.LanguageModel) -> None:
    _, before, after = MODELS[name]
    model = wrapped.model
    run = bs.depth(wrapped, PROMPT.text, max_new_tokens=6)
    prompt_ids = wrapped.tokens.encode(PROMPT.text)
    ids = prompt_ids + tuple(run.heatmap.columns.ids or ())
    with torch.no_grad():
        rows = [
            after(model.lm_head(before(model.model.norm(state)))).double().numpy()
            for state in brute_force.residual_stream(model, ids)
        ]
        own = model(torch.tensor([ids])).logits[0].double().numpy()
    np.testing.assert_allclose(rows[-1], own, atol=1e-5)
    for (layer, column), bits in np.ndenumerate(run.heatmap.values):
        place = len(prompt_ids) - 1 + column
        expected = jensenshannon(softmax(rows[layer][place]), softmax(own[place]), base=2) ** 2
        assert bits == pytest.approx(expected, abs=1e-5)
    quick = bs.depth(wrapped, PROMPT.text, max_new_tokens=6, ratio_only=True)
    assert quick.settling_depth.tolist() == run.settling_depth.tolist()
    tokens = list(bs.stream(wrapped, PROMPT.text, max_new_tokens=6))
    columns = np.stack([token.divergences for token in tokens], axis=1)
    np.testing.assert_allclose(columns, run.heatmap.values, atol=2e-4)


def test_samples_of_think(wrapped: bs.LanguageModel) -> None:
    """Think@n draws from these logits."""
    ids = wrapped.tokens.encode(PROMPT.text)
    sequences = Sequences(wrapped, [ids])
    sequences.fork(2)
    for _ in range(3):
        with torch.no_grad():
            own = wrapped.model(torch.tensor([[*ids, *sequences.token_ids[1]]])).logits[0, -1]
        np.testing.assert_allclose(
            log_softmax(sequences.logits()[1].numpy()), log_softmax(own.numpy()), atol=2e-5
        )
        sequences.choose(lambda logits, _: logits.argmin(-1))
        sequences.advance()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_factor_is_measured_in_any_precision(dtype: torch.dtype) -> None:
    model = minicpm3(24).to(dtype)
    assert bs.LanguageModel(model, byte_tokenizer()).anatomy.head_factor == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (lambda states: states + 0.1, same, "between LlamaRMSNorm and its unembedding"),
        (lambda states: states.tanh(), same, "between LlamaRMSNorm and its unembedding"),
        (same, lambda logits: logits + logits.mean(), "after its unembedding"),
        (same, lambda logits: logits * logits.abs(), "after its unembedding"),
        (same, lambda logits: logits.roll(1, -1), "after its unembedding"),
        (same, lambda logits: logits[:, -1:], "after its unembedding|for 5 tokens"),
    ],
)
def test_what_is_more_than_a_factor_is_refused(
    before: Callable[[Tensor], Tensor], after: Callable[[Tensor], Tensor], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        _ = bs.LanguageModel(with_passage(before, after), byte_tokenizer()).anatomy


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_factor_that_a_hook_would_apply_twice_is_refused(dtype: torch.dtype) -> None:
    """States kept at the unembedding have passed its hooks already, and would pass them again."""
    model = random_model("llama", dtype)
    model.lm_head.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 2,))
    with pytest.raises(ModelError, match="do not follow"):
        bs.LanguageModel(model, byte_tokenizer())


def test_a_replaced_forward_of_the_unembedding_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A product with its bare matrix would leave out what the replacement adds."""
    model = random_model("llama")
    shift = nn.Parameter(torch.linspace(-1, 1, 258))
    original = model.lm_head.forward
    monkeypatch.setattr(model.lm_head, "forward", lambda states: original(states) + shift)
    wrapped = bs.LanguageModel(model, byte_tokenizer())
    assert wrapped.anatomy.linear_head is None
    plain = bs.LanguageModel(random_model("llama"), byte_tokenizer())
    assert plain.anatomy.linear_head is not None
    run = bs.depth(wrapped, PROMPT.text, TARGET)
    assert (
        float(abs(run.heatmap.values - bs.depth(plain, PROMPT.text, TARGET).heatmap.values).max())
        > 1e-3
    )
