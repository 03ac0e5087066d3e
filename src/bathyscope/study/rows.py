"""StudyRows of a study: what one question gives, as lines of a few tables.

records   one line for each question: its answer, its sums, or the sentence that says why it failed
features  one for each feature of its prompt
tokens    one for each token of what is explained, for each of its maps
cells     one for each cell of each of its maps
samples   one for each sample of Think@n
runs      its maps whole, as `run.json` and `arrays.safetensors` hold them
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bathyscope.runs.base import Run
from bathyscope.runs.think import ThinkRun
from bathyscope.study.questions import StudyQuestion

Line = dict[str, Any]

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "records": {
        "id": "text", "record": "text", "key": "text", "place": "whole", "status": "name",
        "error": "text", "fields": "text", "tags": "text", "prompt": "text", "order": "name",
        "target": "text", "text": "text", "written": "flag", "gold": "text", "answer": "text",
        "right": "flag", "answer_tokens": "whole", "log_prob": "number", "tokens": "whole",
        "effect": "number", "ratio": "number", "settling_depth": "number", "num_layers": "whole",
        "notes": "texts",
    },
    "features": {
        "id": "text", "column": "whole", "label": "text", "text": "text", "start": "whole",
        "end": "whole", "demonstration": "whole", "effect": "number", "error": "number",
        "unseen": "number", "shared": "flag",
    },
    "tokens": {
        "id": "text", "map": "name", "token": "whole", "label": "name", "token_id": "whole",
        "log_prob": "number", "rank": "whole", "effect": "number", "settling_depth": "whole",
    },
    "cells": {
        "id": "text", "map": "name", "row": "whole", "row_label": "name", "column": "whole",
        "column_label": "name", "value": "number", "standard_error": "number",
        "unseen": "number", "shared": "flag",
    },
    "samples": {
        "id": "text", "sample": "whole", "ratio": "number", "kept": "flag", "tokens": "whole",
        "prefix": "whole", "text": "text", "answer": "text", "right": "flag",
    },
    "runs": {"id": "text", "map": "name", "document": "text", "arrays": "bytes"},
}  # fmt: skip
"""The columns of every table and what they hold."""

LATER = frozenset({"shared"})
"""Columns that studies of before have not; of them nothing is known."""


@dataclass
class StudyRows:
    """Lines of all tables that belong to one question, or to several."""

    tables: dict[str, list[Line]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def extend(self, other: "StudyRows") -> None:
        """Add the lines of another."""
        for name, lines in other.tables.items():
            self.tables[name] += lines


@dataclass(frozen=True)
class Told:
    """A text that a model wrote about a question.

    Attributes:
        text: The text, up to its stop.
        tokens: How many tokens it took.
        answer: What it answers; None where it gives none.
        gold: The right answer as the rule reads it; None where the record has none.
    """

    text: str
    tokens: int
    answer: str | None
    gold: str | None

    @property
    def right(self) -> bool | None:
        """Whether the answer is the right one; None where nothing says which is."""
        return None if self.gold is None else self.answer == self.gold


def failed(question: StudyQuestion, key: str, sentence: str) -> StudyRows:
    """Return the row of a question that could not be answered."""
    rows = StudyRows()
    rows.tables["records"].append(_record(question, key, "failed", error=sentence))
    return rows


def answered(
    question: StudyQuestion,
    key: str,
    runs: Sequence[Run],
    told: Told | None = None,
    thought: ThinkRun | None = None,
    notes: Sequence[str] = (),
) -> StudyRows:
    """Return the rows of a question.

    Args:
        question: The question.
        key: Its content key.
        runs: Its maps.
        told: What the model wrote, where it was asked to answer.
        thought: Its samples, where Think@n was played.
        notes: What is worth knowing before its numbers are relied on.
    """
    rows = StudyRows()
    line = _record(question, key, "ok", notes=[*dict.fromkeys(notes)])
    if told is not None:
        line |= {"text": told.text, "written": True, "gold": told.gold, "answer": told.answer}
        line |= {"right": told.right, "answer_tokens": told.tokens}
    rows.tables["features"] = _features(question)
    for run in runs:
        line |= {name: value for name, value in _sums(run).items() if value is not None}
        _add_map(rows, question, run)
    if thought is not None:
        rows.tables["samples"] = _samples(question, thought, None if told is None else told.gold)
    rows.tables["records"].append(line)
    return rows


def _record(question: StudyQuestion, key: str, status: str, **more: Any) -> Line:
    record = question.record
    line: Line = dict.fromkeys(COLUMNS["records"])
    return line | {
        "id": question.id,
        "record": record.id,
        "key": key,
        "place": record.place,
        "status": status,
        "fields": json.dumps(dict(record.fields), ensure_ascii=False),
        "tags": json.dumps(dict(record.tags), ensure_ascii=False),
        "prompt": None if question.prompt is None else question.prompt.text,
        "order": " ".join(map(str, question.order)) or None,
        "target": question.target,
        "notes": [],
        **more,
    }


def _features(question: StudyQuestion) -> list[Line]:
    prompt = question.prompt
    if prompt is None:
        return []
    owners = question.demonstration or (0,) * len(prompt.features)
    return [
        {
            "id": question.id, "column": column, "label": None, "text": prompt.text[start:end],
            "start": start, "end": end, "demonstration": owner, "effect": None, "error": None,
            "unseen": None, "shared": None,
        }
        for column, ((start, end), owner) in enumerate(zip(prompt.features, owners, strict=True))
    ]  # fmt: skip


def _sums(run: Run) -> Line:
    """Return what of a map stands in the record's own line."""
    evidence, depths = run.evidence, run.settling_depth
    return {
        "text": run.text,
        "written": bool(run.provenance.get("generated")),
        "log_prob": None if evidence is None else _number(evidence.log_prob),
        "tokens": None if evidence is None else len(evidence.log_probs),
        "effect": None if run.effect is None else _number(math.fsum(run.effect.tolist())),
        "ratio": run.deep_thinking_ratio,
        "settling_depth": None if depths is None else float(np.mean(depths)),
        "num_layers": run.provenance.get("model", {}).get("num_layers"),
    }


