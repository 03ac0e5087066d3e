"""What sentences of an answer owe passages and their sentences, and what is cited for them."""

import json
from math import inf, log, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.citation.result import LEAST, SupportedSentence, SupportEffect, effects_on
from bathyscope.games.replicates import jackknife_error
from bathyscope.render.citations import write_citations
from tests.cli.conftest import call
from tests.cli.conftest import here as here
from tests.conftest import tiny

CONTEXT = ["It is hot. It is dry.", "A cow.", "No [[marks]] here."]
ANSWER = "Hot. Cow!"


def found(**settings: Any) -> bs.Support:
    return bs.support(tiny("llama"), CONTEXT, "Why?", ANSWER, **settings)


def test_effects_are_sums_of_the_map_over_each_sentence() -> None:
    support = found()
    run = support.by_passage
    assert run.prompt == (
        "Context:\n\nIt is hot. It is dry.\n\nA cow.\n\nNo [[marks]] here.\n\n"
        "Question: Why?\nAnswer:"
    )
    assert support.answer == " Hot. Cow!" and [one.text for one in support.sentences] == [
        "Hot.",
        "Cow!",
    ]
    labels = [label.replace("▁", " ") for label in run.heatmap.rows.labels]
    cut = next(k for k in range(len(labels)) if "".join(labels[: k + 1]) == " Hot.") + 1
    values = run.heatmap.values
    for sentence, rows in zip(support.sentences, (values[:cut], values[cut:]), strict=True):
        effects = [effect.value for effect in sentence.passages]
        np.testing.assert_allclose(effects, rows.sum(axis=0), atol=1e-12)
        assert all(one.low == one.value == one.high for one in sentence.passages)
    whole = {part.number: part.effect.value for part in support.ranked_passages}
    np.testing.assert_allclose([whole[n] for n in "123"], run.whole_target, atol=1e-12)
    ranked = [part.effect.value for part in support.ranked_passages]
    assert ranked == sorted(ranked, reverse=True)


def test_without_a_passage_its_blank_line_goes_too() -> None:
    run = found().by_passage
    prompt = bs.Prompt(run.prompt or "", tuple(run.heatmap.columns.spans or ()))
    assert prompt.masked([False, True, False]) == "Context:\n\nA cow.\n\nQuestion: Why?\nAnswer:"


def test_the_sentences_of_the_best_passage_are_features_while_others_stay() -> None:
    support = found()
    assert {number for number, _ in support.own} <= {1, 2, 3} and support.own[0][1] == 1
    run = support.by_sentence
    texts = [part.text for part in support.ranked_sentences]
    passages = {number: CONTEXT[number - 1] for number, _ in support.own}
    assert all(any(text in one for one in passages.values()) for text in texts)
    np.testing.assert_allclose(run.all, support.by_passage.all, atol=1e-5)  # the same full prompt
    assert run.heatmap.provenance["segmenter"] == "sentences"


def test_errors_of_sums_are_those_of_the_replicates() -> None:
    many = [f"Fact {n} is so." for n in range(9)]
    run = bs.support(tiny("llama"), many, "Why?", ANSWER, budget=120, seed=3).by_passage
    assert run.standard_error is not None and run.replicates is not None
    (effects,) = effects_on(run, [[0, 2]])
    half = np.array([effect.high - effect.value for effect in effects])
    error = jackknife_error(run.replicates[:, 0] + run.replicates[:, 2])
    ratio = half / error  # Student's t of as many degrees as there are replicates, less one
    assert len(run.replicates) > 10 and (ratio > 1.96).all() and (ratio < 2.25).all()
    np.testing.assert_allclose(ratio, ratio[0])


def effect(value: float, half: float = 0.0) -> SupportEffect:
    return SupportEffect(value, value - half, value + half)


