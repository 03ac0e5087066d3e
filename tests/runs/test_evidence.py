"""How probable a continuation was: numbers against float64 brute force, and said wherever shown."""

import copy
import json
import math
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
from rich.console import Console

import bathyscope as bs
from bathyscope.core.heatmap import Axis
from bathyscope.model.language_model import LanguageModel
from bathyscope.page.document import page
from bathyscope.render.caption import caption
from bathyscope.render.terminal.table import table
from bathyscope.runs.evidence import LEAST, Evidence, probability
from bathyscope.runs.settling import SettlingRun
from tests.conftest import random_model, tiny

PROMPT = bs.Prompt.marked("Q: 9 [[+ 3]] is?\nA: [[12]].\n\nQ: [[7 x 5]]?\nA:")
TARGET = " 00é0"  # a token three times, and a character in two tokens

ASKED: dict[str, Callable[[LanguageModel], Any]] = {
    "shapley": lambda model: bs.attribute(model, PROMPT, TARGET),
    "saliency": lambda model: bs.attribute(model, PROMPT, TARGET, method="saliency"),
    "interactions": lambda model: bs.interact(model, PROMPT, TARGET),
    "faithfulness": lambda model: bs.evaluate(model, PROMPT, TARGET, methods=["shapley"]),
    "depth": lambda model: bs.depth(model, PROMPT.text, TARGET),
    "settling": lambda model: bs.depth(model, PROMPT.text, TARGET, ratio_only=True),
}


def log_softmax(family: str, model: LanguageModel, target: str) -> tuple[torch.Tensor, list[int]]:
    """Return ln p of the whole vocabulary where each token stands, in float64, and the tokens."""
    prompt_ids, ids = model.tokens.encode(PROMPT.text), list(model.tokens.encode(target))
    with torch.no_grad():
        logits = random_model(family, torch.float64)(torch.tensor([[*prompt_ids, *ids]])).logits[0]
    return logits[len(prompt_ids) - 1 : -1].log_softmax(-1), ids


@pytest.mark.parametrize("family", ["llama", "gemma2", "granite"])
@pytest.mark.parametrize("asked", ASKED)
def test_the_numbers_are_those_of_the_models_own_logits(asked: str, family: str) -> None:
    model = tiny(family)
    found = ASKED[asked](model).evidence
    expected, ids = log_softmax(family, model, TARGET)
    own = expected[range(len(ids)), ids]
    assert len(ids) == 6 and len(set(ids)) == 4 and float(own.std()) > 0.1
    assert list(found.tokens.ids) == ids
    np.testing.assert_allclose(found.log_probs, own, atol=2e-4)
    np.testing.assert_allclose(found.greedy_log_probs, expected.max(-1).values, atol=2e-4)
    assert list(found.greedy.ids) == expected.argmax(-1).tolist()
    assert found.ranks.tolist() == ((expected > own[:, None]).sum(-1) + 1).tolist()
    assert found.log_prob == pytest.approx(float(own.sum()), abs=1e-3)


def test_a_comparison_has_the_evidence_of_both() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 35", against=" 12/")
    alone = [bs.attribute(tiny("llama"), PROMPT, text).evidence for text in (" 35", " 12/")]
    for found, expected in zip((run.evidence, run.against_evidence), alone, strict=True):
        assert found is not None and expected is not None and found.greedy == expected.greedy
        np.testing.assert_allclose(found.log_probs, expected.log_probs, atol=2e-5)


def test_what_the_model_wrote_it_would_have_written() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, max_new_tokens=5)
    assert run.evidence is not None and len(run.evidence.ranks) == 5
    assert run.evidence.otherwise == () and (run.evidence.ranks == 1).all()
    for said in (bs.describe(run), caption(run), printed(run)):
        assert "given" not in said and "p <" not in said


def test_the_cache_does_not_lose_it(llama_folder: str, tmp_path: Path) -> None:
    model, cache = bs.load(llama_folder), tmp_path / "cache.sqlite"
    first, again = (bs.attribute(model, PROMPT, TARGET, cache=cache) for _ in range(2))
    assert first.evidence is not None and again.evidence is not None
    assert again.evidence.greedy == first.evidence.greedy
    np.testing.assert_allclose(again.evidence.log_probs, first.all, atol=1e-5)


def evidence(*log_probs: float, labels: tuple[str, ...] | None = None) -> Evidence:
    """Return evidence of tokens a, b, … with these ln p beside tokens of p = 0.5."""
    count = len(log_probs)
    return Evidence(
        Axis("token", tuple("abcdefgh"[:count]), tuple(range(count))),
        np.array(log_probs),
        np.full(count, 2),
        Axis("token", labels or ("z",) * count, (99,) * count),
        np.full(count, math.log(0.5)),
    )


def test_one_in_a_hundred_is_the_threshold() -> None:
    edge = math.log(LEAST)
    below, above = math.nextafter(edge, -9), math.nextafter(edge, 0)
    found = evidence(below, edge, above, below - 1e-4, -math.inf)
    assert found.improbable == (0, 3, 4)
    for value, improbable in ((below, True), (edge - 1e-5, True), (edge, False), (above, False)):
        assert (float(probability(value)) < LEAST) == improbable or value == below
    assert probability(edge - 1e-3) == "0.00999" and probability(math.log(0.0123)) == "0.012"


