"""What is asked of a shard together gives the rows that each question alone would get."""

import json
import re
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.study.asker import Asker
from bathyscope.study.questions import Shard, questions
from bathyscope.study.reading import StudyRecord
from bathyscope.study.rows import StudyRows
from bathyscope.thinking.settings import ThinkSettings
from tests.conftest import tiny

FIELDS: list[dict[str, Any]] = [
    {"prompt": "[[6]] and [[2]] or:", "target": " 8 so"},
    {"prompt": "[[6]] and [[2]] so?", "answer": "7"},
    {"prompt": "[[a]] b", "target": " c", "against": " other", "response": " 12"},
    {"prompt": "[[x]]" + "y" * 300},
    {"prompt": "[[6]] and [[2]] or:", "target": ""},
    {"prompt": "[[6]] and [[2]] [[or]]:", "answer": 12},
]
ALL: dict[str, Any] = {
    "attribution": bs.AttributionSettings(),
    "depth": bs.DepthSettings(top_k=2),
    "answer": "last-number",
    "max_new_tokens": 5,
}


def shard(fields: list[dict[str, Any]], settings: bs.BatchSettings) -> Shard:
    records = [StudyRecord(f"r{i}", i, one) for i, one in enumerate(fields, 1)]
    return [(one, f"key {one.id}") for one in questions(records, settings)]


def rows_of(asker: Asker, fields: list[dict[str, Any]]) -> list[StudyRows]:
    return asker(shard(fields, asker.settings))


def assert_close(ours: Any, alone: Any) -> None:
    """Compare two values of rows, or of documents in them; floats up to rounding."""
    if isinstance(ours, str) and ours.startswith('{"'):
        ours, alone = json.loads(ours), json.loads(alone)
    if isinstance(ours, dict):
        assert ours.keys() == alone.keys()
        for name in ours:
            assert_close(ours[name], alone[name])
    elif isinstance(ours, list):
        assert len(ours) == len(alone)
        for one, other in zip(ours, alone, strict=True):
            assert_close(one, other)
    elif isinstance(ours, float):
        np.testing.assert_allclose(ours, alone, rtol=3e-5, atol=2e-4)
    elif not re.fullmatch("[0-9a-f]{64}", str(ours)):  # a digest of floats
        assert ours == alone


@pytest.mark.parametrize(
    "settings",
    [
        ALL,
        {"attribution": bs.AttributionSettings(method="interactions"), "max_new_tokens": 3},
        {"attribution": bs.AttributionSettings(method="saliency"), "max_new_tokens": 3},
        {"depth": bs.DepthSettings(), "ratio_only": True, "stop": "e", "max_new_tokens": 40},
        {
            "attribution": bs.AttributionSettings("leave_one_out", baseline="_"),
            "features": "tokens",
        },
        {"think": ThinkSettings(n=2, max_new_tokens=4, prefix=2), "max_new_tokens": 3},
    ],
    ids=lambda given: "-".join(given),
)
def test_rows_of_a_shard_are_those_of_each_question_alone(settings: dict[str, Any]) -> None:
    asker = Asker(tiny("llama"), bs.BatchSettings(**settings))
    together = rows_of(asker, FIELDS)
    alone = [rows for one in shard(FIELDS, asker.settings) for rows in asker([one])]
    states = [one.tables["records"][0]["status"] for one in together]
    assert states.count("ok") >= 3, states
    if settings.get("features") == "tokens":
        assert [len(one.tables["features"]) for one in together][:3] == [2, 2, 1]
    for ours, theirs in zip(together, alone, strict=True):
        assert_close(ours.tables, theirs.tables)


def test_rows_hold_what_the_single_verbs_give() -> None:
    model = tiny("llama")
    together = rows_of(Asker(model, bs.BatchSettings(**ALL)), FIELDS)
    errors = [one.tables["records"][0]["error"] for one in together]
    assert "context ends at 256" in errors[3] and "target is empty" in errors[4]
    assert [error is None for error in errors] == [True, True, True, False, False, True]
    for at in (0, 1, 2, 5):
        fields, tables = FIELDS[at], together[at].tables
        prompt, written = bs.Prompt.marked(fields["prompt"]), model.generate
        run = bs.attribute(
            model, prompt, fields.get("target"), against=fields.get("against"), max_new_tokens=5
        )
        deep = bs.depth(
            model,
            prompt.text,
            fields.get("response", fields.get("target")),
            top_k=2,
            max_new_tokens=5,
        )
        cells = {name: [c["value"] for c in tables["cells"] if c["map"] == name] for name in
                 ("attribution", "depth")}  # fmt: skip
        np.testing.assert_allclose(cells["attribution"], run.heatmap.values.ravel(), atol=5e-5)
        np.testing.assert_allclose(cells["depth"], deep.heatmap.values.ravel(), atol=5e-5)
        text = model.tokens.decode(written(prompt.text, 5).target_ids)
        (line,) = tables["records"]
        assert line["gold"] == (None if "answer" not in fields else str(fields["answer"]))
        assert line["answer_tokens"] == 5 and line["right"] in (None, False)
        assert run.text is not None and (line["text"] == deep.text != "" or text)


def test_a_shard_is_written_and_scored_together(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, int]] = []
    for name in ("score", "generate_many"):
        original = getattr(bs.LanguageModel, name)

        def counted(
            self: Any, prompts: Any, *more: Any, name: str = name, original: Any = original
        ) -> Any:
            calls.append((name, len(prompts)))
            return original(self, prompts, *more)

        monkeypatch.setattr(bs.LanguageModel, name, counted)
    rows_of(Asker(tiny("llama"), bs.BatchSettings(**ALL)), FIELDS)
    # Of six prompts one is too long and three are one; one target is empty.
    assert calls == [("generate_many", 3), ("score", 4 + 4 + 2 * 2 + 8)]


def test_what_something_foreign_stumbles_over_is_one_row_and_spares_its_neighbours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, original = tiny("llama"), bs.LanguageModel.score
    bad = model.tokens.encode(" other")[-5:]

    def score(self: Any, prompts: Any, targets: Any, *more: Any) -> None:
        if any(target[-5:] == bad for target in targets):
            raise RuntimeError("out of luck")
        original(self, prompts, targets, *more)

    monkeypatch.setattr(bs.LanguageModel, "score", score)
    found = rows_of(Asker(model, bs.BatchSettings(**ALL)), FIELDS)
    states = [one.tables["records"][0]["status"] for one in found]
    assert states == ["ok", "ok", "failed", "failed", "failed", "ok"]
    assert found[2].tables["records"][0]["error"] == "RuntimeError: out of luck."
    assert found[2].tables["cells"] == []


def test_a_stop_ends_what_is_written_and_is_no_part_of_it() -> None:
    model = tiny("llama")
    prompt = FIELDS[1]["prompt"].replace("[[", "").replace("]]", "")
    ids = model.generate(prompt, 40).target_ids
    text = model.tokens.decode(ids)
    stop = text[6:8]
    found = model.generate(prompt, 40, stop=stop)
    assert 0 < len(found.target_ids) < len(ids)
    assert found.target_ids == ids[: len(found.target_ids)]
    assert stop not in model.tokens.decode(found.target_ids)
    assert stop in model.tokens.decode(ids[: len(found.target_ids) + 1])
    several = dict(model.generate_many([prompt, "another", prompt], 40, stop=stop))
    assert several[0] == several[2] == found
    asker = Asker(model, bs.BatchSettings(answer="last-number", stop=text[0], max_new_tokens=9))
    (rows,) = rows_of(asker, FIELDS[1:2])
    assert "writes nothing before" in rows.tables["records"][0]["error"]
