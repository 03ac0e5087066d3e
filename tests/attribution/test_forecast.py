"""What a forecast counts is what then happens."""

import json
from dataclasses import replace
from time import sleep
from typing import Any

import pytest
import torch

import bathyscope as bs
from bathyscope.attribution.forecast import forecast_attribution
from bathyscope.attribution.settings import AttributionSettings
from bathyscope.core.forecast import Forecast
from bathyscope.games.methods import METHODS
from bathyscope.layers.forecast import forecast_depth
from bathyscope.model import rate
from bathyscope.model.forest import Forest, Pass
from bathyscope.model.rate import Rate, by_the_clock, rate_of, work_seconds
from bathyscope.model.room import peak_bytes
from tests.conftest import byte_tokenizer, random_model, tiny

PROMPT = bs.Prompt.marked("Q: [[six]] and [[two or]] three, [[not]] four [[times]]?\nA:")
KNOWN = Rate(per_pass=1.0, per_token=0.1, per_pair=1e-4, per_row=0.01, bytes_per_token=256.0)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("bathyscope.attribution.forecast", "bathyscope.layers.forecast"):
        monkeypatch.setattr(f"{module}.rate_of", lambda _: KNOWN)
        monkeypatch.setattr(f"{module}.by_the_clock", lambda model, rate, forecast: forecast)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """Rows, new tokens and past of every pass of a forest."""
    passes: list[tuple[int, int, int]] = []
    original = Forest._forward

    def forward(self: Forest, batch: Any, *args: Any, **kwargs: Any) -> Any:
        edges = [edge for edge, _ in batch]
        new, past = max(len(edge.ids) for edge in edges), max(edge.start for edge in edges)
        passes.append((len(edges), new, past))
        return original(self, batch, *args, **kwargs)

    monkeypatch.setattr(Forest, "_forward", forward)
    return passes


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"method": "leave_one_out", "baseline": "_"},
        {"batch_tokens": 60},
        {"against": " other", "of": "logit"},
    ],
    ids=str,
)
def test_passes_are_those_that_are_run(
    given: dict[str, Any], ran: list[tuple[int, int, int]]
) -> None:
    model = tiny("llama")
    assert model.why_not_shared is None
    ran.clear()
    settings = AttributionSettings(**given)
    run = bs.attribute(model, PROMPT, " so 8", settings=settings)
    said = forecast_attribution(model, PROMPT, [" so 8"], settings)
    assert said.evaluations == run.heatmap.provenance["method"]["evaluations"]
    assert said.tokens == sum(rows * new for rows, new, _ in ran)
    seconds = sum(1 + 0.1 * r * n + 1e-4 * r * n * (n + 2 * p) for r, n, p in ran)
    assert said.evaluations is not None
    scored = said.evaluations * (5 if "against" not in given else 5 + 6)
    assert said.seconds == pytest.approx(seconds + 0.01 * scored)


def test_a_sampled_method_and_an_answer_to_be_written_are_at_most_as_said() -> None:
    model = tiny("llama")
    many = bs.Prompt.segmented("one two three four five six seven eight:", "words")
    settings = AttributionSettings(budget=90, max_new_tokens=7)
    said = forecast_attribution(model, many, [None], settings)
    assert said.evaluations == 90
    exact = forecast_attribution(model, many, [None], AttributionSettings(max_new_tokens=7))
    assert exact.evaluations == 256 and exact.tokens > said.tokens > 7


def test_what_may_end_early_is_said_from_the_least_to_the_most() -> None:
    model = tiny("llama")
    prompt = bs.Prompt.marked(" ".join(f"[[{i}]]" for i in range(13)) + " sum:")
    said = forecast_attribution(model, prompt, [" 78"], AttributionSettings())
    assert said.least is not None and said.stops is not None
    assert said.least.evaluations == METHODS["shapley"].fewest(13) and said.evaluations == 4096
    assert said.least.tokens < said.tokens and said.least.seconds < said.seconds
    told = said.in_words
    assert told.startswith(
        f"{said.least.evaluations:,} to 4,096 evaluations of 2^13 until no standard error exceeds "
        f"0.05 (--tolerance), {said.least.tokens:,} to {said.tokens:,} tokens through the model, "
    )
    few = forecast_attribution(model, prompt, [" 78"], AttributionSettings(budget=300))
    assert few.least is None and few.in_words.startswith("300 evaluations of 2^13 (--budget), ")
    document = json.loads(json.dumps(said.to_document()))
    assert document["least"]["evaluations"] == said.least.evaluations


