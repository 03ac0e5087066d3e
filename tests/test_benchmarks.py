"""What the Think@n benchmark reports follows from its samples."""

import importlib.util
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bathyscope.games.game import all_coalitions
from bathyscope.games.shapley import exact_shapley
from tests.conftest import tiny

ROOT = Path(__file__).parents[1]


def benchmark(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(
        f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_docs_say_what_was_measured() -> None:
    """`python -m benchmarks.summary` writes the page."""
    summary = benchmark("summary")
    assert summary.PAGE.read_text(encoding="utf-8") == summary.page()


def test_the_docs_say_how_far_estimators_were_off() -> None:
    """`python -m benchmarks.estimators --page` writes the table."""
    estimators = benchmark("estimators")
    text = estimators.PAGE.read_text(encoding="utf-8")
    found = json.loads(estimators.RESULTS.read_text(encoding="utf-8"))
    assert text == estimators.page(text, found)
    assert text.count(" × as many") == len(found["rows"]) > 10


@pytest.mark.parametrize(("game", "evaluations"), [("demos12", 134), ("words12", 300)])
def test_sampled_shapley_takes_a_fourth_of_what_orders_take(game: str, evaluations: int) -> None:
    """Orders' squared error falls with their number: a fourth of it is four times as many."""
    estimators = benchmark("estimators")
    known = importlib.import_module("benchmarks.games").real(game)
    ours = estimators.judged(known, estimators.process, evaluations, seeds=12)
    theirs = estimators.judged(known, estimators.orders, evaluations, seeds=12)
    assert theirs["error"] ** 2 > 4 * ours["error"] ** 2 > 0
    assert 0.92 <= ours["coverage"] <= 0.99


def test_goals_are_judged_by_what_orders_would_take() -> None:
    judgement = importlib.import_module("benchmarks.judgement")
    row = {
        "game": "demos12",
        "evaluations": 100,
        "shapley": {"error": 0.1, "seconds": 5.0, "coverage": 0.92},
        "orders": {"error": 0.3, "seconds": 1.0, "coverage": 0.95},
    }
    spent, time, held = judgement.of_shapley([row])
    assert (spent.median, spent.goal) == (pytest.approx(1 / 9), 1 / 4)
    assert time.median == pytest.approx((100 * 0.1 * 1.5 + 5) / (9 * (100 * 0.1 + 1)))
    assert held.median == pytest.approx(1.5)
    assert [ratio.verdict for ratio in (spent, time, held)] == ["met", "met", "MISSED"]
    (other,) = judgement.of_others(
        [{"index": "x", "game": "y", "evaluations": 9, "ours": {"error": 1}, "first": {"error": 2}}]
    )
    assert other.median == 1 / 4 and other.verdict == "no goal"


def test_what_banzhaf_values_were_first_sampled_from_is_unbiased() -> None:
    indices = importlib.import_module("benchmarks.indices")
    games = importlib.import_module("benchmarks.games")
    known = indices.of_banzhaf(games.of_table(np.random.default_rng(3).normal(size=(16, 2))))
    many = indices.banzhaf_by_means(known, 200_000, 0)
    np.testing.assert_allclose(many.values, known.exact, atol=0.02)
    assert np.abs(known.exact).max() > 0.2


def test_the_benchmarks_games_are_known_exactly() -> None:
    games = importlib.import_module("benchmarks.games")
    made = games.conjunctions(12)
    table = made.evaluate(all_coalitions(12))
    np.testing.assert_allclose(games.exact_of_table(table), made.exact, atol=1e-12)
    np.testing.assert_allclose(exact_shapley(made.game()), made.exact, atol=1e-12)
    held = games.real("words13")
    np.testing.assert_allclose(exact_shapley(held.game()), held.exact, atol=1e-12)


def test_the_docs_say_what_choosing_demonstrations_gave() -> None:
    report = json.loads((ROOT / "benchmarks" / "results" / "select.json").read_text())
    table = benchmark("select").table(report)
    assert len(report["random"]) >= 20 and len(table.splitlines()) == 4 + len(report["ways"])
    assert table in (ROOT / "docs" / "select.md").read_text(encoding="utf-8")


@pytest.mark.real
def test_the_timing_benchmark_has_text_enough_for_its_longest_map(smollm: Any) -> None:
    depth = benchmark("depth")
    for text in (depth.arithmetic(), depth.natural()):
        assert len(depth.continuation(smollm, text, 4096).target_ids) == 4096


def test_what_is_measured_on_an_accelerator_runs_on_a_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script must not fail for the first time on a device that is lent for minutes."""
    accelerator = benchmark("accelerator")
    monkeypatch.setattr(accelerator, "ROUNDS", 1)
    accelerator.measured("tiny", torch.device("cpu"), torch.float32, tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text())
    measurements = {key: found[key] for key in accelerator.MEASUREMENTS}
    assert len(measurements) == 5
    assert not [one for one in measurements.values() if "failed" in one]
    assert found["exactness"]["largest_error_bits_float32"] < 4e-6
    assert found["attribution"]["tree_tokens"] > 100
    assert found["jacobian"]["passages"] > 1 and len(found["jacobian"]["relative_error"]) == 2


def test_what_fails_on_an_accelerator_is_said_and_the_rest_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accelerator = benchmark("accelerator")

    def fails(*given: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(
        accelerator,
        "MEASUREMENTS",
        {"depth": (fails, "tiny"), "exactness": (accelerator.exactness, "tiny")},
    )
    accelerator.measured(None, torch.device("cpu"), torch.float32, tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["depth"]["failed"] == "OutOfMemoryError: CUDA out of memory"
    assert "failed" not in found["exactness"]


def test_the_accelerator_script_is_bash_and_fits_its_time() -> None:
    script = ROOT / "benchmarks" / "accelerator.sh"
    subprocess.run(["bash", "-n", str(script)], check=True)
    limits = [int(found) for found in re.findall(r"^timeout (\d+)", script.read_text(), re.M)]
    assert len(limits) == 2 and sum(limits) <= 480
    assert os.access(script, os.X_OK)


def test_an_exact_fit_says_how_far_it_came_in_its_time() -> None:
    """What a script on an accelerator calls."""
    found, lens = benchmark("lenses").exact_within(tiny("llama"), ["8 + 5 = 13. " * 40], minutes=1)
    assert found["passages"] == 4 and len(found["relative_error"]) == 3
    assert 0 < found["seconds"] < 60 and found["device"] == "cpu"
    assert lens.about["fit"]["estimator"] == "exact"
