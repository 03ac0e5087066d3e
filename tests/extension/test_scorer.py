"""docs/extending.md: a model of another backend is attributed, where torch is not to be had."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from math import factorial, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.model.scores import Scores, Standing
from bathyscope.model.tokens import Encoded
from tests.extension.trial import installed, write
from tests.without import HEAVY, python_without

MARKED = "see [[bees]] and [[eels]]:[[ s]]"
TARGET = "sea"
PARTS = ("see ", "bees", " and ", "eels", ":", " s")
FEATURES = (1, 3, 5)


@pytest.fixture
def letters(tmp_path: Path) -> Iterator[Any]:
    """The module of the page."""
    with installed(write(tmp_path / "site")):
        from bathyscope_trial import letters  # type: ignore[import-not-found]

        yield letters


def _log_probs(text: str, target: str) -> list[float]:
    """Return ln p of every letter of a target, counted anew."""
    texts = [text + target[:t] for t in range(len(target))]
    return [
        log((Counter(before)[letter] + 1) / (len(before) + 128))
        for before, letter in zip(texts, target, strict=True)
    ]


def _text(present: tuple[int, ...]) -> str:
    return "".join(part for i, part in enumerate(PARTS) if i not in FEATURES or i in present)


def _shapley() -> np.ndarray:
    """Return Shapley values (letters, features) by their definition."""
    values = np.zeros((len(TARGET), len(FEATURES)))
    for column, feature in enumerate(FEATURES):
        others = [one for one in FEATURES if one != feature]
        for size in range(len(others) + 1):
            weight = factorial(size) * factorial(len(others) - size) / factorial(len(FEATURES))
            for some in combinations(others, size):
                with_it = _log_probs(_text((*some, feature)), TARGET)
                values[:, column] += weight * (
                    np.array(with_it) - np.array(_log_probs(_text(some), TARGET))
                )
    return values


def test_its_map_is_that_of_the_formula(letters: Any) -> None:
    run = bs.attribute(letters.LetterModel(), MARKED, TARGET)
    expected = _shapley()
    assert np.ptp(expected) > 0.1, "a test on equal inputs would prove nothing"
    np.testing.assert_allclose(run.heatmap.values, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(run.all, _log_probs("".join(PARTS), TARGET), atol=1e-12)
    np.testing.assert_allclose(run.none, _log_probs(_text(()), TARGET), atol=1e-12)
    assert run.heatmap.rows.labels == ("s", "e", "a")
    assert run.provenance["model"] == letters.LetterModel.provenance
    assert run.provenance["tokenizer"] == "Letters"
    assert not {"torch", "transformers"} & set(run.provenance["versions"])
    assert run.evidence is not None and run.evidence.greedy.labels == ("e", "e", "e")
    counts = [Counter("".join(PARTS) + TARGET[:t]) for t in range(3)]
    ranks = [
        1 + sum(n > count[letter] for n in count.values())
        for count, letter in zip(counts, TARGET, strict=True)
    ]
    assert run.evidence.ranks[:2].tolist() == ranks[:2]


def test_it_writes_what_is_most_probable(letters: Any) -> None:
    run = bs.attribute(letters.LetterModel(), MARKED, max_new_tokens=3)
    assert run.text == "eee" and run.provenance["generated"]
    assert run.evidence is not None and run.evidence.ranks.tolist() == [1, 1, 1]


_EVERYWHERE = """
import json
from pathlib import Path
import bathyscope as bs
sys.path.insert(0, sys.argv[1])
from bathyscope_trial.letters import LetterModel
folder, marked, target = Path(sys.argv[2]), sys.argv[3], sys.argv[4]
model = LetterModel()
run = bs.attribute(model, marked, target, cache=folder / "kept.sqlite")
words = bs.describe(run)
bs.draw(run, folder / "figure.svg")
run.save(folder / "run")
opened = bs.open_run(folder / "run")
assert bs.describe(opened) == words
bs.view([opened], folder / "page.html")
other = bs.attribute(model, marked, target, method="leave_one_out", cache=folder / "kept.sqlite")
assert bs.describe(bs.compare(opened, other))
bs.draw(bs.compare(opened, other), folder / "comparison.png")
found = bs.rerun(folder / "run", model)
assert found.identical and not found.others
assert bs.describe(bs.interact(model, marked, target))
ranked = bs.evaluate(model, marked, target, methods=["shapley", "leave_one_out"])
assert bs.describe(ranked)
assert bs.evaluate_run(model, opened).heatmap.values.shape == (4, 4)
refused = []
for ask in (
    lambda: bs.attribute(model, marked, target, method="saliency"),
    lambda: bs.evaluate(model, marked, target, methods=["shapley", "saliency"]),
    lambda: bs.attribute(model, marked, target, of="logit"),
    lambda: bs.attribute(model, marked, target, chat=True),
):
    try:
        ask()
    except bs.InputError as error:
        refused.append(str(error))
