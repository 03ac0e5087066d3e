"""What the Think@n benchmark reports follows from its samples."""

import importlib
import importlib.util
import json
import math
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from bathyscope.games.game import Game, all_coalitions
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


def test_the_docs_say_what_drawn_rows_buy_a_jacobian_lens() -> None:
    """`python -m benchmarks.jacobian_rows --page` writes the table."""
    rows = benchmark("jacobian_rows")
    text = rows.PAGE.read_text(encoding="utf-8")
    found = json.loads(rows.RESULTS.read_text(encoding="utf-8"))
    assert text == rows.page(text, found)
    assert [row["exact_passages"] for row in found["rows"]] == [*rows.WHOLE]


def test_drawn_rows_of_a_jacobian_lens_are_judged_by_the_truth() -> None:
    """Of a single passage, every row once leaves nothing; more of unlike ones leave less."""
    rows = benchmark("jacobian_rows")
    draw = torch.Generator().manual_seed(3)
    known = torch.eye(12) + torch.randn(5, 2, 12, 12, generator=draw) / 4
    assert max(rows.drawn(known[:1], 8, 3, seed=1)) < 1e-6
    for count in (4, 16):  # all rows of each: what is computed is what is found
        found = np.sqrt(np.mean([np.square(rows.drawn(known, count, 12, s)) for s in range(80)], 0))
        np.testing.assert_allclose(found, rows.whole(known, count), rtol=0.15)
    row = rows.report(known, fits=2)["rows"][0]
    assert row["exact_passages"] == 6 and row["ways_back"] == 6 * 16
    assert set(row["errors"]) == {"exact", "32", "64"}


def test_the_docs_say_how_far_rules_on_a_path_were_off() -> None:
    """`python -m benchmarks.path_nodes --page` writes the table."""
    nodes = importlib.import_module("benchmarks.path_nodes")
    text = nodes.PAGE.read_text(encoding="utf-8")
    found = json.loads(nodes.RESULTS.read_text(encoding="utf-8"))
    assert text == nodes.page(text, found)
    assert [*found["prompts"]] == [*nodes.PROMPTS]


def test_rules_on_a_path_integrate_what_is_smooth() -> None:
    nodes = importlib.import_module("benchmarks.path_nodes")

    def read(points: Any) -> Any:
        seen.append(len(points))
        return np.stack([3 * points**2, np.exp(points)], axis=1)[None]

    for rule, of in nodes.RULES.items():
        seen: list[int] = []
        found = of(read, 16)
        assert sum(seen) == 16, rule
        np.testing.assert_allclose(found, [[1, np.e - 1]], atol=0.02, err_msg=rule)


def test_the_docs_say_what_methods_make_of_hundreds_of_features() -> None:
    """`python -m benchmarks.hundreds --page` writes the table."""
    hundreds = importlib.import_module("benchmarks.hundreds")
    text = hundreds.PAGE.read_text(encoding="utf-8")
    found = json.loads(hundreds.RESULTS.read_text(encoding="utf-8"))
    assert text == hundreds.page(text, found)
    assert {row["game"] for row in found["rows"]} == set(hundreds.KINDS)


@pytest.mark.parametrize("kind", ["ten single", "five pairs of neighbours", "three threes"])
def test_planted_games_have_the_shapley_values_that_they_say(kind: str) -> None:
    hundreds = importlib.import_module("benchmarks.hundreds")
    known = hundreds.planted(kind, 40, seed=1)
    used = sorted({one for term in known.terms for one in term})

    def evaluate(coalitions: Any) -> Any:
        present = np.zeros((len(coalitions), 40), dtype=bool)
        present[:, used] = coalitions
        return known.values(present)

    exact = exact_shapley(Game(len(used), evaluate))
    np.testing.assert_allclose(known.exact[:, used], exact, atol=1e-12)
    assert not np.delete(known.exact, used, axis=1).any()


