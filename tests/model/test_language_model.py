import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, GenerationConfig

import bathyscope as bs
from bathyscope.core.errors import InputError, ModelError
from bathyscope.model import forest
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.scores import Scores
from bathyscope.model.scoring import read_standing
from tests.conftest import byte_tokenizer, random_model, tiny
from tests.shrinking import tiny_config


def test_decoding_ignores_the_authors_penalties() -> None:
    model = random_model("llama")
    model.generation_config = GenerationConfig(
        do_sample=True, temperature=3.0, repetition_penalty=5.0, eos_token_id=257
    )
    penalised = LanguageModel(model, byte_tokenizer()).generate("a question:", 12)
    plain = tiny("llama").generate("a question:", 12)
    assert penalised.target_ids == plain.target_ids


def test_generation_reports_each_token() -> None:
    seen: list[tuple[int, int | None]] = []
    tiny("llama").generate("abc", 6, lambda stage, done, total: seen.append((done, total)))
    assert seen[0] == (0, 6)
    assert seen[-1] == (6, 6)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_hidden_states_are_those_that_predict_the_continuation() -> None:
    model = tiny("llama")
    continuation = model.tokens.continuation("ab:", "defg")
    states = model.hidden_states(continuation)
    assert [tuple(state.shape) for state in states] == [(4, 32)] * 4
    ids = torch.tensor([continuation.prompt_ids + continuation.target_ids])
    with torch.inference_mode():
        theirs = model.model(ids, output_hidden_states=True).hidden_states
    torch.testing.assert_close(states[1], theirs[2][0, 2:6])


@pytest.mark.parametrize("prompt", ["", "a" * 300])
def test_prompts_that_do_not_fit_are_refused(prompt: str) -> None:
    with pytest.raises(InputError):
        tiny("llama").generate(prompt, 5)


def test_at_least_one_token_must_be_allowed() -> None:
    with pytest.raises(InputError, match="At least 1"):
        tiny("llama").generate("abc", 0)


def test_provenance_names_the_model() -> None:
    provenance = tiny("gemma3").provenance
    assert provenance["class"] == "Gemma3ForCausalLM"
    assert provenance["num_layers"] == 4
    assert provenance["dtype"] == "float32"
    assert provenance["rescaling"] == "logits softcapped at 30"


def _log_probs(model: LanguageModel, prompts: list[Ids], target: Ids) -> torch.Tensor:
    found: dict[int, Scores] = {}
    model.score(prompts, [target] * len(prompts), found.__setitem__)
    return torch.from_numpy(np.stack([found[index].log_probs for index in range(len(prompts))]))


def test_bfloat16_stays_near_float32() -> None:
    prompts: list[Ids] = [tuple(range(20, 60)), tuple(range(30, 90))]
    exact = _log_probs(tiny("llama"), prompts, (65, 66, 67))
    rough = LanguageModel(random_model("llama", torch.bfloat16), byte_tokenizer())
    difference = float((_log_probs(rough, prompts, (65, 66, 67)) - exact).abs().max())
    assert 1e-4 < difference < 1.0


@pytest.mark.parametrize("padding", [0, 1])
def test_a_table_of_positions_that_begins_after_padding_is_shorter(padding: int) -> None:
    """RoBERTa's configuration names two positions more than a text can have."""
    config = tiny_config("roberta")
    config.pad_token_id = padding
    torch.manual_seed(7)
    model = bs.LanguageModel(AutoModelForCausalLM.from_config(config).eval(), byte_tokenizer())
    named = config.max_position_embeddings
    usable = named - padding - 1
    assert model.context_length == usable
    with torch.no_grad():
        model.model(torch.full((1, usable), 7))
        with pytest.raises((IndexError, RuntimeError)):
            model.model(torch.full((1, usable + 1), 7))
    with pytest.raises(InputError, match=f"ends at {usable}"):
        bs.attribute(model, "[[a]]" + "b" * (named - 3), " c")
    bs.attribute(model, "[[a]]" + "b" * (named - 5), " c", method="leave_one_out")


def test_experts_are_computed_as_they_were_set_afterwards() -> None:
    own = random_model("mixtral").double()
    before = own.config._experts_implementation
    assert before != "eager", "a setting that is right already proves nothing"
    bs.attribute(bs.LanguageModel(own, byte_tokenizer()), "[[a]] b", " c")
    assert own.config._experts_implementation == before


def test_a_model_offloaded_as_a_whole_is_refused_as_that() -> None:
    from accelerate import cpu_offload

    own = random_model("llama")
    cpu_offload(own, execution_device=torch.device("cpu"))
    with pytest.raises(ModelError, match="the whole model is offloaded"):
        bs.LanguageModel(own, byte_tokenizer())


@pytest.mark.filterwarnings("ignore:.*torch.ao.quantization is deprecated")
@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_a_model_in_8_bits_is_refused_as_what_it_is() -> None:
    own = torch.ao.quantization.quantize_dynamic(
        random_model("llama"), {torch.nn.Linear}, dtype=torch.qint8
    )
    with pytest.raises(ModelError, match=r"is quantised \(torch\.ao.*Load it without"):
        bs.LanguageModel(own, byte_tokenizer())


@pytest.mark.parametrize("batch_tokens", [1, None])
def test_how_tokens_stand_is_told_where_it_is_asked(batch_tokens: int | None) -> None:
    model, target = tiny("llama"), (65, 66, 67, 200)
    prompts: list[Ids] = [(20, 21, 22, 23), (20, 21, 30), (20, 21, 22, 40), (50, 51)]
    found: dict[int, Scores] = {}
    targets = [target[: 2 + index % 3] for index in range(4)]
    model.score(prompts, targets, found.__setitem__, batch_tokens, standing={1, 2})
    assert [found[i].standing is not None for i in range(4)] == [False, True, True, False]
    for index in (1, 2):
        standing = found[index].standing
        assert standing is not None
        ids, own = prompts[index] + targets[index], list(targets[index])
        with torch.no_grad():
            logits = random_model("llama")(torch.tensor([ids])).logits[0, -len(own) - 1 : -1]
        rows = logits.double().log_softmax(-1).numpy()
        asked = rows[np.arange(len(own)), own]
        assert standing.ranks.tolist() == ((rows > asked[:, None]).sum(1) + 1).tolist()
        assert standing.greedy_ids.tolist() == rows.argmax(1).tolist()
        np.testing.assert_allclose(standing.greedy_log_probs, rows.max(1), atol=1e-5)
        np.testing.assert_allclose(found[index].log_probs, asked, atol=1e-5)


def test_a_game_asks_how_tokens_stand_after_the_whole_prompt_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows: list[int] = []

    def counted(logits: torch.Tensor, total: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        rows.append(len(ids))
        return read_standing(logits, total, ids)

    monkeypatch.setattr(forest, "read_standing", counted)
    run = bs.attribute(tiny("llama"), "Q: [[9 + 3]]\nA: [[12]]\n[[Q]]: 5?\nA:", " 005")
    assert sum(rows) == len(run.heatmap.rows), "of 8 coalitions one has all features"
