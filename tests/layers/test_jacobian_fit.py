"""Fitting a Jacobian lens: against jacrev and differences, estimators, errors, and going on."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.layers import jacobian_fit, jacobian_kept
from bathyscope.layers.jacobian_mean import (
    LEAST_SHARE,
    HalfMean,
    chances_of,
    mean_of,
    relative_error,
)
from bathyscope.layers.jacobian_settings import FIRST, JacobianFit
from bathyscope.layers.lenses.fitted import read_tensors, save_tensors
from bathyscope.layers.training_text import passages
from bathyscope.model.jacobians import PassageJacobian
from tests import jacobians
from tests.conftest import byte_tokenizer, random_model, tiny

TEXT = "The cat sat on the mat, and 8 + 5 = 13; then it went away."
IDS = tuple(TEXT[:23].encode())
LONG = "".join(f"{word} {index} " for index, word in enumerate(TEXT.split() * 12))


def fit(model: bs.LanguageModel, *texts: str, **settings: Any) -> Any:
    return bs.fit_jacobian_lens(model, list(texts), **settings)


def double(family: str) -> bs.LanguageModel:
    return bs.LanguageModel(random_model(family, torch.float64), tiny(family).tokens.tokenizer)


@pytest.mark.filterwarnings("ignore:There is a performance drop")  # jacrev's, one row at a time
@pytest.mark.parametrize("family", ["falcon", "gemma2", "gpt2", "granite", "llama", "opt"])
def test_every_entry_is_that_of_jacrev_and_of_differences(family: str) -> None:
    """In float64; the norms of gemma2, granite and llama compute in float32 whatever the type."""
    reference = random_model(family, torch.float64)
    found = fit(double(family), TEXT[:23], estimator="exact", begin="never").matrices.numpy()
    ids = double(family).tokens.encode(TEXT[:23])
    assert found.shape == (3, 32, 32)
    coarse = family in ("gemma2", "granite", "llama")
    for layer in (1, 3):
        expected = jacobians.jacobian(reference, ids, layer)
        largest = np.abs(expected).max()
        np.testing.assert_allclose(found[layer - 1], expected, atol=2e-6 * largest)
        differences = jacobians.jacobian_by_differences(
            reference, ids, layer, 1e-2 if coarse else 1e-4
        )
        within = 3e-2 if coarse else 1e-6
        np.testing.assert_allclose(found[layer - 1], differences, atol=within * largest)
        for wrong in (expected.T, expected * 5 / 6, expected + np.eye(32) * largest / 20):
            assert np.abs(found[layer - 1] - wrong).max() > 1e-2 * largest


def test_positions_that_count_are_16_to_the_last_but_one(llama: bs.LanguageModel) -> None:
    asked = torch.eye(32)
    whole = PassageJacobian(llama, IDS, FIRST, 32).products(asked)
    changed = PassageJacobian(llama, (*IDS[:-1], 7), FIRST, 32).products(asked)
    assert torch.equal(whole, changed), "the last token is no source and no target"
    earlier = PassageJacobian(llama, IDS, FIRST - 1, 32).products(asked)
    assert (earlier - whole).abs().max() > 1e-2


def test_the_lens_is_the_plain_mean_of_passages_that_are_long_enough(
    llama: bs.LanguageModel,
) -> None:
    parts = [TEXT[:30], TEXT[:18], "too short"]
    one, two = (fit(llama, part, estimator="exact").matrices for part in parts[:2])
    both = fit(llama, *parts, estimator="exact")
    torch.testing.assert_close(both.matrices, (one + two) / 2)
    assert (one - two).abs().max() > 0.05 and sum(both.about["error"]["passages"]) == 2


def test_long_texts_are_cut_and_only_begun_where_asked(llama: bs.LanguageModel) -> None:
    whole = fit(llama, TEXT[:50], estimator="exact", sequence_length=20)
    parts = (TEXT[:20], TEXT[20:40])
    each = [fit(llama, part, estimator="exact").matrices for part in parts]
    torch.testing.assert_close(whole.matrices, (each[0] + each[1]) / 2)
    begun = fit(llama, TEXT[:50], estimator="exact", sequence_length=20, first_only=True)
    torch.testing.assert_close(begun.matrices, each[0])


@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_passages_begin_as_asked_and_the_record_says_how(llama: bs.LanguageModel) -> None:
    assert llama.tokens.encode("") == ()
    lenses = {
        begin: fit(llama, TEXT[:24], estimator="exact", begin=begin)
        for begin in ("tokenizer", "always", "never")
    }
    assert torch.equal(lenses["tokenizer"].matrices, lenses["never"].matrices)
    reference = random_model("llama", torch.float64)
    own = torch.stack(
        [
            torch.tensor(
                jacobians.jacobian(reference, (256, *llama.tokens.encode(TEXT[:24])), layer)
            )
            for layer in (1, 2, 3)
        ]
    )
    torch.testing.assert_close(lenses["always"].matrices.double(), own, atol=1e-4, rtol=1e-4)
    assert lenses["always"].about["fit"]["begins_with"] == [256]
    assert lenses["never"].about["fit"]["begins_with"] == []
    cut = [llama.tokens.decode(ids) for ids in passages(llama, "abcdef", 4, "always")]
    assert cut == ["<bos>abc", "<bos>def"]


@pytest.mark.parametrize("count", [5, 8, 32])
def test_random_directions_of_one_passage_end_at_its_jacobian(
    llama: bs.LanguageModel, count: int
) -> None:
    """Once round, also where the last block is smaller: what differs is rounding."""
    exact = fit(llama, TEXT[:30], estimator="exact").matrices
    rounds = -(-32 // count)
    found = fit(llama, TEXT[:30], directions=count, passages=rounds).matrices
    torch.testing.assert_close(found, exact, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(
        fit(llama, TEXT[:30], directions=count, passages=rounds + 1).matrices, exact,
        atol=1e-3, rtol=1e-3,
    )  # fmt: skip


def unlike(truth: torch.Tensor, noise: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Return a passage's rows: those of the truth, each moved by so much."""
    moved = torch.randn(truth.shape, generator=draw, dtype=torch.float64)
    return truth + noise[:, None] * moved


