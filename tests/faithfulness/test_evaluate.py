"""From runs and prompts to curves, on a tiny model; and on the embedded one."""

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import matplotlib.image
import numpy as np
import pytest
from rich.console import Console

import bathyscope as bs
from bathyscope.core.heatmap import FloatArray
from bathyscope.model.language_model import LanguageModel
from bathyscope.render.terminal.table import table
from bathyscope.runs.attribution import AttributionRun
from tests.conftest import byte_tokenizer, random_model, tiny

PROMPT = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\n[[Q: 1]]\nA:[[ 2]]\nQ: 5?\nA:")
TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}\n{% endfor %}<assistant>"


def target_value(model: LanguageModel, text: str, ids: tuple[int, ...]) -> float:
    import torch

    prompt = model.tokens.encode(text)
    logits = model.model(torch.tensor([prompt + ids])).logits[0].double().log_softmax(-1)
    return sum(float(logits[len(prompt) + t - 1, id].detach()) for t, id in enumerate(ids))


def brute_force(model: LanguageModel, run: AttributionRun) -> FloatArray:
    """Return the insertion curve from whole texts, without game, tree or remembered values."""
    order = sorted(range(len(run.heatmap.columns)), key=lambda i: -run.whole_target[i])
    prompt = bs.Prompt(
        run.heatmap.provenance["prompt"],
        tuple((a, b) for a, b in run.heatmap.provenance["features"]),
    )
    ids = run.heatmap.rows.ids or ()
    texts = [prompt.masked([i in order[:k] for i in range(len(order))]) for k in range(5)]
    return np.array([target_value(model, text, ids) for text in texts])


@pytest.mark.parametrize("target", [" 00é", None])
def test_a_run_is_evaluated_as_it_was_asked(llama: LanguageModel, target: str | None) -> None:
    run = bs.attribute(llama, PROMPT, target, max_new_tokens=4)
    found = bs.evaluate_run(llama, run)
    np.testing.assert_allclose(found.insertion[0], brute_force(llama, run), atol=1e-4)
    assert found.deletion[0, 0] == pytest.approx(run.all.sum())
    assert found.deletion[0, -1] == pytest.approx(run.none.sum())
    assert [ranked.name for ranked in found.maps] == ["shapley"]
    assert found.heatmap.provenance["generated"] is (target is None)


def test_a_chat_run_keeps_its_template() -> None:
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = TEMPLATE
    model = LanguageModel(random_model("llama"), tokenizer)
    run = bs.attribute(model, PROMPT, " 00", chat=True)
    found = bs.evaluate_run(model, run)
    assert found.heatmap.provenance["prompt"].startswith("<user>")
    assert found.heatmap.provenance["chat"] is True
    np.testing.assert_allclose(found.insertion[0], brute_force(model, run), atol=1e-4)


@pytest.fixture(scope="module")
def several() -> bs.FaithfulnessRun:
    methods = ["leave_one_out", "shapley", "banzhaf", "surrogate"]
    return bs.evaluate(tiny("llama"), PROMPT, " 00", methods=methods)


def test_methods_share_one_game_and_agree_with_their_own_runs(several: bs.FaithfulnessRun) -> None:
    assert several.heatmap.provenance["evaluations"] == 16
    areas = [ranked.area for ranked in several.maps]
    assert areas == sorted(areas, reverse=True)
    for ranked in several.maps:
        run = bs.attribute(tiny("llama"), PROMPT, " 00", method=ranked.name)
        alone = bs.evaluate_run(tiny("llama"), run)
        assert alone.maps[0].order == ranked.order
        assert alone.maps[0].area == pytest.approx(ranked.area, abs=1e-4)


def test_gradients_are_ranked_beside_the_others() -> None:
    methods = ["saliency", "input_x_gradient", "shapley", "integrated_gradients"]
    found = bs.evaluate(tiny("llama"), PROMPT, " 00", methods=methods, steps=3, path_from="mean")
    assert found.heatmap.provenance["evaluations"] == 16
    made = {one["name"]: one for one in found.heatmap.provenance["methods"]}
    assert made["integrated_gradients"]["steps"] == 3
    assert made["integrated_gradients"]["path_from"] == "mean"
    for ranked in found.maps:
        run = bs.attribute(
            tiny("llama"), PROMPT, " 00", steps=3, path_from="mean", method=ranked.name
        )
        assert ranked.order == tuple(np.argsort(-run.whole_target, kind="stable"))
        alone = bs.evaluate_run(tiny("llama"), run)
        assert alone.maps[0].area == pytest.approx(ranked.area, abs=1e-4)
        assert alone.maps[0].order == ranked.order