def test_gradients_are_counted_there_and_back() -> None:
    model = tiny("llama")
    whole = len(PROMPT.text) + 5
    one = forecast_attribution(
        model, PROMPT, [" so 8"], AttributionSettings(method="input_x_gradient")
    )
    assert one.evaluations is None and one.tokens == whole * (1 + 2 * 5)
    path = forecast_attribution(
        model, PROMPT, [" so 8"], AttributionSettings(method="integrated_gradients", steps=3)
    )
    assert path.tokens == 3 * one.tokens


def test_a_map_is_counted_in_pieces() -> None:
    model = tiny("llama")
    said = forecast_depth(model, "x" * 100, "y" * 60, bs.DepthSettings())
    assert said.tokens == 159 and said.evaluations is None
    assert said.seconds > KNOWN.seconds([Pass(1, 128, 0, 0, 0), Pass(1, 31, 128, 0, 0)])
    unwritten = forecast_depth(model, "x" * 100, None, bs.DepthSettings(max_new_tokens=60))
    # It is read, each of its tokens but the last is run, and then the map is made of the whole.
    assert unwritten.tokens == said.tokens + 100 + 59 and unwritten.seconds > said.seconds


def test_held_branches_are_let_go() -> None:
    """Keys and values that wait are those of edges that others still grow from."""
    model = tiny("llama")
    prompts = [(1, 2, 3, 4, 5, 6), (1, 2, 3, 9, 9), (1, 2, 3, 4, 8, 8, 8), (7, 7)]
    passes = model.passes(prompts, [(5, 5)] * 4)
    assert passes[0].held == 0 and max(one.held for one in passes) == 4
    assert sum(one.scored for one in passes) == 8
    assert peak_bytes(model.model, passes, KNOWN.bytes_per_token) > 4 * 256


def test_the_rate_is_a_parabola_through_what_was_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = bs.LanguageModel(random_model("llama"), byte_tokenizer())

    def seconds(_: Any, length: int) -> float:
        return 0.5 + 0.01 * length + 2e-5 * length**2

    monkeypatch.setattr(rate, "_pass_seconds", seconds)
    found = rate_of(model)
    assert found.per_pass == pytest.approx(0.5) and found.per_token == pytest.approx(0.01)
    assert found.per_pair == pytest.approx(2e-5) and found.per_row > 0
    assert found.bytes_per_token == 4 * 2 * 2 * 8 * 4  # layers, keys and values, heads, size, bytes
    monkeypatch.undo()
    assert all(value >= 0 for value in vars(rate_of(model)).values())


def test_work_is_timed_by_the_processor() -> None:
    """What waits, as for other programs, takes none of its time."""
    waited = work_seconds(lambda: sleep(0.05), torch.device("cpu"), 1)
    busy = work_seconds(lambda: sum(range(300_000)), torch.device("cpu"), 1)
    assert waited < 0.02 and busy > 10 * waited / torch.get_num_threads()


def test_seconds_are_those_of_the_clock_where_they_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pass that takes three times as long as the rate says: so does everything just now."""
    model = tiny("llama")
    length = 256 * 64 // 544
    alone = KNOWN.seconds([Pass(1, length, 0, 0, 0)])
    monkeypatch.setattr(rate, "_timed", lambda work, times, clock: [0.1, 3 * alone, 99.0])
    said = Forecast(5, 10.0, 3.0, 9, Forecast(1, 4.0, 3.0, 2))
    found = by_the_clock(model, KNOWN, said)
    assert found.seconds == pytest.approx(30.0) and found.tokens == 5 and found.evaluations == 9
    assert found.least is not None and found.least.seconds == pytest.approx(12.0)
    short = replace(said, seconds=1.0)
    assert by_the_clock(model, KNOWN, short) == short


def test_words_have_their_units() -> None:
    assert Forecast(12345, 4.2345, 188e6, 32).in_words == (
        "32 evaluations, 12,345 tokens through the model, about 4.2 s, "
        "about 188 MB beside the model"
    )
    assert "about 12 min" in Forecast(1, 700, 1).in_words
    assert "about 2.0 h" in Forecast(1, 7200, 1).in_words
    assert "about 40 s to 2.0 h," in Forecast(1, 7200, 1, None, Forecast(1, 40, 1)).in_words
    assert Forecast(1, 2.0, 3).to_document()["kind"] == "forecast"
