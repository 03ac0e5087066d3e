"""A selector: a way to choose demonstrations, what it may ask for, and what it hands back."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.progress import Progress, standard
from bathyscope.problems.problem import Problem
from bathyscope.selection.pool import Item
from bathyscope.selection.settings import SelectSettings
from bathyscope.selection.tasks import Task, require_task

if TYPE_CHECKING:
    from bathyscope.model.encoder import Encoder
    from bathyscope.selection.demonstrations import Gains

NEEDS = ("task", "questions", "encoder", "model")


@dataclass(frozen=True)
class SelectionRequest:
    """Request to a selector, with what it may use.

    Attributes:
        settings: k, seed, method and limits.
        questions: Questions with right answers that the choice may look at.
        encoder: Gives the encoder; it is loaded when it is first asked for.
        gains: Gives what demonstrations do to the right answers; a model is loaded for it.
        progress: Told of the steps.
    """

    settings: SelectSettings
    questions: Sequence[Problem] = ()
    encoder: "Callable[[], Encoder] | None" = None
    gains: "Callable[[], Gains] | None" = None
    progress: Progress = standard

    @property
    def task(self) -> Task:
        """The task whose rules hold."""
        return require_task(self.settings.task)

    def vectors(self, texts: Sequence[str]) -> tuple[FloatArray, dict[str, Any]]:
        """Return the vectors of texts, shape (texts, width), and what they come from."""
        assert self.encoder is not None
        encoder = self.encoder()
        return encoder.encode(texts, self.progress), {
            **encoder.provenance,
            "cut": encoder.num_cut(texts),
        }


@dataclass(frozen=True)
class Choice:
    """Choice of a selector, in positions of the pool.

    Attributes:
        chosen: Positions, in the order in which they are to be shown.
        clusters: The cluster of each item, where there are clusters.
        ties: For each chosen one all positions that are as good, itself included; empty where
            nothing of the kind is known.
        record: What decided it, as plain JSON values: libraries, encoder, values with errors.
    """

    chosen: Sequence[int]
    clusters: Sequence[int] | None = None
    ties: Sequence[Sequence[int]] = ()
    record: dict[str, Any] = field(default_factory=dict)


class Selector(ABC):
    """A way to choose demonstrations; one small class each.

    Attributes:
        name: What it is asked for by.
        summary: One line for lists and `--help`.
        needs: What it cannot do without, of `NEEDS`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()

    def num_chosen(self, settings: SelectSettings) -> int:
        """Return how many are to be chosen where k is not given."""
        return 8

    @abstractmethod
    def choose(self, pool: Sequence[Item], asked: SelectionRequest) -> Choice:
        """Return a choice of `asked.settings.num` items.

        Raises:
            InputError: The pool does not allow it.
        """


def candidates_of(pool: Sequence[Item]) -> list[int]:
    """Return the positions that may be shown by a selector without rules of its own.

    An item has an answer, and of equal questions the first counts.
    """
    first: dict[str, int] = {}
    for at, item in enumerate(pool):
        if item.prediction.strip():
            first.setdefault(item.question, at)
    return list(first.values())


def require_enough(candidates: Sequence[int], k: int) -> None:
    """Raise InputError where fewer may be shown than are to be chosen."""
    if len(candidates) < k:
        raise InputError(
            f"{k} demonstrations are to be chosen, but only {len(candidates)} items of the pool "
            "have an answer and a question of their own; ask for fewer (-k)."
        )