@pytest.mark.parametrize("of", ["logit", "probability"])
def test_curves_are_of_ln_p_whatever_the_maps_measure(of: str) -> None:
    found = bs.evaluate(tiny("llama"), PROMPT, " 00", methods=["shapley", "banzhaf"], of=of)
    assert found.heatmap.provenance["evaluations"] == 16
    plain = bs.evaluate(tiny("llama"), PROMPT, " 00", methods=["shapley"])
    np.testing.assert_allclose(found.deletion[0, [0, -1]], plain.deletion[0, [0, -1]], atol=1e-4)
    np.testing.assert_allclose(found.deletion[-1], plain.deletion[-1], atol=1e-4)
    run = bs.attribute(tiny("llama"), PROMPT, " 00", of=of)
    by_name = {ranked.name: ranked for ranked in found.maps}
    alone = bs.evaluate_run(tiny("llama"), run).maps[0]
    assert alone.order == by_name["shapley"].order
    assert alone.area == pytest.approx(by_name["shapley"].area, abs=1e-4)
    assert found.heatmap.provenance["methods"][0]["of"] == of


def test_a_tolerance_ends_the_sampling_and_a_cache_spares_it(
    llama_folder: str, tmp_path: Path
) -> None:
    model, words = bs.load(llama_folder), bs.Prompt.segmented("a b c d e f g h i : ", "words")
    told: list[int] = []

    def listen(stage: str, done: int, total: int | None) -> None:
        if stage == "evaluate coalitions":
            told.append(done)

    asked: dict[str, Any] = {
        "methods": ["shapley"],
        "budget": 400,
        "cache": tmp_path / "cache.sqlite",
        "progress": listen,
    }
    first = bs.evaluate(model, words, "x", **asked)
    evaluated = len(told)
    again = bs.evaluate(model, words, "x", **asked)
    # What the model would have written is not in the cache: that prompt is scored again, alone.
    assert first.evidence is not None and again.evidence is not None
    assert again.evidence.greedy == first.evidence.greedy
    np.testing.assert_allclose(again.evidence.log_probs, first.evidence.log_probs, atol=1e-5)
    assert (
        replace(again, evidence=None).to_document() == replace(first, evidence=None).to_document()
    )
    assert len(told) - evaluated < 6, "each question is told of once, none is evaluated"
    early = bs.evaluate(model, words, "x", tolerance=10.0, **asked)
    assert early.heatmap.provenance["methods"][0]["tolerance"] == 10.0
    counts = [run.heatmap.provenance["evaluations"] for run in (early, first)]
    assert counts[0] < counts[1]


def test_a_saved_run_is_evaluated_from_the_cache_of_its_map(
    llama_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, cache = bs.load(llama_folder), tmp_path / "cache.sqlite"
    run = bs.attribute(model, PROMPT, " 00", cache=cache)
    monkeypatch.setattr(LanguageModel, "score", None)
    found = bs.evaluate_run(model, run, cache=cache)
    assert found.deletion[0, 0] == pytest.approx(run.all.sum())


def sampled() -> bs.FaithfulnessRun:
    prompt = bs.Prompt.segmented("a b c d e f g h i j k l : ", "words")
    return bs.evaluate(tiny("llama"), prompt, "x", methods=["shapley"], budget=300, seed=3)


def test_sampled_maps_say_how_far_their_halves_agree() -> None:
    found, again = sampled(), sampled()
    assert found.to_document() == again.to_document()
    agreement = found.maps[0].half_agreement
    assert agreement is not None and -1 <= agreement <= 1
    assert f"Spearman's ρ = {agreement:.3f}" in bs.describe(found)
    assert found.random.pairs is not None and found.random.standard_error is not None
    assert found.heatmap.provenance["evaluations"] <= 600


@pytest.mark.parametrize("which", ["several", "sampled"])
def test_it_comes_back_as_it_was(several: bs.FaithfulnessRun, which: str, tmp_path: Path) -> None:
    found = several if which == "several" else sampled()
    found.save(tmp_path / "run")
    again = bs.open_run(tmp_path / "run")
    assert isinstance(again, bs.FaithfulnessRun)
    assert again.to_document() == found.to_document()
    schema = json.loads(resources.files("bathyscope.runs").joinpath("run.schema.json").read_text())
    jsonschema.validate(json.loads((tmp_path / "run" / "run.json").read_text()), schema)


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("maps"),
        lambda d: d["maps"].pop(),
        lambda d: d["maps"][0].update(order=[0, 0, 1, 2]),
        lambda d: d["features"].append("x"),
        lambda d: d["random"].pop("pairs"),
    ],
)
def test_damaged_ones_are_refused(several: bs.FaithfulnessRun, tmp_path: Path, damage: Any) -> None:
    several.save(tmp_path / "run")
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    damage(document)
    (tmp_path / "run" / "run.json").write_text(json.dumps(document))
    with pytest.raises(bs.InputError, match="damaged"):
        bs.open_run(tmp_path / "run")


