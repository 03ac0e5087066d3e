"""Suppressed attention against attention written out, in float64."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.suppression import suppressor
from bathyscope.model.suppression_effects import nucleus_divergence, token_effects
from tests.conftest import byte_tokenizer, random_model, tiny
from tests.reasoning.attention import hidden
from tests.reasoning.texts import FAMILIES, PROMPT, RESPONSE, ROWS

TEXT = PROMPT.text + RESPONSE
SPANS = [(TEXT.index(part), TEXT.index(part) + len(part)) for part in PROMPT.labels]
STEPS = [(TEXT.rindex(row), TEXT.rindex(row) + len(row)) for row in ROWS]


def logits(model: Any, ids: tuple[int, ...]) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        found: np.ndarray[Any, Any] = model(torch.tensor([ids])).logits[0].double().numpy()
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_every_cell_against_attention_written_out(family: str) -> None:
    model = LanguageModel(random_model(family, torch.float64), byte_tokenizer())
    run = bs.chain(model, PROMPT, RESPONSE, steps="lines", reading="suppression")
    ours = bs.chain(model, PROMPT, RESPONSE, steps="lines", reading="suppression", variant="ln_kl")
    written = random_model(family, torch.float64, attn_implementation="written_out")
    ids = model.tokens.encode(TEXT)
    base = logits(written, ids)
    np.testing.assert_allclose(base, logits(model.model, ids), atol=1e-9)
    change = run.beside["log_prob_change"].values
    for column, (start, end) in enumerate([*SPANS, *STEPS[:-1]]):
        with hidden(range(start, end), end):
            masked = logits(written, ids)
        assert np.array_equal(base[:end], masked[:end])
        for row, (first, last) in enumerate(STEPS):
            if first < end:
                assert run.heatmap.values[row, column] == change[row, column] == 0
                continue
            own = slice(first - 1, last - 1)  # tokens are bytes, each predicted by the one before
            p, q = log_softmax(base[own], -1), log_softmax(masked[own], -1)
            expected = (np.exp(p) * (p - q)).sum(-1).mean()
            assert run.heatmap.values[row, column] == pytest.approx(expected, abs=1e-10)
            at = np.arange(last - first), list(ids[first:last])
            assert change[row, column] == pytest.approx((q[at] - p[at]).mean(), abs=1e-10)
            if column >= 2:
                raw = ours.beside["log_divergence"].values[row, column - 2]
                assert raw == pytest.approx(_log_mean(base[own], masked[own]), abs=1e-6)
    raw = ours.beside["log_divergence"].values
    np.testing.assert_allclose(ours.heatmap.values[3, :3], raw[3, :3] - raw[3, :3].mean())


def _log_mean(base: Any, masked: Any) -> float:
    p, q = log_softmax(base / 0.6, -1), log_softmax(masked / 0.6, -1)
    return float(np.log(np.maximum((np.exp(p) * (p - q)).sum(-1), 0) + 1e-9).mean())


def test_suppressing_nothing_changes_nothing(family: str) -> None:
    model = tiny(family)
    ids = model.tokens.encode(TEXT * 2)
    try:
        text = suppressor(model, ids)
    except bs.ModelError as error:
        assert family in ("mamba", "falcon-alibi")
        assert type(model.model).__name__ in str(error) and "deletion" in str(error)
        return
    assert family not in ("mamba", "falcon-alibi")
    tokens = list(range(12, len(ids)))
    for effects in token_effects(text, range(10, 10), tokens):
        np.testing.assert_allclose(effects, 0, atol=2e-6)
    divergence, change = token_effects(text, range(10, 20), tokens)
    assert (divergence[:9] == 0).all() and (change[:9] == 0).all()  # predicted at 19 or before
    assert (divergence[9:] > 0).any()


def test_a_windowed_model_keeps_its_window() -> None:
    """What lies outside of the window cannot be seen anyway: suppressing it changes nothing."""
    model = tiny("mistral")  # four layers of 16 tokens: 64 back at most
    ids = tuple(range(60, 60 + 120))
    text = suppressor(model, ids)
    divergence, _ = token_effects(text, range(3, 9), list(range(80, 120)))
    np.testing.assert_allclose(divergence, 0, atol=1e-9)
    near, _ = token_effects(text, range(70, 79), list(range(80, 120)))
    assert (near > 1e-6).any()


def test_the_published_measure_by_its_own_steps(llama: LanguageModel) -> None:
    """Nucleus, half precision and the missing logit, written as loops over dictionaries."""
    ids = llama.tokens.encode(TEXT)
    keys = range(*STEPS[1])
    found = nucleus_divergence(suppressor(llama, ids), keys)
    written = random_model("llama", attn_implementation="written_out")
    base = logits(written, ids)
    with hidden(keys, keys.start):
        masked = logits(written, ids)
    assert (found[: keys.start] == 0).all()
    for at in range(keys.start, len(ids)):
        kept = [_nucleus(rows[at]) for rows in (base, masked)]
        union = sorted({*kept[0], *kept[1]})
        full = [np.array([one.get(id, -1e9) for id in union]) / 0.6 for one in kept]
        p, log_q = softmax(full[0]), log_softmax(full[1])
        terms = [a * (b - c) for a, b, c in zip(p, log_softmax(full[0]), log_q, strict=True) if a]
        assert found[at] == pytest.approx(max(0.0, sum(terms)), rel=2e-3, abs=2e-3)


def _nucleus(row: Any) -> dict[int, float]:
    probabilities, kept, total = softmax(row / 0.6), {}, 0.0
    for id in np.argsort(-probabilities, kind="stable")[:100]:
        kept[int(id)] = float(np.float16(row[id]))
        total += probabilities[id]
        if total >= 0.9999:
            break
    return kept


def test_the_published_variant_comes_with_a_warning(llama: LanguageModel) -> None:
    run = bs.chain(
        llama, PROMPT, RESPONSE, steps="lines", reading="suppression", variant="thought_anchors"
    )
    assert "at most 100 tokens" in run.notes[0] and run.notes[0] in bs.describe(run, "text")
    assert run.parts == 0 and run.heatmap.columns.labels == ROWS[:-1]
    assert "as its code computes it" in run.provenance["reading"]["source"]


def test_a_model_without_attention_is_refused_by_name() -> None:
    with pytest.raises(bs.ModelError, match="MambaForCausalLM"):
        bs.chain(tiny("mamba"), PROMPT, RESPONSE, steps="lines", reading="suppression")
