"""How often a device is called by passes over many texts: as often for many rows as for few."""

import pytest
import torch

from bathyscope.games.game import all_coalitions
from bathyscope.model import gradients
from bathyscope.model.foreign import run
from bathyscope.model.gradients import gradient_norms
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.sequences import Sampler, Sequences, greedy
from tests.conftest import tiny
from tests.devices import counted

# For each layer and pass: keys and values read from the pages, put behind, kept; for each pass:
# its inputs, its mask and what is read of its logits.
_PER_LAYER, _PER_PASS = 12, 60


def prompts_of(features: int) -> list[Ids]:
    """Return the prompt of every coalition, each feature a few tokens of its own."""
    parts = [tuple(range(10 * i + 1, 10 * i + 4 + i % 3)) for i in range(features)]
    return [
        (5, 6, *(id for part, stays in zip(parts, one, strict=True) if stays for id in part), 7, 8)
        for one in all_coalitions(features).tolist()
    ]


@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt2"])
def test_pasts_are_read_in_one_launch_for_each_layer(family: str) -> None:
    model = tiny(family)
    assert model.why_not_shared is None
    model.why_not_batched  # noqa: B018, tried here rather than in what is counted
    ids = torch.tensor([[1, 2, 3, 4]])
    run(model.model, input_ids=ids, use_cache=True)
    with torch.inference_mode(), counted() as plain:
        run(model.model, input_ids=ids, use_cache=True)
    met = []
    for features in (3, 7):
        prompts = prompts_of(features)
        targets = [(9, 11)] * len(prompts)
        passes = model.passes(prompts, targets)
        with counted() as device:
            model.score(prompts, targets, lambda index, scores: None)
        allowed = plain.launches + _PER_LAYER * model.num_layers + _PER_PASS
        assert device.launches <= len(passes) * allowed
        # What is read of a pass, and whether a mask of padding hides anything.
        assert device.waits <= 2 * len(passes)
        # Ids with positions, places that are read, ids there, padding, places that go on.
        assert 0 < device.handed <= 5 * len(passes)
        met.append((max(one.rows for one in passes), device.launches / len(prompts)))
    (few, each_of_few), (many, each_of_many) = met
    assert many > 4 * few and each_of_many < each_of_few / 3, "more rows, not more launches"


def test_a_draw_waits_for_nothing_but_its_tokens() -> None:
    sampler, logits = Sampler(range(5), 0.7), torch.randn(5, 300)
    with counted() as device:
        sampler(logits, range(5))
    assert device.waits == 0 and device.launches <= 5 + 10, "noise of each row, and one step"


def test_noise_is_drawn_where_the_logits_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[object] = []
    generator = torch.Generator

    def made(device: object) -> torch.Generator:
        places.append(device)
        return generator("cpu")

    monkeypatch.setattr(torch, "Generator", made)
    logits = torch.randn(3, 40)
    sampler = Sampler([1, 2, 3], 0.7)
    sampler.only([0, 1])(logits[:2], [0, 1])
    sampler(logits, range(3))
    sampler.only([2])(logits[:1], [0])
    assert places == [logits.device] * 5, "once for each sequence that is drawn"


def test_no_mask_is_looked_at_where_none_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("llama")
    given: list[object] = []

    def seen(one: object, **inputs: object) -> object:
        given.append(inputs.get("attention_mask"))
        return run(one, **inputs)  # type: ignore[arg-type]

    monkeypatch.setattr("bathyscope.model.sequences.run", seen)
    for prompts, masked in (([(1, 2, 3), (1, 2, 4)], False), ([(1, 2, 3), (1, 2)], True)):
        given.clear()
        sequences = Sequences(model, prompts, joined=True)
        sequences.choose(greedy)
        sequences.advance()
        assert [mask is not None for mask in given] == [masked] * 2


def test_gradients_of_all_targets_come_over_together(monkeypatch: pytest.MonkeyPatch) -> None:
    model, ids = tiny("llama"), (1, 2, 3, 4, 5, 6)
    monkeypatch.setattr(gradients, "bytes_allowed", lambda device: 1 << 30)
    waits = []
    for count in (2, 5):
        wanted = [(position, 9) for position in range(count)]
        with counted() as device:
            gradient_norms(model, ids, wanted, "logprob", lambda: None)
        waits.append(device.waits)
        assert not device.doubles
    assert waits[0] == waits[1] <= 3