@pytest.mark.parametrize(
    ("passages", "sentences", "citation"),
    [
        ([effect(0.5), effect(2.0)], [effect(0.1), effect(1.9)], "[2.2]"),
        ([effect(2.0), effect(0.5)], [effect(3.0), effect(1.9)], "[1]"),  # none of passage 1
        ([effect(0.5), effect(2.0)], [effect(0.1), effect(0.6)], "[2]"),
        ([effect(0.5), effect(LEAST)], [effect(0.1), effect(LEAST)], "[2.2]"),
        ([effect(0.5), effect(0.69)], [effect(9.0), effect(9.0)], ""),
        ([effect(0.5), effect(2.0, 1.5)], [effect(0.1), effect(1.9)], ""),
        ([effect(0.5), effect(2.0, nan)], [effect(0.1), effect(1.9)], ""),
        ([effect(-3.0), effect(-2.0)], [effect(0.1), effect(1.9)], ""),
    ],
)
def test_what_is_cited(
    passages: list[SupportEffect], sentences: list[SupportEffect], citation: str
) -> None:
    own = [(2, 1), (2, 2)]
    assert SupportedSentence.of("x", passages, sentences, own).citation == citation


def test_times_as_likely() -> None:
    assert effect(log(8)).times == pytest.approx(8)
    assert effect(inf).times < inf and effect(-800.0).times >= 0.0


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"question": " "}, "question is empty"),
        ({"answer": " "}, "answer is empty"),
        ({"context": []}, "no passage"),
        ({"context": ["x " * 3000]}, r"have .* tokens, but the model reads"),
        ({"against": "x"}, "Support is of one answer"),
        ({"bugdet": 3}, "did you mean 'budget'"),
        ({"chat": True}, "no chat template"),
    ],
)
def test_what_cannot_be_asked(asked: dict[str, Any], sentence: str) -> None:
    given: dict[str, Any] = {"context": CONTEXT, "question": "Why?", "answer": ANSWER} | asked
    with pytest.raises(bs.InputError, match=sentence):
        bs.support(tiny("llama"), **given)


def test_it_is_saved_as_two_runs_and_a_page(tmp_path: Path) -> None:
    support = bs.support(tiny("llama"), ["<script>a</script> b.", "c."], "<b>?", "Do. Em.")
    support.save(tmp_path / "out")
    for name, run in support.maps.items():
        assert bs.open_run(tmp_path / "out" / name).to_document() == run.to_document()
    write_citations(support, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page and "<b>" not in page and "http:" not in page
    assert page.count("<span>") == 2 and "&lt;script&gt;" in page
    document = json.loads(json.dumps(support.to_document(), allow_nan=False))
    assert [one["text"] for one in document["citations"]] == ["Do.", "Em."]
    assert document["maps"]["passages"]["kind"] == "attribution"


def test_the_command(here: Path, llama_folder: str) -> None:
    (here / "docs").mkdir()
    (here / "docs" / "a.txt").write_text("It is hot. It is dry.\n\nA cow.")
    asked = ["support", "--context", "docs", "--question", "Why?", "--model", llama_folder]
    result = call(*asked, "--answer", ANSWER, "-o", "out")
    assert result.exit_code == 0, result.stderr
    assert "Hot. [" in result.stdout and "a.txt: A cow." in result.stdout
    made = {str(path.relative_to(here / "out")) for path in (here / "out").rglob("*.*")}
    assert {"citations.html", "passages/figure.png", "sentences/run.json"} <= made
    again = call(*asked, "--answer", ANSWER, "-o", "out", "--overwrite", "--json")
    document = json.loads(again.stdout)
    assert document["answer"] == " Hot. Cow!" and len(document["passages"]) == 2
    written = call(*asked, "--max-new-tokens", "4", "--json")
    assert written.exit_code == 0 and json.loads(written.stdout)["answer"]
    for arguments, sentence in (
        (["--context", "none.txt", "--question", "Why?"], "There is no file or folder none.txt"),
        (["--context", "docs", "--question", ""], "question is empty"),
        (["--context", "docs", "--question", "W", "--answer", ""], "answer is empty"),
    ):
        refused = call("support", *arguments, "--model", llama_folder)
        assert (refused.exit_code, refused.stdout) == (2, ""), refused.stdout
        assert sentence in refused.stderr
