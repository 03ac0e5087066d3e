"""Jacobian lenses of the embedded model against the method's reference code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.layers.jacobian_settings import FIRST, LEAST_TOKENS, JacobianFit
from bathyscope.layers.training_text import passages
from bathyscope.model.beginning import beginning_as
from bathyscope.model.jacobians import PassageJacobian

ORACLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "oracles" / "jlens.json").read_text(encoding="utf-8")
)
FITS: dict[str, Any] = ORACLE["fits"]
WAVE = torch.arange(576, dtype=torch.float64).cos().float()

pytestmark = pytest.mark.real


def cut(model: bs.LanguageModel, fit: dict[str, Any]) -> list[tuple[int, ...]]:
    """Return the passages as our own fit cuts them."""
    begin, length = "always" if fit["bos"] else "never", fit["max_seq_len"]
    return [passages(model, text, length, begin)[0] for text in fit["texts"]]


@pytest.mark.parametrize("name", FITS)
def test_texts_are_cut_into_the_same_tokens(smollm: bs.LanguageModel, name: str) -> None:
    found = cut(smollm, FITS[name])
    assert [list(ids) for ids in found] == FITS[name]["ids"]
    used = [(FIRST, len(ids) - 2) if len(ids) >= LEAST_TOKENS else None for ids in found]
    assert used == [None if ends is None else tuple(ends) for ends in FITS[name]["valid"]]


def test_readouts_begin_as_asked(smollm: bs.LanguageModel) -> None:
    """With `begin`, the plain text has the tokens that the reference code reads."""
    text, seen = ORACLE["text"], set()
    for readout in (one for fit in FITS.values() for one in fit["readouts"]):
        model = beginning_as(smollm, "always" if readout["bos"] else "never")
        found = model.tokens.continuation(text["prompt"], text["response"])
        assert list(found.prompt_ids + found.target_ids) == readout["ids"]
        seen.add(readout["bos"])
    assert seen == {True, False}


@pytest.mark.parametrize("name", ["small", "small_nobos"])
def test_a_product_and_single_rows_agree(smollm: bs.LanguageModel, name: str) -> None:
    """One way back for vᵀJ, and two rows of the largest entries; the slow one tries the rest."""
    fit = FITS[name]
    rows = sorted({row for layer in fit["layers"].values() for row, *_ in layer["largest"]})[:2]
    asked = torch.cat([WAVE[None], torch.eye(576)[rows]])
    used = [ids for ids in cut(smollm, fit) if len(ids) >= LEAST_TOKENS]
    found = sum(PassageJacobian(smollm, ids, FIRST, 3).products(asked) for ids in used) / len(used)
    assert isinstance(found, torch.Tensor)
    tried = 0
    for layer, expected in fit["layers"].items():
        largest = max(abs(value) for *_, value in expected["largest"])
        own = found[int(layer) - 1].double().numpy()
        size = np.abs(expected["vJ"]).max()
        np.testing.assert_allclose(own[0, :32], expected["vJ"], atol=2e-5 * size)
        for row, column, value in expected["entries"] + expected["largest"]:
            if row in rows:
                tried += 1
                assert own[1 + rows.index(row), column] == pytest.approx(value, abs=1e-5 * largest)
    assert tried >= 4


@pytest.mark.slow
@pytest.mark.parametrize("name", FITS)
def test_whole_fits_agree(smollm: bs.LanguageModel, name: str, tmp_path: Path) -> None:
    fit = FITS[name]
    settings = JacobianFit(
        estimator="exact", begin="always" if fit["bos"] else "never", first_only=True,
        sequence_length=fit["max_seq_len"],
    )  # fmt: skip
    lens = bs.fit_jacobian_lens(smollm, fit["texts"], settings=settings)
    assert sum(lens.about["error"]["passages"]) == fit["n_prompts"]
    for layer, expected in fit["layers"].items():
        own = lens.matrices[int(layer) - 1].double()
        largest = max(abs(value) for *_, value in expected["largest"])
        for row, column, value in expected["entries"] + expected["largest"]:
            assert float(own[row, column]) == pytest.approx(value, abs=1e-5 * largest)
        assert float(own.norm()) == pytest.approx(expected["frobenius"], rel=2e-5)
        assert float(own.trace()) == pytest.approx(expected["trace"], rel=2e-5, abs=1e-3)
        for product, name_of in ((own @ WAVE.double(), "Jv"), (WAVE.double() @ own, "vJ")):
            size = np.abs(expected[name_of]).max()
            np.testing.assert_allclose(product[:32].numpy(), expected[name_of], atol=2e-5 * size)
    lens.save(tmp_path / "lens.safetensors")
    for readout in fit["readouts"]:
        _reads_as(smollm, tmp_path / "lens.safetensors", readout)


def _reads_as(model: bs.LanguageModel, file: Path, readout: dict[str, Any]) -> None:
    """Check the map of a readout's response: JSD, and what the layers say first."""
    first = readout["positions"][0] + 1
    before = model.tokens.spelled(readout["ids"][:first])
    response = model.tokens.spelled(readout["ids"][first:])
    run = bs.depth(model, before, response, lens="jacobian", translators=file, top_k=5)
    assert run.heatmap.columns.ids == tuple(readout["ids"][first:])
    tokens = len(run.heatmap.columns)
    for layer, expected in readout["layers"].items():
        own = run.heatmap.values[int(layer) - 1]
        np.testing.assert_allclose(own, expected["jsd_bits"][:tokens], atol=2e-4)
        assert run.readings is not None
        for token, top in enumerate(expected["top5"][:tokens]):
            ids, shares = run.readings.top_ids[int(layer) - 1, token], top["p"]
            assert ids[0] == top["ids"][0] or shares[0] - shares[1] < 2e-3
            np.testing.assert_allclose(
                run.readings.top_probabilities[int(layer) - 1, token], shares, atol=2e-4
            )
