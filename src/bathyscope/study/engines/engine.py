"""Engines: shards go in, their rows come out, wherever they are computed."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bathyscope.core.errors import InputError, ModelError
from bathyscope.study.rows import StudyRows, failed

if TYPE_CHECKING:
    from bathyscope.study.questions import Shard
    from bathyscope.study.work import Work

ATTEMPTS = 3
"""So many workers may end over a question before it counts as failed."""

_ENDS = 10


class Ends:
    """Counts workers that end before any has answered anything."""

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0

    def answered(self) -> None:
        """Take note of an answer: workers can be begun."""
        self.count = -1

    def ended(self, how: str) -> None:
        """Take note of an end.

        Raises:
            ModelError: So many have ended without an answer that none will come.
        """
        if self.count >= 0:
            self.count += 1
        if self.count >= _ENDS:
            raise ModelError(
                f"{_ENDS} workers ended before one had answered anything ({how}): the model may "
                "need more memory than there is for so many --workers."
            )


@dataclass(frozen=True)
class Finished:
    """A shard that is done.

    Attributes:
        rows: The rows of each of its questions.
        provenance: The model that answered.
    """

    rows: list[StudyRows]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class EngineOptions:
    """Options of an engine.

    Attributes:
        workers: How many work at once; None lets the engine choose.
        address: Of a cluster that runs already; None begins one where that is needed.
        folder: Where an engine may keep what it needs, readable by all its machines.
        parameters: What the cluster is asked for, by its own names.
    """

    workers: int | None = None
    address: str | None = None
    folder: Path = Path()
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a number of workers that cannot be.

        Raises:
            InputError: It is less than 1.
        """
        if self.workers is not None and self.workers < 1:
            raise InputError(f"At least 1 worker is needed, not {self.workers}.")


class Engine(ABC):
    """A place to compute; one small class each, registered by its name.

    Attributes:
        name: What it is asked for by.
        summary: One line for lists and `--help`.
        here: Whether it computes in this process, and can use a model that is loaded already.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    here: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, options: EngineOptions) -> None:
        """Prepare; nothing is begun before `results`."""

    @abstractmethod
    def results(self, work: "Work", shards: "Sequence[Shard]") -> Iterator[Finished]:
        """Yield each shard as it is done, in any order, until all are; or the caller closes it.

        Raises:
            InputError, ModelError: Nothing can be computed there.
        """


@dataclass(frozen=True)
class Pending:
    """A shard on its way, and how many workers have ended over it."""

    shard: "Shard"
    ended: int = 0

    def after_an_end(self) -> "list[Pending]":
        """Return what is to be tried next where a worker has ended: at last each question alone."""
        if self.ended + 1 < ATTEMPTS or len(self.shard) == 1:
            return [Pending(self.shard, self.ended + 1)]
        return [Pending([one]) for one in self.shard]

    @property
    def hopeless(self) -> bool:
        """Whether it is one question over which enough workers have ended."""
        return len(self.shard) == 1 and self.ended >= ATTEMPTS

    def given_up(self, how: str) -> list[StudyRows]:
        """Return its question as failed."""
        ((question, key),) = self.shard
        sentence = (
            f"{ATTEMPTS} workers ended over this record ({how}): it may need more memory than "
            "there is."
        )
        return [failed(question, key, sentence)]
