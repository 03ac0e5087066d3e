"""Carrying out a batch: the engine and its options, and the outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.forecast import Forecast
from bathyscope.core.progress import Progress, standard
from bathyscope.study.engines.choice import ENGINES
from bathyscope.study.engines.engine import Engine, EngineOptions
from bathyscope.study.store import Study

SHARD = 8
"""Questions that travel together and are written as one part."""


@dataclass(frozen=True)
class Batch:
    """The outcome of a batch.

    Attributes:
        study: The study.
        questions: How many questions there are.
        computed: How many were answered now.
        kept: How many were answered before.
        failed: The sentences of those that could not be answered, by id.
        expected: What was left to compute was expected to cost; None where nobody asked.
    """

    study: Study
    questions: int
    computed: int
    kept: int
    failed: Mapping[str, str]
    expected: Forecast | None = None

    def __repr__(self) -> str:
        """Return how many questions were answered, on one line."""
        return (
            f"<Batch in {self.study.folder}: {self.questions} questions, {self.computed} answered "
            f"now, {self.kept} before, {len(self.failed)} failed>"
        )

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        own = {"questions": self.questions, "computed": self.computed, "kept": self.kept}
        return {"study": str(self.study.folder), **own, "failed": dict(self.failed)}


@dataclass(frozen=True)
class Doing:
    """The way a batch is carried out; none of it changes what comes out.

    Attributes:
        engine: A name in `engines.choice.ENGINES`.
        workers: How many work at once; None lets the engine choose.
        address: Of a cluster that runs already.
        parameters: What a cluster is asked for.
        shard: How many questions travel together.
        fail_fast: Whether the first question that fails ends the batch.
        retry: Whether questions that failed before are asked again.
        progress: Told of every shard.
        expect: Told what is left will cost, before it begins, where this process computes it; None
            saves the count.
        dry_run: Whether that is all: nothing is computed, and no folder is left behind.
    """

    engine: str = "here"
    workers: int | None = None
    address: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    shard: int = SHARD
    fail_fast: bool = False
    retry: bool = False
    progress: Progress = standard
    expect: Callable[[Forecast], object] | None = None
    dry_run: bool = False

    def made(self, folder: Path) -> Engine:
        """Return the engine.

        Raises:
            InputError: It is not known, or an option does not fit it.
        """
        if self.shard < 1:
            raise InputError(f"A shard holds 1 question or more, not {self.shard}.")
        options = EngineOptions(self.workers, self.address, folder, self.parameters)
        return ENGINES.require(self.engine)(options)