def halves_of(
    truth: torch.Tensor, noise: torch.Tensor, rows: int, directions: int | None, seed: int
) -> list[HalfMean]:
    """Return both halves after so many rows of passages that differ by noise, other ones a seed."""
    draw = torch.Generator().manual_seed(seed)
    zeros = torch.zeros(1, *truth.shape, dtype=torch.float64)
    halves = [HalfMean(zeros.clone(), directions, seed, half) for half in (0, 1)]
    asked = 0
    while asked < rows:
        half, other = halves if halves[0].passages == halves[1].passages else halves[::-1]
        half.learn(other)
        own = unlike(truth, noise, draw)[half.next_rows()]
        half.add(own[None])
        asked += len(own)
    return halves


WIDE = torch.arange(144, dtype=torch.float64).reshape(12, 12).cos() + torch.eye(12)
EVEN, UNEVEN = torch.full((12,), 0.5), torch.tensor([4.0, 3, 2, 1] + [0.2] * 8)


@pytest.mark.parametrize("rows", [4, 18, 36, 84])
def test_the_estimate_is_unbiased_at_every_number_of_passages(rows: int) -> None:
    """Also where chances follow what passages gave, and while not every row was asked for."""
    found = torch.stack([mean_of(halves_of(WIDE, UNEVEN, rows, 2, seed))[0] for seed in range(250)])
    error = found.std(0) / 250**0.5
    assert ((found.mean(0) - WIDE).abs() / error.clamp_min(1e-9)).max() < 4.5
    assert found.std() > 0.05


