"""The choices that the authors of Pattern-CoT published, chosen again."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.heatmap import FloatArray
from bathyscope.model.encoder import Encoder
from bathyscope.selection.patterns import may_be_shown_by_pattern, pattern
from bathyscope.selection.tasks import TASKS
from tests.selection.conftest import shared

FOLDER = shared()
PUBLISHED = [] if FOLDER is None else sorted(FOLDER.glob("*.published.json"))


@pytest.mark.skipif(FOLDER is None, reason="the published pools are not beside this checkout")
def test_there_are_published_choices() -> None:
    assert {"gsm8k", "svamp"} <= {path.name.split(".")[0] for path in PUBLISHED}


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name.split(".")[0])
def test_the_published_items_are_as_near_as_the_chosen(
    path: Path, minilm: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[tuple[str, ...], FloatArray] = {}  # encoding is the most of it: once will do

    def once(texts: Sequence[str], *_: object) -> FloatArray:
        if tuple(texts) not in kept:
            kept[tuple(texts)] = Encoder.encode(minilm, texts)
        return kept[tuple(texts)]

    monkeypatch.setattr(minilm, "encode", once)
    published = json.loads(path.read_text())
    task, items = published["task"], published["published"]
    pool = path.with_name(f"{task}.pool.jsonl")
    found = bs.select(pool, by="pattern", task=task, seed=192, encoder=minilm)
    assert found.clusters is not None and len(found.chosen) == len(items)
    assert [found.clusters[item] for item in items] == list(range(len(items)))
    patterns = [pattern(item.rationale, TASKS[task]) for item in found.pool]
    assert [patterns[item] for item in items] == [patterns[item] for item in found.chosen]
    assert all(may_be_shown_by_pattern(found.pool[item], TASKS[task]) for item in items)
    assert all(item in tied for item, tied in zip(items, found.ties, strict=True))
    # Distances by hand, from the mean of each cluster's members.
    vectors = minilm.encode(patterns).astype(np.float64)
    labels = np.array(found.clusters)
    for cluster, (item, chosen) in enumerate(zip(items, found.chosen, strict=True)):
        centre = vectors[labels == cluster].mean(axis=0)
        own, theirs = (np.linalg.norm(vectors[at] - centre) for at in (chosen, item))
        assert abs(own - theirs) < 1e-6
        assert own == pytest.approx(found.record["distances"][cluster], abs=1e-6)
    assert len(kept) == 1
