"""What a batch is said to cost is what it then takes."""

import json
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.model.forest import Forest
from bathyscope.model.rate import Rate
from bathyscope.study.asker import Asker
from tests.conftest import tiny
from tests.study.test_asker import FIELDS, shard

KNOWN = Rate(per_pass=1.0, per_token=0.1, per_pair=1e-4, per_row=0.01, bytes_per_token=256.0)
GIVEN = [one for one in FIELDS if one.get("target")]


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bathyscope.study.forecast.rate_of", lambda _: KNOWN)
    monkeypatch.setattr("bathyscope.study.forecast.by_the_clock", lambda model, rate, one: one)
    monkeypatch.setattr("bathyscope.layers.forecast._cell_seconds", lambda _: 0.5)


@pytest.mark.parametrize("method", ["leave_one_out", "shapley"])
def test_records_that_are_asked_together_share_their_passes(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Asker(
        tiny("llama"), bs.BatchSettings(attribution=bs.AttributionSettings(method=method))
    )
    assert asker.model.why_not_shared is None
    asked = shard(GIVEN, asker.settings)
    said = asker.forecast([asked])
    tokens: list[int] = []
    forward = Forest._forward

    def counted(self: Forest, batch: Any, *args: Any) -> Any:
        tokens.append(len(batch) * max(len(edge.ids) for edge, _ in batch))
        return forward(self, batch, *args)

    monkeypatch.setattr(Forest, "_forward", counted)
    rows = asker(asked)
    assert [one.tables["records"][0]["status"] for one in rows] == ["ok", "ok"]
    assert tokens and said.tokens == sum(tokens)
    documents = [json.loads(one.tables["runs"][0]["document"]) for one in rows]
    counts = [one["provenance"]["method"]["evaluations"] for one in documents]
    assert said.evaluations == sum(counts)
    apart = [asker.forecast([[one]]) for one in asked]
    assert said.seconds < sum(one.seconds for one in apart)


def test_answers_are_written_once_and_records_that_cannot_be_asked_cost_nothing() -> None:
    settings = bs.BatchSettings(depth=bs.DepthSettings(), answer="last-number", max_new_tokens=5)
    asker = Asker(tiny("llama"), settings)
    whole = asker.forecast([shard(FIELDS[:2], settings)])
    unreadable: list[dict[str, Any]] = [{"prompt": ""}, {"other": 1}]
    assert asker.forecast([shard([*FIELDS[:2], *unreadable], settings)]) == whole
    lengths = [len("6 and 2 or:"), len("6 and 2 so?")]
    written = 2 * max(lengths) + 2 * 4  # side by side, the last token is not run
    read = [lengths[0] + len(" 8 so") - 1, lengths[1] + 5 - 1]
    assert whole.tokens == written + sum(read) and whole.evaluations is None
    cells = (tiny("llama").num_layers - 1) * (len(" 8 so") + 5)
    assert whole.seconds > 0.5 * cells
    thought = bs.BatchSettings(think=bs.ThinkSettings(n=3, max_new_tokens=5), max_new_tokens=5)
    alone = Asker(tiny("llama"), thought).forecast([shard(FIELDS[:1], thought)])
    assert alone.tokens == lengths[0] + 4 + lengths[0] + 3 * 4


def test_tokens_and_foils_are_counted_as_they_are_asked() -> None:
    settings = bs.BatchSettings(
        attribution=bs.AttributionSettings(method="leave_one_out"), features="tokens"
    )
    fields: dict[str, Any] = {"prompt": "6 or", "target": " 8"}
    asker = Asker(tiny("llama"), settings)
    plain = asker.forecast([shard([fields], settings)])
    assert plain.evaluations == len("6 or") + 2
    against = asker.forecast([shard([fields | {"against": " 9"}], settings)])
    assert against.evaluations == plain.evaluations and against.tokens > plain.tokens