def test_owen_finds_in_hundreds_of_features_what_was_planted() -> None:
    """With the default tolerance, in a third of the evaluations that `shapley` needs at least."""
    hundreds = importlib.import_module("benchmarks.hundreds")
    for kind in ("ten single", "five neighbours that cancel", "five pairs apart"):
        found = hundreds.asked("owen", hundreds.planted(kind, 200, 7), None, 7)
        assert found["found"] == 1 and found["coverage"] >= 0.95
        assert found["evaluations"] < 2390 / 3


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
    shared = {"game": "demos12", "evaluations": 100, "ours": 60.0, "orders": 50.0}
    spent, time, held = judgement.of_shapley([row], [shared])
    assert (spent.median, spent.goal) == (pytest.approx(1 / 9), 1 / 4)
    assert time.median == pytest.approx((100 * 0.1 * 1.2 + 5) / (9 * (100 * 0.1 + 1)))
    assert held.median == pytest.approx(1.5)
    assert [ratio.verdict for ratio in (spent, time, held)] == ["met", "met", "MISSED"]
    (other,) = judgement.of_others(
        [{"index": "x", "game": "y", "evaluations": 9, "ours": {"error": 1}, "first": {"error": 2}}]
    )
    assert other.median == 1 / 4 and other.verdict == "no goal"


@pytest.mark.parametrize("orders", [False, True])
def test_what_is_read_is_counted_for_the_coalitions_that_are_asked_for(orders: bool) -> None:
    sharing = importlib.import_module("benchmarks.sharing")
    drawn = sharing.drawn(12, 134, orders=orders)
    assert len({row.tobytes() for row in drawn}) == len(drawn)
    assert 120 < len(drawn) <= 134
    assert any(row.all() for row in drawn) and any(not row.any() for row in drawn)


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


@pytest.mark.filterwarnings("ignore")  # of packages for weights in few bits, about each other
def test_what_is_measured_on_an_accelerator_runs_on_a_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script must not fail for the first time on a device that is lent for minutes."""
    accelerator = importlib.import_module("benchmarks.accelerator")
    monkeypatch.setattr(accelerator.parts, "ROUNDS", 1)
    accelerator.measured("tiny", torch.device("cpu"), torch.float32, tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text())
    parts = {name: found[name] for name in accelerator.PARTS}
    assert len(parts) == 12
    assert not [one for one in parts.values() if {"failed", "cut off", "skipped"} & one.keys()]
    assert found["exactness"]["row error float32, bits"] < 4e-6
    assert (
        found["rounding"]["map error float32, bits"] == 0 < found["rounding"]["largest cell, bits"]
    )
    assert 0 < found["rounding"]["map error bfloat16, bits"] < 0.1
    assert found["attribution"]["tree_tokens"] > 100
    assert found["reads"]["READS should be"] in (1, 2)
    assert found["wide"]["wide logits' error / rounded"] < 0.01
    assert found["gradients"]["ways back / targets"] == 1, "on a processor each has its own"
    assert found["jacobian"]["passages"] > 1 and len(found["jacobian"]["relative_error"]) == 2
    judged = {goal["number"]: goal for goal in found["goals"]}
    assert len(judged) == len(accelerator.GOALS)
    untold = {name for name, goal in judged.items() if goal["verdict"] == "not measured"}
    # What only CUDA tells; the rest was measured, so that no goal asks for a number nobody yields.
    told_by_cuda = {"GB above the model", "share of products", "stream / compiled static cache"}
    assert untold == told_by_cuda | {"row error bfloat16, bits"}
    assert judged["ways back / targets"]["verdict"] == "MISSED"


def test_the_docs_say_what_models_need_and_a_map_of_a_20b_model_fits() -> None:
    """`python -m benchmarks.needs` writes the table."""
    needs = importlib.import_module("benchmarks.needs")
    text = needs.PAGE.read_text(encoding="utf-8")
    assert text == needs.written(text) and needs.HEAD in text
    parts = needs.map_bytes(needs.SHAPES["20B"])
    assert 2e9 < sum(parts.values()) < 3e9, "GB above the model: the goal"


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The benchmark with parts that fail, take too long, find no number, and work."""
    accelerator = importlib.import_module("benchmarks.accelerator")

    def broken(given: object) -> Iterator[dict[str, Any]]:
        yield {"settle / forward": 0.9, "map / (forward + product)": math.nan}
        raise torch.OutOfMemoryError("CUDA out of memory")

    def slow(given: object) -> Iterator[dict[str, Any]]:
        yield {"shapley / padded": 1.25}
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # as foreign code may
                continue

    parts = {
        "depth": accelerator.Part(broken, "tiny", 20),
        "attribution": accelerator.Part(slow, "tiny", 0.2),
        "exactness": accelerator.Part(accelerator.rows.exactness, "tiny", 20),
    }
    monkeypatch.setattr(accelerator, "PARTS", parts)
    monkeypatch.setattr(accelerator, "_LEAST_SECONDS", 0.1)
    return accelerator


