"""Work without a model: its answers follow from the question alone, and it can be killed."""

import os
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.core.forecast import Forecast
from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from bathyscope.prompt import Prompt
from bathyscope.runs.attribution import AttributionRun
from bathyscope.study.questions import StudyQuestion
from bathyscope.study.reading import StudyRecord
from bathyscope.study.rows import StudyRows, Told, answered, failed

NATS = Quantity("effect", "nats", None, 0.0)
TOKENS = ("▁8", "▁/", "▁2")
EXAMPLES = ("3 + 4 = 7", "8 / 2 = 4", "9 - 5 = 4")


def record(number: int, **fields: Any) -> StudyRecord:
    given = {"answer": str(number % 7), "kind": "+-*/"[number % 4], **fields}
    return StudyRecord(f"r{number}", number, given, {"group": f"g{number % 3}"})


def question(number: int, **fields: Any) -> StudyQuestion:
    text, spans = "", []
    for example in EXAMPLES:
        text += "Q: "
        spans.append((len(text), len(text) + len(example)))
        text += f"{example}\n"
    prompt = Prompt(f"{text}Q: {number}\nA:", tuple(spans), "marked")
    return StudyQuestion(f"r{number}", record(number, **fields), prompt, (1, 2, 3))


def attribution(one: StudyQuestion) -> AttributionRun:
    draw = np.random.default_rng(one.record.place)
    values = draw.normal(size=(3, 3))
    values[1, 1] += 1.5
    assert one.prompt is not None
    provenance = {
        "prompt": one.prompt.text,
        "features": [list(span) for span in one.prompt.features],
        "model": {"name": "stub", "num_layers": 4, "dtype": "float32"},
        "target": " 8 / 2",
        "target_ids": [1, 2, 3],
        "generated": False,
        "method": {
            "name": "shapley",
            "of": "logprob",
            "exact": True,
            "evaluations": 8,
            "baseline": "",
        },
        "against": None,
    }
    rows = Axis("target token", TOKENS, (1, 2, 3), ((0, 2), (2, 4), (4, 6)))
    columns = Axis("feature", EXAMPLES, spans=one.prompt.features)
    none = np.full(3, -2.0)
    return AttributionRun(
        Heatmap(values, rows, columns, NATS, provenance), none + values.sum(1), none
    )


@dataclass(frozen=True)
class StubWork:
    """Work that can be pickled.

    Attributes:
        seconds: How long each question takes.
        note: A folder where every answered question leaves a file, however often.
        deadly: Ids over which the process that computes them kills itself, each time.
        failing: Ids of questions that fail.
        mortal: Ids over which it kills itself the first time only.
    """

    seconds: float = 0.0
    note: Path | None = None
    deadly: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    mortal: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=lambda: {"name": "stub", "sha256": "0"})

    def begin(self, threads: int | None = None) -> "StubWorker":
        return StubWorker(self)


class StubWorker:
    def __init__(self, work: StubWork) -> None:
        self.work = work
        self.provenance = work.provenance

    def __call__(self, shard: Any) -> list[StudyRows]:
        return [self._rows(one, key) for one, key in shard]

    def forecast(self, shards: Any) -> Forecast:
        count = sum(map(len, shards))
        return Forecast(10 * count, self.work.seconds * count, 0.0, count)

    def _rows(self, one: StudyQuestion, key: str) -> StudyRows:
        work = self.work
        if one.problem is not None:
            return failed(one, key, one.problem)
        if work.seconds:
            time.sleep(work.seconds)
        if work.note is not None:
            first = not list(work.note.glob(f"{one.id}-*"))
            name = f"{one.id}-{os.getpid()}-{random.randrange(1 << 40)}"
            (work.note / name).touch()
            if one.id in work.mortal and first:
                os.kill(os.getpid(), signal.SIGKILL)
        if one.id in work.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if one.id in work.failing:
            return failed(one, key, "It fails.")
        gold = one.record.text("answer")
        said = str(one.record.place % 5)
        return answered(one, key, [attribution(one)], Told(said, 3, said, gold))