assert not [name for name in sys.modules if name.partition(".")[0] in ("torch", "transformers")]
print(json.dumps({"words": words, "refused": refused, "values": run.heatmap.values.tolist()}))
"""


def test_it_goes_through_every_door_where_torch_cannot_be_imported(tmp_path: Path) -> None:
    site = write(tmp_path / "site")
    done = python_without(HEAVY, _EVERYWHERE, site, tmp_path, MARKED, TARGET)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    np.testing.assert_allclose(told["values"], _shapley(), atol=1e-12)
    assert "letters" in told["words"]
    by_gradients, both, logit, chat = told["refused"]
    assert by_gradients == both
    assert by_gradients == (
        "The method 'saliency' needs gradients at the model's embeddings, which LetterModel does "
        "not give: it only says how probable a text is; load the model with bathyscope.load."
    )
    assert "no logits" in logit and "no chat template" in chat


def test_depth_and_its_kin_refuse_it(letters: Any) -> None:
    model = letters.LetterModel()
    for name, ask in {
        "Depth": lambda: bs.depth(model, "a", " b"),
        "Depth ": lambda: bs.settle(model, "a", " b"),
        "A stream": lambda: bs.stream(model, "a"),
        "Think@n": lambda: bs.think(model, "a"),
        "A lens": lambda: bs.train_lens(model, ["a"]),
    }.items():
        with pytest.raises(bs.InputError, match=f"^{name.strip()} needs the model's layers, which"):
            ask()


@pytest.mark.parametrize("given", ["gpt2", None, 3, object()])
def test_what_is_no_model_is_named(given: Any) -> None:
    sentence = f"a {type(given).__name__}, which has no tokens, provenance, generate, score; load"
    for ask in (
        lambda: bs.attribute(given, MARKED, TARGET),
        lambda: bs.interact(given, MARKED, TARGET),
        lambda: bs.evaluate(given, MARKED, TARGET, methods=["shapley"]),
        lambda: bs.depth(given, "a", " b"),
    ):
        with pytest.raises(bs.InputError, match=sentence):
            ask()


def _delivering(letters: Any, change: Any) -> Any:
    """Return the page's model with what it delivers changed."""

    class Changed(letters.LetterModel):  # type: ignore[misc]
        def score(self, prompts: Any, targets: Any, deliver: Any, *rest: Any) -> None:
            super().score(prompts, targets, lambda i, scores: change(deliver, i, scores), *rest)

    return Changed()