def test_what_fails_on_an_accelerator_is_said_and_the_rest_is_measured(
    tmp_path: Path, fails: Any
) -> None:
    before = signal.getsignal(signal.SIGALRM)
    fails.measured(None, torch.device("cpu"), torch.float32, tmp_path / "found.json")
    assert signal.getsignal(signal.SIGALRM) == before
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["depth"]["failed"] == "OutOfMemoryError: CUDA out of memory"
    assert found["attribution"]["cut off"] == "after 0.2 s"
    assert not {"failed", "cut off", "skipped"} & found["exactness"].keys()
    judged = {goal["number"]: goal for goal in found["goals"]}
    verdicts = {name: goal["verdict"] for name, goal in judged.items()}
    assert verdicts["settle / forward"] == "MISSED" and verdicts["shapley / padded"] == "met"
    assert verdicts["row error float32, bits"] == "met"
    for name, why in {
        "map / (forward + product)": "nan is no number",
        "GB above the model": "OutOfMemoryError: CUDA out of memory",
        "share of products": "after 0.2 s",
    }.items():
        assert (verdicts[name], judged[name]["why"]) == ("not measured", why)


def test_parts_for_which_no_time_is_left_are_said_to_be_skipped(tmp_path: Path, fails: Any) -> None:
    found = fails.measured(
        None, torch.device("cpu"), torch.float32, tmp_path / "found.json", seconds=0.05
    )
    assert {found[name]["skipped"] for name in ("depth", "exactness")} == {"0 of 20 s were left"}
    assert {goal["verdict"] for goal in found["goals"]} == {"not measured"}


def test_some_parts_are_run_again_and_the_others_said_not_to_have_run(
    tmp_path: Path, fails: Any
) -> None:
    given = None, torch.device("cpu"), torch.float32, tmp_path / "found.json", 9.0
    found = fails.measured(*given, only=["exactness"])
    assert "exactness" in found and "depth" not in found
    whys = {goal["part"]: goal.get("why") for goal in found["goals"]}
    assert whys["depth"] == whys["attribution"] == "not run"


def test_only_kernels_count_for_the_share_of_matrix_products() -> None:
    """An operator's own time is that of the kernels it launched: counted too, all is halved."""
    parts = importlib.import_module("benchmarks.on_accelerator")

    def event(key: str, where: Any, spent: float) -> Any:
        return SimpleNamespace(key=key, device_type=where, self_device_time_total=spent)

    device, host = parts.DeviceType.CUDA, parts.DeviceType.CPU
    events = [
        event("aten::mm", host, 70.0),
        event("nvjet_hsh_128x256", device, 50.0),
        event("sm90_xmma_gemm_bf16", device, 20.0),
        event("elementwise_kernel", device, 30.0),
        event("aten::mul", host, 30.0),
    ]
    assert parts.share_of_products(events) == pytest.approx(0.7)
    assert parts.share_of_products([]) == 0