def _add_map(rows: StudyRows, question: StudyQuestion, run: Run) -> None:
    document = run.to_document()
    rows.tables["runs"].append(
        {
            "id": question.id,
            "map": run.kind,
            "document": json.dumps(document, ensure_ascii=False, allow_nan=False),
            "arrays": _arrays(run),
        }
    )
    rows.tables["cells"] += _cells(question.id, run)
    rows.tables["tokens"] += _tokens(question.id, run)
    whole = run.whole_target
    if run.feature_axis is None or whole is None:
        return
    errors, unseen, shared = run.whole_target_error, run.whole_target_unseen, _shared(run)
    lines = rows.tables["features"]
    if len(lines) != len(whole):  # tokens as features are known to the model alone
        lines[:] = _features_of(question.id, run)
    for column, (line, value) in enumerate(zip(lines, whole.tolist(), strict=True)):
        line["label"] = run.feature_axis.labels[column]
        line["effect"] = _number(value)
        line["error"] = None if errors is None else _number(float(errors[column]))
        line["unseen"] = None if unseen is None else _number(float(unseen[column]))
        line["shared"] = shared[column]


def _shared(run: Run) -> list[bool] | list[None]:
    """Return whether each column has but a share of its group's value; None of no features."""
    columns = len(run.heatmap.columns)
    if run.feature_axis is None:
        return [None] * columns
    return [False] * columns if run.shared is None else [bool(one) for one in run.shared]


def _features_of(id: str, run: Run) -> list[Line]:
    axis, prompt = run.feature_axis, run.prompt or ""
    spans = [] if axis is None else axis.spans or ((0, 0),) * len(axis)
    line: Line = dict.fromkeys(COLUMNS["features"])
    return [
        line | {"id": id, "column": column, "text": prompt[start:end], "start": start, "end": end,
                "demonstration": 0}
        for column, (start, end) in enumerate(spans)
    ]  # fmt: skip


def _cells(id: str, run: Run) -> list[Line]:
    heatmap = run.heatmap
    errors, unseen, shared = run.standard_error, run.unseen, _shared(run)
    return [
        {
            "id": id, "map": run.kind, "row": row, "row_label": row_label, "column": column,
            "column_label": column_label, "value": _number(float(heatmap.values[row, column])),
            "standard_error": None if errors is None else _number(float(errors[row, column])),
            "unseen": None if unseen is None else _number(float(unseen[row, column])),
            "shared": shared[column],
        }
        for row, row_label in enumerate(heatmap.rows.labels)
        for column, column_label in enumerate(heatmap.columns.labels)
    ]  # fmt: skip


def _tokens(id: str, run: Run) -> list[Line]:
    evidence, depths, effect = run.evidence, run.settling_depth, run.effect
    axis = run.token_axis
    if axis is None:
        return []
    return [
        {
            "id": id, "map": run.kind, "token": token, "label": label,
            "token_id": None if axis.ids is None else axis.ids[token],
            "log_prob": None if evidence is None else _number(float(evidence.log_probs[token])),
            "rank": None if evidence is None else int(evidence.ranks[token]),
            "effect": None if effect is None else _number(float(effect[token])),
            "settling_depth": None if depths is None else int(depths[token]),
        }
        for token, label in enumerate(axis.labels)
    ]  # fmt: skip


def _samples(question: StudyQuestion, thought: ThinkRun, gold: str | None) -> list[Line]:
    read = np.isfinite(thought.heatmap.values).sum(axis=1).tolist()
    return [
        {
            "id": question.id, "sample": index, "ratio": sample.deep_thinking_ratio,
            "kept": sample.kept, "tokens": sample.tokens, "prefix": read[index],
            "text": sample.text, "answer": sample.answer,
            "right": None if gold is None else sample.answer == gold,
        }
        for index, sample in enumerate(thought.samples)
    ]  # fmt: skip


def _arrays(run: Run) -> bytes | None:
    """Return what of a sampled map its document does not hold: replicates."""
    from safetensors.numpy import save

    replicates = run.arrays().get("replicates")
    return None if replicates is None else save({"replicates": np.ascontiguousarray(replicates)})


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
