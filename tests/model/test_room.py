"""How much runs, waits and is looked back on at once: the memory of a GPU that is not there."""

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.model import device as devices
from bathyscope.model import room
from bathyscope.model.continuing import batches
from bathyscope.model.forest import Pass
from bathyscope.model.room import TOKENS_PER_BATCH, Room, peak_bytes, tokens_per_pass
from bathyscope.model.scores import Scores
from tests.conftest import tiny
from tests.model.test_launches import prompts_of

PER_TOKEN = 4 * 2 * 2 * 8 * 4  # layers, keys and values, heads, size, bytes


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have the processor take the place of a device on which so many bytes are allowed."""
    memory = [1 << 40]
    monkeypatch.setattr(room, "bytes_allowed", lambda device: memory[0])
    return memory


def _scores(model: bs.LanguageModel) -> tuple[list[Pass], list[Scores]]:
    prompts = prompts_of(6)
    targets = [(9, 11, 12)] * len(prompts)
    found: dict[int, Scores] = {}
    model.score(prompts, targets, found.__setitem__)
    return model.passes(prompts, targets), [found[index] for index in range(len(prompts))]


def test_passes_fit_what_is_allowed_and_say_the_same(allowed: list[int]) -> None:
    model = tiny("llama")
    plenty, expected = _scores(model)
    peaks = [peak_bytes(model.model, plenty, PER_TOKEN)]
    for share in (2, 4, 8):
        allowed[0] = int(peaks[0] / share)
        passes, scores = _scores(model)
        peaks.append(peak_bytes(model.model, passes, PER_TOKEN))
        assert peaks[-1] <= allowed[0] < peaks[0] and len(passes) > len(plenty)
        for one, other in zip(scores, expected, strict=True):
            np.testing.assert_allclose(one.log_probs, other.log_probs, atol=2e-5)
    assert peaks == sorted(peaks, reverse=True)


def test_where_nothing_is_free_each_edge_has_a_pass(allowed: list[int]) -> None:
    allowed[0] = 0
    passes, scores = _scores(tiny("llama"))
    assert {one.rows for one in passes} == {1} and len(scores) == 64


def test_a_large_device_takes_sixteen_times_the_tokens(allowed: list[int]) -> None:
    model = tiny("llama").model
    asked: list[int] = []

    def plan(tokens: int) -> list[Pass]:
        asked.append(tokens)
        return [Pass(rows=8, new=tokens // 8, past=3 * tokens // 2, scored=5, held=tokens)]

    assert tokens_per_pass(model, plan) == 16 * TOKENS_PER_BATCH == asked[-1]
    # What waits, and in one of four layers all that is looked at, itself and once for each of the
    # two heads that share it: 1 + 13 · 3/4 times its tokens.
    allowed[0] = int((1 + 13 * 3 / 4) * 4096 * PER_TOKEN)
    assert tokens_per_pass(model, plan) < 4096
    assert asked == sorted(asked[:1]) + sorted(asked[1:], reverse=True)


def test_what_a_pass_takes_is_counted_part_by_part() -> None:
    """The tiny model: 4 layers, 4 heads on 2 keys, states of 32 and 48 numbers, 258 words."""
    model = tiny("llama").model
    each = 4 * (8 * 32 + 3 * 48)
    alone = Pass(rows=1, new=10, past=0, scored=0, held=0)
    assert peak_bytes(model, [alone], PER_TOKEN) == 10 * each
    kept = alone._replace(held=7, kept=10)
    assert peak_bytes(model, [alone, kept], PER_TOKEN) == 17 * PER_TOKEN + 10 * each
    back = alone._replace(rows=3, past=20, scored=900)
    looked_at = 3 * 30 * PER_TOKEN / 4
    logits = 2 * 4 * 258 * back.rows_at_once
    assert peak_bytes(model, [back], PER_TOKEN) == 3 * looked_at + 3 * 10 * each + logits
    assert peak_bytes(model, [], PER_TOKEN) == 0


def test_a_processor_plans_nothing() -> None:
    def plan(tokens: int) -> list[Pass]:
        raise AssertionError("planned")

    assert tokens_per_pass(tiny("llama").model, plan) == TOKENS_PER_BATCH


def test_texts_written_together_fit_what_is_allowed(allowed: list[int]) -> None:
    model = tiny("llama")
    assert Room.of(model.model).per_token == PER_TOKEN
    ids = [(1, 2, 3, 4 + i) for i in range(10)]
    assert [len(part.indices) for part in batches(model, ids, 6)] == [10]
    each = Room.of(model.model).fixed + PER_TOKEN * 10
    allowed[0] = int(3 * each)
    assert [len(part.indices) for part in batches(model, ids, 6)] == [3, 3, 3, 1]


def test_a_fourth_of_what_is_free_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "free_bytes", lambda device: 48 << 30)
    assert devices.bytes_allowed(torch.device("cuda")) == 12 << 30
    assert devices.bytes_allowed(torch.device("cpu")) is None
    assert devices.bytes_allowed(torch.device("mps")) == 2 << 30