BAD = {
    "is shorter": (
        lambda deliver, i, s: deliver(i, Scores(s.log_probs[:-1])),
        "log_probs of shape \\(2,\\) for 3 tokens",
    ),
    "has a standing of one": (
        lambda deliver, i, s: deliver(
            i, Scores(s.log_probs, None, Standing(*(np.array([1]) for _ in range(3))))
        ),
        "ranks of shape \\(1,\\) for 3 tokens",
    ),
    "is no number": (
        lambda deliver, i, s: deliver(i, Scores(s.log_probs * np.nan)),
        "log-probability of nan; ln p is a number, 0 at most",
    ),
    "is a probability": (
        lambda deliver, i, s: deliver(i, Scores(np.exp(s.log_probs))),
        "log-probability of 0.0",
    ),
    "is missing": (lambda deliver, i, s: None, "delivers no scores of 8 of 8 prompts"),
    "comes twice": (
        lambda deliver, i, s: (deliver(i, s), deliver(i, s)),
        "scores of prompt 0, which are not waited for",
    ),
    "is nothing": (lambda deliver, i, s: deliver(i, None), "model 'Changed' fails .AttributeErr"),
    "breaks off": (lambda deliver, i, s: 1 / 0, "The model 'Changed' fails .ZeroDivisionError"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_delivery_that_cannot_be_right_is_one_sentence(letters: Any, kind: str) -> None:
    change, sentence = BAD[kind]
    with pytest.raises((bs.InputError, bs.ModelError), match=sentence):
        bs.attribute(_delivering(letters, change), MARKED, TARGET)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ranks": [0, 1, 2]}, "rank"),
        ({"greedy_log_probs": [-9.0, -9.0, -9.0]}, "more probable than the most probable"),
        ({"greedy_log_probs": [0.5, 0.5, 0.5]}, "a probability is none"),
    ],
)
def test_a_standing_that_contradicts_the_scores_is_one_sentence(
    letters: Any, change: dict[str, list[float]], sentence: str
) -> None:
    def contradicting(deliver: Any, index: int, scores: Scores) -> None:
        stand = scores.standing and Standing(**{**vars(scores.standing), **change})
        deliver(index, Scores(scores.log_probs, None, stand))

    with pytest.raises(bs.ModelError, match=f"Changed contradicts itself.*{sentence}"):
        bs.attribute(_delivering(letters, contradicting), MARKED, TARGET)


def test_lists_will_do_for_arrays(letters: Any) -> None:
    plain = bs.attribute(letters.LetterModel(), MARKED, TARGET)
    of_lists = _delivering(letters, lambda deliver, i, s: deliver(i, Scores(s.log_probs.tolist())))
    run = bs.attribute(of_lists, MARKED, TARGET)
    np.testing.assert_array_equal(run.heatmap.values, plain.heatmap.values)
    assert run.evidence is None and bs.describe(run)


def test_tokens_that_cannot_be_are_one_sentence(letters: Any) -> None:
    def encoding(encoded: Any) -> Any:
        changed = letters.LetterModel()
        kind = type("Odd", (letters.Letters,), {"encoded": lambda self, text: encoded(text)})
        changed.tokens = kind()
        return changed

    few = encoding(lambda text: Encoded((1, 2), ((0, 1),)))
    outside = encoding(lambda text: Encoded((1,), ((0, len(text) + 1),)))
    none = encoding(lambda text: None)
    for model, sentence in (
        (few, "tokenizer Odd gives 2 ids and 1 spans"),
        (outside, "each id needs one span within it"),
        (none, "The tokenizer 'Odd' fails .AttributeError"),
    ):
        with pytest.raises((bs.InputError, bs.ModelError), match=sentence):
            bs.attribute(model, MARKED, TARGET)
    with pytest.raises(bs.InputError, match="The tokenizer 'Letters' fails"):
        bs.attribute(letters.LetterModel(), MARKED, "é")


@pytest.mark.parametrize(
    "provenance", [{}, {"name": "x"}, {"name": "x", "dtype": 1}, {"name": "", "dtype": "f"}, None]
)
def test_a_record_needs_a_name_and_a_dtype(letters: Any, provenance: Any) -> None:
    model = letters.LetterModel()
    model.provenance = provenance
    with pytest.raises(bs.InputError, match="provenance of LetterModel cannot be recorded"):
        bs.attribute(model, MARKED, TARGET)


def test_a_model_that_writes_nothing_is_named(letters: Any) -> None:
    with pytest.raises(bs.ModelError, match="LetterModel writes nothing"):
        bs.attribute(letters.LetterModel(), MARKED, max_new_tokens=0)


def test_a_run_of_another_model_is_not_computed_again(letters: Any, tmp_path: Path) -> None:
    bs.attribute(letters.LetterModel(), MARKED, TARGET).save(tmp_path / "run")
    other = letters.LetterModel()
    other.provenance = {**other.provenance, "revision": "2"}
    with pytest.raises(bs.InputError, match="made by letters with revision 1"):
        bs.rerun(tmp_path / "run", other)
    with pytest.raises(bs.InputError, match="not loaded by bathyscope"):
        bs.rerun(tmp_path / "run")
