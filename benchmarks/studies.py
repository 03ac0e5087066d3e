"""What a study costs beside the model: the store, the engines, and how far two workers are two.

    python -m benchmarks.studies --output benchmarks/results/studies.json

The records are those of a stub, as large as attribution maps of twelve tokens and four parts: of a
real model only its time is imitated. What an engine costs is measured with records that wait for
0.3 s, which other programs cannot lengthen. How far two workers are two is measured with records
that compute for 0.3 s, beside two bare processes that do the same: on a busy machine those are not
two either.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from bathyscope.prompt import Prompt
from bathyscope.runs.attribution import AttributionRun
from bathyscope.study.claims.finding import findings
from bathyscope.study.claims.view import StudyView
from bathyscope.study.doing import Doing
from bathyscope.study.driver import carry_out
from bathyscope.study.questions import StudyQuestion
from bathyscope.study.reading import StudyRecord
from bathyscope.study.rows import StudyRows, Told, answered
from bathyscope.study.store import open_study
from benchmarks.ratios import Ratio, hand_over, machine

TOKENS = tuple("Tom has 9 + 3 = 12 pens . ⏎".replace(" ", "|▁").split("|"))[:12]
EXAMPLES = ("9 + 3 = 12", "15 - 6 = 9", "4 * 7 = 28", "24 / 3 = 8")
ASKED = {"settings": {"attribution": {}}, "model": {"sha256": "stub"}}
BUSY = 0.3  # seconds of a record
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class StubWork:
    """Work whose answers are made of random numbers.

    Attributes:
        seconds: How long a record keeps one thread busy.
        wait: How long it waits.
        provenance: Of the model that there is not.
    """

    seconds: float = 0.0
    wait: float = 0.0
    provenance: dict[str, Any] = field(default_factory=lambda: {"name": "stub", "sha256": "stub"})

    def begin(self, threads: int | None = None) -> "StubWork":
        """Load nothing."""
        return self

    def __call__(self, shard: Any) -> list[StudyRows]:
        """Return the rows of a shard."""
        return [self._rows(question, key) for question, key in shard]

    def _rows(self, question: StudyQuestion, key: str) -> StudyRows:
        time.sleep(self.wait)
        spin(self.seconds)
        told = Told("12", 12, "12", question.record.text("answer"))
        return answered(question, key, [_run(question)], told)


def spin(seconds: float) -> None:
    """Keep one thread busy."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def bare(workers: int, seconds: float = 6.0) -> float:
    """Return the seconds in which so many processes compute for some seconds of one thread."""
    processes = [_FORK.Process(target=spin, args=(seconds / workers,)) for _ in range(workers)]
    begin = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return time.perf_counter() - begin


def _run(question: StudyQuestion) -> AttributionRun:
    draw = np.random.default_rng(question.record.place)
    prompt = question.prompt
    assert prompt is not None
    provenance = {
        "prompt": prompt.text,
        "features": [list(span) for span in prompt.features],
        "model": {"name": "stub", "num_layers": 30},
        "method": {"name": "shapley", "of": "logprob", "exact": True, "baseline": ""},
        "target": " Tom has 9 + 3 = 12 pens.",
        "generated": False,
    }
    count = len(TOKENS)
    rows = Axis(
        "target token", TOKENS, tuple(range(count)), tuple((i, i + 1) for i in range(count))
    )
    values = draw.normal(size=(count, len(EXAMPLES)))
    columns = Axis("feature", EXAMPLES, spans=prompt.features)
    heatmap = Heatmap(values, rows, columns, Quantity("effect", "nats", None, 0.0), provenance)
    return AttributionRun(heatmap, values.sum(axis=1), np.zeros(count))


def questions(count: int) -> list[StudyQuestion]:
    """Return questions with four examples."""
    text, spans = "", []
    for example in EXAMPLES:
        spans.append((len(text), len(text) + len(example)))
        text += f"{example}\n"
    return [
        StudyQuestion(
            f"r{n}",
            StudyRecord(f"r{n}", n, {"answer": str(n % 13), "kind": "+-*/"[n % 4]}),
            Prompt(f"{text}{n} =", tuple(spans), "marked"),
            (1, 2, 3, 4),
        )
        for n in range(1, count + 1)
    ]


def timed(count: int, work: StubWork, doing: Doing) -> float:
    """Return the seconds that a batch takes, without those of its beginning."""
    with tempfile.TemporaryDirectory() as folder:
        place, began = Path(folder) / "study", [0.0]

        def progress(stage: str, done: int, total: int | None) -> None:
            if done and not began[0]:
                began[0], began[1:] = time.perf_counter(), [done]

        own = Doing(**{**vars(doing), "progress": progress})
        carry_out(questions(count), place, ASKED, work, own.made(place), own)
        return (time.perf_counter() - began[0]) / (count - began[1])


def store(count: int) -> dict[str, float]:
    """Return what so many records take through the store, and to be read back."""
    with tempfile.TemporaryDirectory() as folder:
        place, doing = Path(folder) / "study", Doing()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begin = time.perf_counter()
        asked = questions(count)
        carry_out(asked, place, ASKED, StubWork(), doing.made(place), doing)
        written = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
        seconds = {}
        for name, claim in {
            "accuracy": "share(record.right) by record.kind",
            "mean by part": "mean(value) by column.demonstration",
            "largest": "largest(column.operator == row.operator) by row.operator",
        }.items():
            begin = time.perf_counter()
            findings([claim], StudyView(open_study(place)))
            seconds[name] = time.perf_counter() - begin
        return {
            "written_ms_per_record": 1000 * written / count,
            "memory_mb": (after - before) / 1024,
            "size_mb": size / 1e6,
            **{f"read: {name}, s": value for name, value in seconds.items()},
        }


def scaling(engine: str, count: int) -> Ratio:
    """Return how much slower two workers are, beside one, than two bare processes are beside one.

    The goal is 1.8 times as fast as one where two processes are twice as fast.
    """
    work = StubWork(BUSY)
    alone, both = bare(1), bare(2)
    one = timed(count, work, Doing(engine, 1, shard=2))
    two = timed(count, work, Doing(engine, 2, shard=2))
    alone, both = (alone + bare(1)) / 2, (both + bare(2)) / 2
    name = (
        f"two workers of engine {engine} beside one ({one / two:.2f} times as fast), by two bare "
        f"processes beside one ({alone / both:.2f})"
    )
    ratio = (two / one) / (both / alone)
    return Ratio(name, 2 / 1.8, ratio, ratio, None, two / one, both / alone, "")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--busy", type=int, default=48, help="Records of 0.3 s for each engine.")
    parser.add_argument("--engines", default="here,processes,ray")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    kept = store(options.records) if options.records else {}
    for name, value in kept.items():
        print(f"{name}: {value:.3g}")
    ratios: list[Ratio] = []
    for engine in options.engines.split(","):
        one = timed(options.busy, StubWork(wait=BUSY), Doing(engine, 1))
        overhead = f"a record that waits {BUSY} s by engine {engine}, beside {BUSY} s"
        ratios.append(Ratio(overhead, 1.05, one / BUSY, one / BUSY, None, one, BUSY, "s"))
        if engine != "here":
            ratios.append(scaling(engine, options.busy))
    facts = {"machine": machine(["pyarrow", "ray", "numpy"]), "records": options.records,
             "store": kept}  # fmt: skip
    hand_over(facts, ratios, options.output)


if __name__ == "__main__":
    main()
