"""What a chain is said to cost is what it then takes."""

from typing import Any

import pytest

import bathyscope as bs
from bathyscope.core.forecast import Forecast
from bathyscope.layers.forecast import cost_of_depth
from bathyscope.model import suppression
from bathyscope.model.forest import Forest
from bathyscope.model.rate import Rate
from bathyscope.reasoning.forecast import forecast_chain
from bathyscope.reasoning.question import chain_question
from tests.conftest import tiny
from tests.reasoning.texts import PROMPT, RESPONSE

KNOWN = Rate(per_pass=1.0, per_token=0.1, per_pair=1e-4, per_row=0.01, bytes_per_token=256.0)
ONE_PART = bs.Prompt.marked("Q: [[3 x 2.]] Bob: 9.\nA:\n")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bathyscope.reasoning.forecast.rate_of", lambda _: KNOWN)
    monkeypatch.setattr("bathyscope.reasoning.forecast.by_the_clock", lambda model, rate, one: one)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tokens of every pass of a forest, and of every pass with something suppressed."""
    tokens: list[int] = []
    forward, passed = Forest._forward, suppression._pass

    def of_forest(self: Forest, batch: Any, *args: Any) -> Any:
        tokens.append(len(batch) * max(len(edge.ids) for edge, _ in batch))
        return forward(self, batch, *args)

    def of_suppression(model: Any, ids: Any, begin: int, *args: Any) -> Any:
        tokens.append(len(ids) - begin)
        return passed(model, ids, begin, *args)

    monkeypatch.setattr(Forest, "_forward", of_forest)
    monkeypatch.setattr(suppression, "_pass", of_suppression)
    return tokens


def said_of(prompt: bs.Prompt, response: str = RESPONSE, **given: Any) -> Forecast:
    settings = bs.ChainSettings(steps="lines", **given)
    return forecast_chain(chain_question(tiny("llama"), prompt, response, settings))


@pytest.mark.parametrize(
    ("prompt", "given"),
    [
        (PROMPT, {"method": "leave_one_out"}),
        (ONE_PART, {}),
        (ONE_PART, {"batch_tokens": 40}),
        (PROMPT, {"reading": "suppression"}),
        (PROMPT, {"reading": "suppression", "variant": "ln_kl"}),
        (PROMPT, {"reading": "suppression", "variant": "thought_anchors"}),
    ],
    ids=str,
)
def test_tokens_and_evaluations_are_those_that_are_run(
    prompt: bs.Prompt, given: dict[str, Any], ran: list[int]
) -> None:
    model = tiny("llama")
    assert model.why_not_shared is None
    bs.chain(model, prompt, RESPONSE, steps="lines", **given)  # what is tried once is tried
    ran.clear()
    run = bs.chain(model, prompt, RESPONSE, steps="lines", **given)
    said = said_of(prompt, **given)
    assert ran and said.tokens == sum(ran)
    assert said.evaluations == run.heatmap.provenance["reading"].get("evaluations")
    assert said.seconds > 0.1 * said.tokens and said.peak_bytes > 0


def test_sampled_rows_and_curves_are_at_most_as_said(ran: list[int]) -> None:
    model = tiny("llama")
    longer = "\n".join(f"So {i} is." for i in range(8))
    for response, given in (
        (RESPONSE, {}),
        (longer, {"budget": 150}),
        (longer, {"budget": 150, "method": "banzhaf"}),
    ):
        ran.clear()
        run = bs.chain(model, PROMPT, response, steps="lines", **given)
        said = said_of(PROMPT, response, **given)
        evaluations = run.heatmap.provenance["reading"]["evaluations"]
        assert said.evaluations is not None and evaluations <= said.evaluations < 1.3 * evaluations
        assert 0.8 * sum(ran) < said.tokens < 1.3 * sum(ran)
    open_ended = said_of(PROMPT, longer, budget=150, tolerance=0.01)
    assert open_ended.least is not None and open_ended.least.tokens < open_ended.tokens


def test_continuations_are_counted_as_long_as_they_may_be() -> None:
    said = said_of(PROMPT, reading="resampling", n=5, max_new_tokens=7, similarity="words")
    text = len(PROMPT.text) + len(RESPONSE)
    # Where each step begins, and the last ends; tokens are bytes.
    starts = [len(PROMPT.text) + RESPONSE.index(step) for step in ("3 of", "So", "Fun")]
    starts.append(len(PROMPT.text) + RESPONSE.index("Fun!") + 4)
    assert said.evaluations is None
    assert said.tokens == starts[-1] + 4 * 5 * 7 + text - 1
    longer = said_of(PROMPT, reading="resampling", n=5, max_new_tokens=700, similarity="words")
    room = sum(256 - start for start in starts)  # the context ends at 256
    assert longer.tokens == starts[-1] + 5 * room + text - 1
    with pytest.raises(bs.InputError, match="need at least"):
        said_of(PROMPT, budget=3)


def test_the_depth_of_steps_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bathyscope.layers.forecast._cell_seconds", lambda _: 0.5)
    plain = said_of(PROMPT, method="leave_one_out")
    deep = said_of(PROMPT, method="leave_one_out", depth=True)
    own = cost_of_depth(tiny("llama"), KNOWN, len(PROMPT.text), len(RESPONSE))
    assert deep.tokens == plain.tokens + own.tokens and own.tokens > 0
    assert deep.seconds == pytest.approx(plain.seconds + own.seconds)
    assert deep.peak_bytes == max(plain.peak_bytes, own.peak_bytes)