def test_drawn_rows_have_the_smaller_error_where_some_differ_more() -> None:
    """At equal ways back: .77 of the exact one's squared error or less; no more where none do."""
    for noise, least, most in ((UNEVEN, 0.3, 0.77), (EVEN, 0.85, 1.25)):
        spread = [
            np.mean(
                [
                    float((mean_of(halves_of(WIDE, noise, 240, count, seed))[0] - WIDE).norm()) ** 2
                    for seed in range(60)
                ]
            )
            for count in (None, 3)
        ]
        assert least < spread[1] / spread[0] < most


def test_chances_follow_how_much_rows_differ() -> None:
    spread = torch.tensor([20.0, 4.0, 2.0, 1.0, 0.0, 1.0])
    chances = chances_of(spread.double(), 2)
    assert float(chances.sum()) == pytest.approx(2, abs=1e-5) and chances.max() <= 1
    assert chances[0] == 1 and chances[1] == pytest.approx(2 * float(chances[2]), rel=1e-5)
    least = LEAST_SHARE * float(spread.mean())
    assert float(chances[4] / chances[2]) == pytest.approx(max(0.0, least) / 2, rel=1e-4)
    assert chances_of(torch.zeros(4).double(), 4).tolist() == [1.0] * 4
    halves = halves_of(WIDE, UNEVEN, 600, 3, 1)
    asked = halves[0].counts + halves[1].counts
    assert asked.sum() >= 600 and asked.min() > 0.3 * float(asked.mean())
    assert asked[:2].min() > 2 * asked[4:].max(), "the rows that differ most"
    assert len(set(halves[0].next_rows().tolist())) == len(halves[0].next_rows())


def test_both_halves_together_ask_for_every_row_in_one_round() -> None:
    halves = [HalfMean(torch.zeros(1, 12, 12), 2, 3, half) for half in (0, 1)]
    for place in range(6):
        half = halves[place % 2]
        half.add(WIDE.float()[half.next_rows()][None])
    assert (halves[0].counts + halves[1].counts).tolist() == [1.0] * 12
    assert not halves[0].has_all and relative_error(halves) is None
    torch.testing.assert_close(mean_of(halves)[0], WIDE.float())


def test_the_error_by_halves_is_the_standard_error() -> None:
    """With as many ways back for each row, and with chances; with halves of unequal size too."""
    for rows, count, spare in ((144, 4, 0), (360, 3, 0), (240, None, 9)):
        errors, off = [], []
        for seed in range(60):
            halves = halves_of(WIDE, UNEVEN, rows, count, seed)
            draw = torch.Generator().manual_seed(1000 + seed)
            for _ in range(spare):
                halves[0].add(unlike(WIDE, UNEVEN, draw)[halves[0].next_rows()][None])
            said = relative_error(halves)
            assert said is not None
            errors.append(said[0])
            off.append(float((mean_of(halves)[0] - WIDE).norm() / WIDE.norm()))
        assert np.median(errors) == pytest.approx(np.median(off), rel=0.15)


def test_the_error_is_not_said_before_both_halves_have_one(llama: bs.LanguageModel) -> None:
    assert fit(llama, TEXT[:30], estimator="exact").about["error"]["relative"] is None
    few = fit(llama, LONG, directions=8, sequence_length=24, passages=7).about["error"]
    assert few == {"passages": [4, 3], "relative": None}
    more = fit(llama, LONG, directions=8, sequence_length=24, passages=8).about["error"]
    assert more["passages"] == [4, 4] and len(more["relative"]) == 3
    assert all(0 < error < 2 for error in more["relative"])


def test_the_same_seed_gives_the_same_bits_and_another_does_not(llama: bs.LanguageModel) -> None:
    settings = JacobianFit(directions=8, sequence_length=24, passages=8)
    one, same = (fit(llama, LONG, settings=settings) for _ in range(2))
    other = fit(llama, LONG, settings=settings, seed=1)
    assert torch.equal(one.matrices, same.matrices) and one.about == same.about
    assert not torch.equal(one.matrices, other.matrices)


