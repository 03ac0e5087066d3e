"""The deletion game against brute force in float64, and what must always hold of it."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.games.estimate import Estimate
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import shared_prefixes
from bathyscope.reasoning.answers import divided
from bathyscope.reasoning.deletion import ChainGame, known_row
from bathyscope.reasoning.passages import Passages
from tests import brute_force
from tests.conftest import byte_tokenizer, random_model, tiny
from tests.reasoning.texts import FAMILIES, PROMPT, RESPONSE, ROWS

TEXT = PROMPT.text + RESPONSE


def by_hand(model: LanguageModel, row: int, kept: tuple[int, ...]) -> float:
    """Return ln p of a row with some of the columns before it, from text: tokens are bytes."""
    columns = [*PROMPT.labels, *ROWS[:-1]]
    before = TEXT[: TEXT.index("A:\n") + 3]
    for column, label in enumerate(PROMPT.labels):
        if column not in kept:
            before = before.replace(label + before[before.index(label) + len(label)], "", 1)
    for step in range(row):
        before += f"{ROWS[step]}\n" if len(PROMPT.labels) + step in kept else ""
    assert len(columns) == 5
    ids = tuple(model.tokens.encode(before)), tuple(model.tokens.encode(ROWS[row]))
    return float(brute_force.log_probs(model.model, *ids).sum())


def table(model: LanguageModel, row: int) -> dict[frozenset[int], np.ndarray]:
    players = range(2 + row)
    return {
        frozenset(kept): np.array([by_hand(model, row, kept)])
        for size in range(len(players) + 1)
        for kept in combinations(players, size)
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_every_cell_against_brute_force(family: str) -> None:
    model = LanguageModel(random_model(family, torch.float64), byte_tokenizer())
    run = bs.chain(model, PROMPT, RESPONSE, steps="lines")
    assert run.heatmap.rows.labels == ROWS
    assert run.heatmap.columns.labels == (*PROMPT.labels, *ROWS[:-1])
    assert run.all is not None and run.none is not None
    alone = run.beside["leave_one_out"].values
    for row in (0, 1, 3):
        values, players = table(model, row), 2 + row
        everything = frozenset(range(players))
        expected = brute_force.shapley(values, players)[0]
        np.testing.assert_allclose(run.heatmap.values[row, :players], expected, atol=1e-9)
        lost = [values[everything] - values[everything - {player}] for player in range(players)]
        np.testing.assert_allclose(alone[row, :players], np.concatenate(lost), atol=1e-9)
        assert run.all[row] == pytest.approx(values[everything][0], abs=1e-9)
        assert run.none[row] == pytest.approx(values[frozenset()][0], abs=1e-9)
    assert run.total is not None
    orders = {"direct": run.heatmap.values[3, :2], "through": run.total.through[:2]}
    steps = frozenset(range(2, 5))
    for ranking in run.rankings[:2]:
        order = np.argsort(-orders[ranking.by], kind="stable").tolist()
        deleted = [values[everything - {*order[:k]}][0] for k in range(3)]
        inserted = [values[steps | {*order[:k]}][0] for k in range(3)]
        assert ranking.of == "answer"
        np.testing.assert_allclose(ranking.deletion, deleted, atol=1e-9)
        np.testing.assert_allclose(ranking.insertion, inserted, atol=1e-9)
        lost, lacking = (
            np.mean(deleted[0] - np.array(deleted)),
            np.mean(inserted[-1] - np.array(inserted)),
        )
        assert ranking.area == pytest.approx(lost - lacking, abs=1e-9)


@pytest.mark.parametrize("method", ["shapley", "leave_one_out", "banzhaf"])
@pytest.mark.parametrize("budget", [1024, 150])
def test_what_is_not_before_a_row_gives_exactly_nothing(method: str, budget: int) -> None:
    """Also where the row was sampled in a game of all columns; complete rows stay complete."""
    response = "\n".join(f"{i} + {i}" for i in range(7))
    prompt = bs.Prompt.marked("Q: [[a]] [[b]] [[c]]\n")
    run = bs.chain(tiny("llama"), prompt, response, steps="lines", method=method, budget=budget)
    rows, columns = run.heatmap.values.shape
    assert (rows, columns) == (7, 9)
    later = np.arange(columns) >= 3 + np.arange(rows)[:, None]
    assert (run.heatmap.values[later] == 0).all() and (run.heatmap.values[~later] != 0).all()
    assert run.gap is not None
    sampled = method != "leave_one_out" and budget == 150
    assert (run.standard_error is not None) == sampled
    if method == "shapley":
        np.testing.assert_allclose(run.gap, 0, atol=1e-9)
    if run.standard_error is not None:
        assert (run.standard_error[later] == 0).all()
        assert (run.standard_error[:5] == 0).all(), "7 columns are 128 coalitions: exact"
        assert (run.standard_error[5:][~later[5:]] > 0).all()


def test_sampled_rows_lie_near_the_exact_ones() -> None:
    response = "\n".join(f"{i} + {i}" for i in range(7))
    prompt = bs.Prompt.marked("Q: [[a]] [[b]] [[c]]\n")
    exact = bs.chain(tiny("llama"), prompt, response, steps="lines")
    sampled = bs.chain(tiny("llama"), prompt, response, steps="lines", budget=150, seed=3)
    assert sampled.margin is not None and exact.standard_error is None
    apart = np.abs(sampled.heatmap.values - exact.heatmap.values)
    assert apart[:5].max() < 1e-5, "exact both times; batches round otherwise"
    inside = apart[5:] <= sampled.margin[5:] + 1e-12
    assert inside.mean() > 0.8


def test_a_known_row_is_the_nearest_one_and_keeps_its_sum() -> None:
    values = np.array([2.0, -1.0, 0.5, 0.3, -0.2])
    known = known_row(values, 3, values.sum())
    assert known.sum() == pytest.approx(values.sum()) and (known[3:] == 0).all()
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = np.append(rng.normal(size=3), [0, 0])
        other[:3] += (values.sum() - other.sum()) / 3
        assert np.linalg.norm(known - values) <= np.linalg.norm(other - values) + 1e-12
    np.testing.assert_array_equal(known_row(values, 3, 99.0), [2.0, -1.0, 0.5, 0, 0])
    assert (known_row(values, 0, 0.6) == 0).all()
    assert Estimate(values[None]).standard_error is None


def test_passages_share_their_text() -> None:
    """Leave-one-out of all rows costs one branch a column, not one text a cell."""
    model = tiny("llama")
    division = divided(RESPONSE, "lines", None)
    passages = Passages.of(model.tokens, PROMPT, RESPONSE, division)
    game = ChainGame(model, passages)
    asked: list[tuple[int, ...]] = []
    whole = model.score

    def counted(prompts: Any, targets: Any, *more: Any) -> None:
        sequences = [p + t[:-1] for p, t in zip(prompts, targets, strict=True)]
        roots = shared_prefixes(sequences, [len(target) for target in targets])
        asked.append((sum(edge.num_tokens for edge in roots), sum(map(len, sequences))))
        whole(prompts, targets, *more)

    model.score = counted  # type: ignore[method-assign, assignment]
    try:
        game.whole.values(~np.eye(5, dtype=bool))
    finally:
        del model.score
    ((tokens, apart),) = asked
    assert tokens < 5 * len(passages.ids) < apart


def test_the_evidence_is_read_along_and_is_that_of_a_pass_of_its_own() -> None:
    response = f"{RESPONSE}\n\nBehind it."
    asked = {"steps": "lines", "answer": "regex:is (6)"}
    along, alone = (
        bs.chain(tiny("llama"), PROMPT, response, reading=reading, **asked)  # type: ignore[arg-type]
        for reading in ("deletion", "suppression")
    )
    assert along.evidence is not None and alone.evidence is not None
    assert along.evidence.tokens.ids == alone.evidence.tokens.ids
    np.testing.assert_allclose(along.evidence.log_probs, alone.evidence.log_probs, atol=1e-5)
    assert len(along.evidence.ranks) == len(response)


def test_a_token_that_the_model_holds_for_impossible_has_no_share(tmp_path: Path) -> None:
    model = LanguageModel(random_model("llama"), byte_tokenizer())

    def without_s(module: Any, given: Any, logits: torch.Tensor) -> torch.Tensor:
        logits = logits.clone()
        logits[..., model.tokens.encode("S")] = float("-inf")
        return logits

    model.model.lm_head.register_forward_hook(without_s)
    run = bs.chain(model, PROMPT, RESPONSE, steps="lines")  # its second step is "So 6."
    assert run.all is not None and run.all[1] == -np.inf and np.isfinite(run.all[[0, 2, 3]]).all()
    finite = np.isfinite(run.heatmap.values).all(axis=1)
    assert finite.tolist() == [True, False, True, True]
    assert {one.of for one in run.rankings} == {"answer"}, "of the response no curve is finite"
    assert run.total is not None and run.total.through.sum() == pytest.approx(1)
    run.save(tmp_path / "run")
    assert bs.describe(bs.open_run(tmp_path / "run"), "text") == bs.describe(run, "text")


def test_the_depth_beside_it_is_that_of_a_map_of_its_own() -> None:
    sharp = random_model("llama")
    with torch.no_grad():
        sharp.lm_head.weight.mul_(40)  # else every token would settle at once
    model = LanguageModel(sharp, byte_tokenizer())
    run = bs.chain(model, PROMPT, RESPONSE, steps="lines", method="leave_one_out", depth=True)
    deep = bs.depth(model, PROMPT.text, RESPONSE)
    assert run.depth is not None and len(set(deep.settling_depth.tolist())) > 1
    for row, label in enumerate(ROWS):  # tokens are bytes
        start = RESPONSE.index(label)
        depths = deep.settling_depth[start : start + len(label)]
        assert run.depth.median[row] == np.median(depths)
        assert run.depth.deep_share[row] == np.mean(depths >= run.depth.record["deep_layer"])