@pytest.mark.parametrize(
    ("log_prob", "text"),
    [(0.0, "1"), (-math.inf, "0"), (math.log(4.31e-6), "4.3e-06"), (-3000, "1.3e-1303")],
)
def test_probabilities_as_people_read_them(log_prob: float, text: str) -> None:
    assert probability(log_prob) == text


def test_it_is_saved_opened_and_compared(tmp_path: Path) -> None:
    schema = json.loads((resources.files("bathyscope.runs") / "run.schema.json").read_text())
    for name in ("shapley", "interactions", "faithfulness", "depth"):
        run = ASKED[name](tiny("llama"))
        run.save(tmp_path / name)
        opened: Any = bs.open_run(tmp_path / name)
        assert opened.to_document() == run.to_document()
        np.testing.assert_array_equal(opened.evidence.log_probs, run.evidence.log_probs)
        jsonschema.validate(json.loads((tmp_path / name / "run.json").read_text()), schema)
    run = bs.attribute(tiny("llama"), PROMPT, TARGET)
    assert run.evidence is not None
    greedy = replace(run.evidence.greedy, ids=(5,) * 6)
    replace(run, evidence=replace(run.evidence, greedy=greedy)).save(tmp_path / "other")
    again = bs.rerun(tmp_path / "other", tiny("llama"))
    assert again.identical and again.others == ("evidence",) and not again.agrees()


def test_a_run_of_before_it_was_recorded_still_opens(tmp_path: Path) -> None:
    run = bs.attribute(tiny("llama"), PROMPT, TARGET)
    replace(run, evidence=None).save(tmp_path / "old")
    opened: Any = bs.open_run(tmp_path / "old")
    assert opened.evidence is None and "evidence" not in opened.to_document()
    for said in (bs.describe(opened), caption(opened), page([opened])):
        assert "given" in said


DAMAGE: dict[str, Callable[[Any], Any]] = {
    "a probability above 1": lambda one: one["log_probs"].__setitem__(0, 0.5),
    "above the most probable": lambda one: one["greedy"]["log_probs"].__setitem__(0, -99.0),
    "one too few": lambda one: one["log_probs"].pop(),
    "no rank": lambda one: one["ranks"].__setitem__(0, 0),
    "a rank that is true": lambda one: one["ranks"].__setitem__(0, True),
    "first without being most probable": lambda one: one["ranks"].__setitem__(0, 1),
    "itself the most probable, yet not first": lambda one: one["greedy"]["ids"].__setitem__(
        0, one["tokens"]["ids"][0]
    ),
    "another token": lambda one: one["tokens"]["ids"].__setitem__(0, 3),
    "no label": lambda one: one["greedy"]["labels"].__setitem__(0, None),
    "no tokens": lambda one: one.pop("tokens"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_cannot_be_true_is_refused(damage: str, tmp_path: Path) -> None:
    run = bs.depth(tiny("llama"), PROMPT.text, TARGET)
    assert run.evidence is not None and run.evidence.ranks[0] > 1
    whole = copy.deepcopy(run.to_document())
    DAMAGE[damage](whole["evidence"])
    (tmp_path / "run.json").write_text(json.dumps(whole))
    with pytest.raises(bs.InputError, match="damaged"):
        bs.open_run(tmp_path)


def printed(run: Any) -> str:
    console = Console(width=4000, markup=False)
    with console.capture() as capture:
        console.print(table(run))
    return capture.get()


@pytest.mark.parametrize("asked", ASKED)
def test_nothing_that_is_shown_hides_that_a_text_was_given(asked: str) -> None:
    run = ASKED[asked](tiny("llama"))
    found: Evidence = run.evidence
    assert found.improbable, "the guard needs a token that the model would hardly write"
    first = found.improbable[0]
    named = (
        f"“{found.tokens.labels[first]}” {probability(found.log_probs[first])} "
        f"(rather “{found.greedy.labels[first]}” {probability(found.greedy_log_probs[first])})"
    )
    whole = f"given, not written by the model: p = {probability(found.log_prob)}"
    texts = [printed(run)]
    if not isinstance(run, SettlingRun):
        texts.append(caption(run))
        assert f"p = {probability(found.log_prob)}" in bs.describe(run, short=True)
        full = bs.describe(run).split("## In full\n\n")[1]
        overview = full.split("\n")[0].replace("e−", "e-")
        assert overview.split(". ")[0].startswith("`") and " was given the " in overview
        assert f"gives p = {probability(found.log_prob)}" in overview.split(". It gives p <")[0]
    if asked in ("shapley", "depth"):
        texts.append(
            json.loads(page([run]).split('id="data">')[1].split("<")[0])["maps"][0]["origin"]
        )
    for text in texts:
        bare = text.replace("−", "-")
        assert named in bare and whole in bare


def test_hostile_tokens_stay_text() -> None:
    bad = "<img src=x onerror=alert(1)>"
    run = bs.attribute(tiny("llama"), PROMPT, " 3")
    hostile = evidence(-9.0, -9.5, labels=(bad, "</script>`*_"))
    shown = page([replace(run, evidence=hostile)])
    assert "onerror=alert(1)" in shown and "<img src=x" not in shown
    assert shown.count("</script>") == page([run]).count("</script>")
    assert f"`{bad}`" in bs.describe(replace(run, evidence=hostile))