def test_the_accelerator_script_is_bash_and_fits_its_time() -> None:
    """What installs and what tests have their limits, and what measures has the rest."""
    script, wheels = (ROOT / "benchmarks" / f"{name}.sh" for name in ("accelerator", "wheels"))
    for one in (script, wheels):
        subprocess.run(["bash", "-n", str(one)], check=True)
        assert os.access(one, os.X_OK)
    text = script.read_text()
    limits = [int(found) for found in re.findall(r"^ *timeout (?:-k 5 )?(\d+)", text, re.M)]
    (end,) = map(int, re.findall(r"^left=\$\(\((\d+) - SECONDS\)\)", text, re.M))
    assert len(limits) == 2 and end + 5 <= 480 and end - sum(limits) - 10 > 200
    tests = re.findall(r"tests/[\w/.]+", text)
    assert len(tests) == 7 and all((ROOT / one).exists() for one in tests)
    assert {"tests/model/test_cuda.py", "tests/model/test_placing.py"} < set(tests)


@pytest.mark.parametrize("failing", ["pytest", "benchmarks.accelerator", "none"])
def test_the_accelerator_script_tests_first_then_measures(tmp_path: Path, failing: str) -> None:
    """With a stand-in for Python that writes down what it is asked."""
    python, asked = tmp_path / "python", tmp_path / "asked"
    python.write_text(f'#!/bin/sh\necho "$@" >>{asked}\n[ "$2" != {failing} ]\n')
    python.chmod(0o755)
    script = ROOT / "benchmarks" / "accelerator.sh"
    done = subprocess.run(
        [script, tmp_path / "results", "--shape", "tiny"],
        env=os.environ | {"PYTHON": str(python)},
        capture_output=True,
    )
    assert (done.returncode == 0) == (failing == "none")
    tests, measures = asked.read_text().splitlines()[-2:]
    assert tests.startswith("-m pytest ") and "tests/model/test_cuda.py" in tests
    assert measures.startswith("-m benchmarks.accelerator --seconds 44")
    assert measures.endswith(f"--output {tmp_path}/results/accelerator.json --shape tiny")
    assert (tmp_path / "results" / "tests.txt").exists()


def test_wheels_for_a_machine_without_a_network_are_those_that_are_pinned() -> None:
    text = (ROOT / "benchmarks" / "wheels.sh").read_text()
    names = re.findall(r"^packages=\(\n(.*?)^\)", text, re.M | re.S)[0].split()
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
    }
    assert len(names) > 20 and {name.lower().replace("_", "-") for name in names} <= pinned
    assert "/.wheels/" in (ROOT / ".gitignore").read_text().splitlines()


def test_an_exact_fit_says_how_far_it_came_in_its_time() -> None:
    """What a script on an accelerator calls."""
    found, lens = benchmark("lenses").exact_within(tiny("llama"), ["8 + 5 = 13. " * 40], minutes=1)
    assert found["passages"] == 4 and len(found["relative_error"]) == 3
    assert 0 < found["seconds"] < 60 and found["device"] == "cpu"
    assert lens.about["fit"]["estimator"] == "exact"


def test_the_large_gguf_file_is_one_that_can_be_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = benchmark("gguf")
    for name, size in (("HIDDEN", 64), ("INNER", 96), ("HEADS", 4), ("VOCABULARY", 300)):
        monkeypatch.setattr(made, name, size)
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(tmp_path / "cache"))
    parameters = made.write(tmp_path / "large.gguf", 2)
    folder = made.conversion.converted(
        tmp_path / "large.gguf", made.sha256(tmp_path / "large.gguf"), made.silent, "bfloat16"
    )
    stored = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    assert 2 * parameters < stored < 2 * parameters + 64_000
