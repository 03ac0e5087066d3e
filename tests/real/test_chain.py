"""The embedded model against values that separate forward passes gave (tests/oracles/README.md)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.games.game import all_coalitions
from bathyscope.model.language_model import LanguageModel
from bathyscope.reasoning.answers import divided
from bathyscope.reasoning.deletion import ChainGame
from bathyscope.reasoning.passages import Passages
from tests import brute_force

pytestmark = pytest.mark.real
TEXTS = json.loads((Path(__file__).parents[1] / "oracles" / "chain.json").read_text("utf-8"))[
    "texts"
]
TOLERANCE = 2e-4
RULES = {"lines": "lines", "spaces": "sentences"}


def asked(text: dict[str, Any]) -> tuple[bs.Prompt, str, dict[str, Any]]:
    prompt = bs.Prompt(text["prompt"], tuple(map(tuple, text["facts"])))
    return prompt, text["response"], {"steps": RULES[text["style"]]}


@pytest.mark.parametrize(
    "text",
    [TEXTS[0], pytest.param(TEXTS[1], marks=pytest.mark.slow)],
    ids=lambda text: str(text["name"]),
)
def test_leave_one_out(smollm: LanguageModel, text: dict[str, Any]) -> None:
    prompt, response, options = asked(text)
    run = bs.chain(smollm, prompt, response, method="leave_one_out", **options)
    assert [*map(list, run.heatmap.rows.spans or ())] == [*text["steps"], text["answer"]]
    assert run.all is not None and run.none is not None
    for row in text["rows"]:
        at, count = row["row"], len(row["leave_one_out"])
        found = run.heatmap.values[at]
        np.testing.assert_allclose(found[:count], row["leave_one_out"], atol=TOLERANCE)
        assert (found[count:] == 0).all()
        assert run.all[at] == pytest.approx(row["full"], abs=TOLERANCE)


@pytest.mark.parametrize(
    "text",
    [pytest.param(TEXTS[0], marks=pytest.mark.slow), TEXTS[1]],
    ids=lambda text: str(text["name"]),
)
def test_suppression(smollm: LanguageModel, text: dict[str, Any]) -> None:
    prompt, response, options = asked(text)
    run = bs.chain(smollm, prompt, response, reading="suppression", **options)
    np.testing.assert_allclose(run.heatmap.values, text["kl"], atol=TOLERANCE)
    change = run.beside["log_prob_change"].values
    np.testing.assert_allclose(change, text["delta_lnp"], atol=TOLERANCE)


@pytest.mark.slow
def test_the_published_measure_and_ours_differ_in_the_truncation_alone(
    smollm: LanguageModel,
) -> None:
    text = TEXTS[0]
    prompt, response, options = asked(text)
    options |= {"reading": "suppression"}
    ours = bs.chain(smollm, prompt, response, variant="ln_kl", **options)
    np.testing.assert_allclose(ours.heatmap.values, text["ln_kl"], atol=TOLERANCE)
    theirs = bs.chain(smollm, prompt, response, variant="thought_anchors", **options)
    # Their logits are kept in half precision: a step of it is 0.016 near 20.
    np.testing.assert_allclose(theirs.heatmap.values, text["thought_anchors"], atol=2e-3)
    assert theirs.heatmap.values[-1].argmax() == 3, "a step that leads nowhere"
    assert ours.heatmap.values[-1].argmax() == 6, "the last step of the reasoning"


def test_shapley_values_of_short_rows(smollm: LanguageModel) -> None:
    text = TEXTS[0]
    prompt, response, _ = asked(text)
    division = divided(response, "lines", None)
    game = ChainGame(smollm, Passages.of(smollm.tokens, prompt, response, division))
    for row in text["rows"][:2]:
        own = game.row(row["row"])
        coalitions = all_coalitions(own.num_features)
        values = own.values(coalitions)
        table = {
            frozenset(np.flatnonzero(c).tolist()): v
            for c, v in zip(coalitions, values, strict=True)
        }
        found = brute_force.shapley(table, own.num_features)[0]
        np.testing.assert_allclose(found, row["shapley"], atol=TOLERANCE)


@pytest.mark.slow
def test_exact_shapley_values_of_every_row(smollm: LanguageModel) -> None:
    """Some seven minutes: all 1,024 coalitions of the answer and those of seven steps."""
    text = TEXTS[0]
    prompt, response, options = asked(text)
    run = bs.chain(smollm, prompt, response, method="shapley", budget=1024, **options)
    assert run.standard_error is None and len(text["rows"]) == 8
    for row in text["rows"]:
        found, count = run.heatmap.values[row["row"]], len(row["shapley"])
        np.testing.assert_allclose(found[:count], row["shapley"], atol=TOLERANCE)
        assert (found[count:] == 0).all() and found.sum() == pytest.approx(sum(row["shapley"]))