def test_halves_are_of_different_texts(llama: bs.LanguageModel) -> None:
    texts = ["a" * 200, "b" * 80, "c" * 100]
    work = jacobian_fit._Work.of(llama, texts, JacobianFit(sequence_length=20))
    letters = [{llama.tokens.decode(ids[:1]) for ids in half} for half in work.halves]
    assert letters == [{"a"}, {"b", "c"}]
    alone = jacobian_fit._Work.of(llama, ["a" * 60 + "b" * 60], JacobianFit(sequence_length=20))
    ends = [{llama.tokens.decode(ids[:1]) for ids in half} for half in alone.halves]
    assert ends == [{"a"}, {"b"}]


class Stop(KeyboardInterrupt):
    """What a person does at the keyboard."""


def stopped_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    passages_done = [0]
    add = HalfMean.add

    def noted(self: HalfMean, products: torch.Tensor) -> None:
        if passages_done[0] == count:
            raise Stop
        passages_done[0] += 1
        add(self, products)

    monkeypatch.setattr(HalfMean, "add", noted)


def test_a_fit_that_was_interrupted_goes_on_to_the_same_bits(
    llama: bs.LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = JacobianFit(directions=8, sequence_length=24, passages=9)
    whole = fit(llama, LONG, settings=settings)
    keep = tmp_path / "lens.begun"
    with monkeypatch.context() as patch, pytest.raises(Stop):
        stopped_after(5, patch)
        fit(llama, LONG, settings=settings, keep=keep)
    assert [path.name for path in tmp_path.iterdir()] == ["lens.begun"]
    with monkeypatch.context() as patch:
        stopped_after(4, patch)  # 9 − 5: no passage is done twice
        found = fit(llama, LONG, settings=settings, keep=keep)
    assert torch.equal(found.matrices, whole.matrices) and found.about == whole.about
    assert list(tmp_path.iterdir()) == []


def test_sums_are_kept_now_and_then(
    llama: bs.LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed says nothing more: what it kept before is whole."""
    monkeypatch.setattr(jacobian_kept, "SECONDS", 0.0)
    monkeypatch.setattr(jacobian_kept.Kept, "remove", lambda self: None)
    keep = tmp_path / "lens.begun"
    fit(llama, LONG, directions=8, sequence_length=24, passages=3, keep=keep)
    monkeypatch.undo()
    more = fit(llama, LONG, directions=8, sequence_length=24, passages=8, keep=keep)
    whole = fit(llama, LONG, directions=8, sequence_length=24, passages=8)
    assert torch.equal(more.matrices, whole.matrices) and not keep.exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 2}, "begun with another seed"),
        ({"directions": 4}, "another directions"),
        ({"text": LONG[1:]}, "another passages_sha256"),
        ({"model": "mistral"}, "was fitted for"),
        ({"bytes": b"no tensors"}, "damaged or no safetensors .*; remove that file to begin anew"),
        ({"about": {"since": None}}, "begun by another version of bathyscope, or is damaged"),
        ({"about": {"since": [0, 99]}}, "begun by another version of bathyscope, or is damaged"),
        ({"about": {"passages": [1]}}, "begun by another version of bathyscope, or is damaged"),
        ({"passages": 1}, r"has read 3 passages, more than 1 \(--passages\)"),
    ],
)
def test_a_fit_goes_on_with_the_same_alone(
    llama: bs.LanguageModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, Any],
    message: str,
) -> None:
    keep = tmp_path / "lens.begun"
    asked = {"directions": 8, "sequence_length": 24, "passages": 4}
    with monkeypatch.context() as patch, pytest.raises(Stop):
        stopped_after(3, patch)
        fit(llama, LONG, keep=keep, **asked)
    if "bytes" in changed:
        keep.write_bytes(changed["bytes"])
    if "about" in changed:
        about, tensors = read_tensors(keep, jacobian_kept.KIND)
        save_tensors(keep, {**about, **changed["about"]}, tensors, overwrite=True)
    before = keep.read_bytes()
    model = tiny(changed.get("model", "llama"))
    settings = ("seed", "directions", "passages")
    more = {name: changed[name] for name in settings if name in changed}
    with pytest.raises(bs.InputError, match=message):
        fit(model, changed.get("text", LONG), keep=keep, **(asked | more))
    assert keep.read_bytes() == before


@pytest.mark.parametrize(
    ("texts", "settings", "message"),
    [
        (["too short"], {}, "No text has the 18 tokens .* the longest has 9"),
        ([], {}, "No text has"),
        ([TEXT], {"sequence_length": 300}, "300 tokens at most, but .* 256; give a smaller --seq"),
        ([TEXT], {"directions": 33}, "have 32 directions, fewer than 33"),
        ([TEXT], {"minutes": 1e-9}, "Not one passage was done in the time: 0 of 32"),
        ([TEXT], {"estimator": "exat"}, "estimator 'exat' is not known; did you mean 'exact'"),
        ([TEXT], {"begin": "often"}, "is not known"),
        ([TEXT], {"directions": 0}, "not 0"),
        ([TEXT], {"passages": 0}, "not 0"),
        ([TEXT], {"minutes": float("nan")}, "not nan"),
        ([TEXT], {"sequence_length": 17}, "18 tokens or more, not 17"),
        ([TEXT], {"seed": -1}, "not -1"),
        ([TEXT], {"step": 1}, "'step' is not known"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    llama: bs.LanguageModel, texts: list[str], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(bs.InputError, match=message):
        fit(llama, *texts, **settings)


def test_a_tokenizer_without_a_beginning_cannot_be_asked_for_one() -> None:
    tokenizer = byte_tokenizer()
    tokenizer.bos_token = None
    model = bs.LanguageModel(random_model("llama"), tokenizer)
    with pytest.raises(bs.InputError, match="knows no token that begins a text"):
        fit(model, TEXT, begin="always")


def test_numbers_that_are_none_end_the_fit() -> None:
    model = bs.LanguageModel(random_model("llama"), tiny("llama").tokens.tokenizer)
    with torch.no_grad():
        model.model.model.layers[1].mlp.down_proj.weight[0, 0] = torch.nan
    with pytest.raises(bs.ModelError, match="no number"):
        fit(model, TEXT)


def test_the_time_ends_a_fit_with_what_is_done(
    llama: bs.LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def later() -> float:
        now[0] += 1.0
        return now[0]

    monkeypatch.setattr(time, "monotonic", later)
    lens = fit(llama, LONG, directions=8, sequence_length=24, minutes=0.5)
    assert 2 <= sum(lens.about["error"]["passages"]) < 16
    whole = fit(llama, LONG, directions=8, sequence_length=24,
                passages=sum(lens.about["error"]["passages"]))  # fmt: skip
    assert torch.equal(lens.matrices, whole.matrices)


def test_the_model_is_left_as_it_was(llama: bs.LanguageModel) -> None:
    before = {name: one.clone() for name, one in llama.model.state_dict().items()}
    fit(llama, TEXT, directions=8)
    assert all(torch.equal(before[name], one) for name, one in llama.model.state_dict().items())
    assert all(one.grad is None and one.requires_grad for one in llama.model.parameters())


@pytest.mark.parametrize("family", ["gemma3", "mamba", "mixtral", "phi3"])
def test_other_families_have_one_too(family: str) -> None:
    model = tiny(family)
    found = fit(model, TEXT[:22], estimator="exact", begin="never").matrices[1].numpy()
    layer = jacobians.jacobian_by_differences(
        random_model(family, torch.float64), model.tokens.encode(TEXT[:22]), 2, 1e-3
    )
    np.testing.assert_allclose(found, layer, atol=2e-2 * np.abs(layer).max())


def test_progress_counts_ways_back(llama: bs.LanguageModel) -> None:
    told: list[tuple[str, int, int | None]] = []
    fit(llama, LONG, directions=8, sequence_length=24, passages=3,
        progress=lambda *state: told.append(state))  # fmt: skip
    assert {stage for stage, *_ in told} == {"fit the lens"} and {all for *_, all in told} == {24}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