def test_words_and_table_hold_the_numbers(several: bs.FaithfulnessRun) -> None:
    words = bs.describe(several)
    console = Console(width=80, record=True)
    console.print(table(several))
    printed = console.export_text()
    for ranked in several.maps:
        assert f"`{ranked.name}`: area {ranked.area:+.4f} nats" in words
        assert f"comprehensiveness {ranked.comprehensiveness:.4f}" in words
        assert ranked.name in printed and f"{ranked.sufficiency:.4f}" in printed
        assert ("reverse of the ranking by" in words) is any(m.area < 0 for m in several.maps)
    assert f"both {several.random.comprehensiveness:.4f} nats" in words


def test_the_figure_shows_the_curves(several: bs.FaithfulnessRun, tmp_path: Path) -> None:
    one = sampled()
    left, right = bs.figure(one).axes
    np.testing.assert_array_equal(left.lines[0].get_ydata(), one.deletion[0])
    np.testing.assert_array_equal(left.lines[1].get_ydata(), one.insertion[0, ::-1])
    np.testing.assert_array_equal(right.lines[2].get_ydata(), one.insertion[1])
    assert len(right.collections) == 1, "the interval of the random orders"
    left, right = bs.figure(several).axes
    assert len(left.lines) == 5
    for name in ("a.png", "b.png"):
        bs.draw(several, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert matplotlib.image.imread(tmp_path / "a.png").std() > 0.02


def changed(run: AttributionRun, **provenance: Any) -> AttributionRun:
    made = {**run.heatmap.provenance, **provenance}
    return replace(run, heatmap=replace(run.heatmap, provenance=made))


def test_runs_whose_game_cannot_be_rebuilt_are_refused(llama: LanguageModel) -> None:
    run = bs.attribute(llama, PROMPT, " 00")
    made = run.heatmap.provenance
    wrong: list[tuple[AttributionRun, str]] = [
        (changed(run, method={**made["method"], "baseline": "function f"}), "Python function"),
        (changed(run, method={**made["method"], "baseline": "zzz"}), "nats away"),
        (changed(run, target_ids=[1, 2, 3]), "makes other tokens"),
        (changed(run, target_ids=[1]), "has shape"),
        (changed(run, features=[[3, 999]]), "outside the prompt"),
        (changed(run, features=7), "damaged"),
        (changed(run, against=" 11"), "compares two"),
        (changed(run, model={**made["model"], "sha256": "0" * 64}), "SHA-256 000000000000…"),
        (changed(run, model={**made["model"], "revision": "a" * 40}), "revision aaaaaaaaaaaa…"),
    ]
    for bad, message in wrong:
        with pytest.raises(bs.InputError, match=message):
            bs.evaluate_run(llama, bad)


def test_a_difference_of_continuations_is_not_evaluated(llama: LanguageModel) -> None:
    with pytest.raises(bs.InputError, match="one continuation"):
        bs.evaluate(llama, PROMPT, " 00", methods=["shapley"], against=" 11")


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ([], "No method"),
        (["shapley", "magic"], "'magic' is not known here"),
        (["shapley", "shapley"], "named twice"),
    ],
)
def test_wrong_methods(llama: LanguageModel, methods: list[str], message: str) -> None:
    with pytest.raises(bs.InputError, match=message):
        bs.evaluate(llama, PROMPT, " 00", methods=methods)


@pytest.mark.real
def test_the_embedded_model(smollm: LanguageModel) -> None:
    """The example that divides is the one that a division needs most."""
    prompt = bs.Prompt.marked(
        "Q: 6 apples, 2 each?\nA: [[6 / 2 = 3]].\nQ: 3 and 4?\nA: [[3 + 4 = 7]].\n"
        "Q: 9 less 2?\nA: [[9 - 2 = 7]].\nQ: 8 sweets for 2?\nA:"
    )
    run = bs.attribute(smollm, prompt, " 8 / 2 = 4")
    found = bs.evaluate_run(smollm, run)
    (ranked,) = found.maps
    assert found.features[ranked.order[0]] == "6 / 2 = 3"
    assert ranked.area > 0.1
    assert ranked.comprehensiveness > found.random.comprehensiveness > ranked.sufficiency
    np.testing.assert_allclose(
        found.insertion[0, [0, -1]], [run.none.sum(), run.all.sum()], atol=1e-3
    )
