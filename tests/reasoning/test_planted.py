"""A model whose answer is known to depend on known steps: do the readings find them?"""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from bathyscope.model.language_model import LanguageModel
from benchmarks import planted
from benchmarks.lookup_model import DIGITS, lookup_model, lookup_tokenizer


@pytest.fixture(scope="module")
def by_hand() -> LanguageModel:
    return LanguageModel(lookup_model(), lookup_tokenizer())


@pytest.mark.parametrize("kind", planted.OF[planted.BY_HAND])
def test_the_model_made_by_hand_answers_right(by_hand: LanguageModel, kind: str) -> None:
    for seed in range(40):
        one = planted.problem(seed, kind)
        ids = by_hand.tokens.encode(one.prompt.text + one.response)
        with torch.no_grad():
            found = by_hand.model(torch.tensor([ids[:-1]])).logits[0, -1].softmax(-1)
        digits = {digit: float(found[by_hand.tokens.encode(digit)[-1]]) for digit in DIGITS}
        assert max(digits, key=digits.__getitem__) == one.answer
        assert digits[one.answer] > 0.8


@pytest.mark.parametrize("kind", planted.OF[planted.BY_HAND])
@pytest.mark.filterwarnings("ignore:Up to")
def test_every_reading_finds_the_needed_steps(
    by_hand: LanguageModel, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewritten = planted.READINGS["resampling, KL"]
    fewer = {**rewritten.options, "n": 8, "max_new_tokens": 20}
    monkeypatch.setitem(planted.READINGS, "resampling, KL", replace(rewritten, options=fewer))
    one = planted.problem(1, kind)
    readings = [name for name in planted.asked_of(kind) if "published" not in name]
    if kind == "passed on":  # a step repeats the fact: nothing is lost where it alone is gone
        readings = ["deletion, Shapley", "multi-hop total"]
    elif kind == "copied":  # one problem of texts written anew is enough
        readings.remove("resampling, KL")
    assert len(readings) > 1
    for reading, found in planted.scores(by_hand, one, readings).items():
        others = [column for column in range(len(found)) if column not in one.needed]
        assert min(found[list(one.needed)]) > 0.5 + max(found[others]), (one, reading, found)
        assert planted.judged(found, one.needed)[0] == 1


@pytest.mark.parametrize("kind", list(planted.KINDS))
def test_problems_are_what_they_say(kind: str) -> None:
    assert planted.problem(3, kind) == planted.problem(3, kind) != planted.problem(4, kind)
    for seed in range(100):
        one = planted.problem(seed, kind)
        *steps, last = one.response.split(". ")
        facts = [label.removesuffix(".") for label in one.prompt.labels]
        values: dict[str, int] = {}
        for line in [*facts, *steps]:
            name, *terms = line.split(" = ")
            numbers = [values.get(term, 0) or int(term) for term in terms[0].split(" + ")]
            values[name] = sum(numbers)
            assert len(terms) == 1 or int(terms[1]) == values[name]
        asked = last.split()[1]
        assert last == f"So {asked} = {values[asked]}" and values[asked] == int(one.answer)
        assert one.prompt.text.startswith(f"Find {asked}: ")
        columns = facts or steps
        holding = [at for at, line in enumerate(columns) if one.answer in line.split()]
        if kind in ("named", "stated", "passed on"):
            assert holding == [one.needed[-1]]
        elif kind == "computed":
            assert holding == []
        assert len(columns) == 4 + (1 if kind in ("named", "passed on") else 2)


def test_recovery_and_rank_by_hand() -> None:
    found = np.array([0.1, 0.9, 0.3, 0.9])
    assert planted.judged(found, [2]) == (0, 3)
    assert planted.judged(found, [0, 1]) == (0, 2), "equal scores rank behind"
    assert planted.judged(np.array([0.1, 2.0, 0.3]), [0, 1]) == (1, 1)


def test_the_page_shows_the_results() -> None:
    import json

    results: dict[str, Any] = json.loads(planted.RESULTS.read_text("utf-8"))
    page = planted.PAGE.read_text("utf-8")
    assert planted.filled(page, results) == page and planted.table(results) in page


def test_what_shows_the_form_gives_no_problem_away() -> None:
    for kind in ("stated", "computed"):
        lines = planted.solved(kind).splitlines()
        asked = [planted.problem(seed, kind) for seed in range(20)]
        assert len(lines) == 3 and not {one.prompt.text + one.response for one in asked} & {*lines}
        assert all(re.search(planted.ANSWER.removeprefix("regex:"), line) for line in lines)
    first = planted.FIRST_ANSWER.removeprefix("regex:")
    found = re.search(first, "a = 1. So b = a + 2 = 3. Find c: d = 4. So c = 5.")
    assert found is not None and found[1] == "3"
