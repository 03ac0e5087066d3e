"""The work of a batch: questions go in, rows come out, and a model is loaded once for many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bathyscope.core.forecast import Forecast
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.loading import load
from bathyscope.study.asker import Asker
from bathyscope.study.questions import Shard
from bathyscope.study.rows import StudyRows
from bathyscope.study.settings import BatchSettings


class Worker(Protocol):
    """A worker: begun once in a process, it answers shard after shard."""

    @property
    def provenance(self) -> dict[str, Any]:
        """The model that answers, plain JSON values."""

    def __call__(self, shard: Shard) -> list[StudyRows]:
        """Return the rows of every question of a shard, in its order; never raises for one."""

    def forecast(self, shards: Sequence[Shard]) -> Forecast:
        """Return what some shards cost where it works alone."""


class Work(Protocol):
    """Work that engines carry to where it is done; it can be pickled."""

    def begin(self, threads: int | None = None) -> Worker:
        """Load what is needed.

        Args:
            threads: On so many threads the worker is to compute; None leaves it as it is.
        """


@dataclass(frozen=True)
class Begun:
    """Work whose worker is there already, in this process."""

    worker: Worker

    def begin(self, threads: int | None = None) -> Worker:
        """Return it."""
        return self.worker


@dataclass(frozen=True)
class ModelWork:
    """The work of asking a model.

    Attributes:
        settings: What is asked of every record.
        model: What `load` takes, or a loaded model, which stays in this process.
        revision, dtype, device: As of `load`.
    """

    settings: BatchSettings
    model: str | LanguageModel | None = None
    revision: str | None = None
    dtype: str = "float32"
    device: str | None = None

    def begin(self, threads: int | None = None) -> Asker:
        """Load the model."""
        model = self.model
        if not isinstance(model, LanguageModel):
            model = load(model, revision=self.revision, dtype=self.dtype, device=self.device)
        return Asker(model, self.settings, threads)
