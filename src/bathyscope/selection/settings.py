"""Settings of a choice, and what can be seen to be wrong with them without a pool."""

from dataclasses import dataclass
from typing import TypedDict

from bathyscope.core.errors import InputError
from bathyscope.core.settings import Settings


class SelectOverrides(TypedDict, total=False):
    """Fields of `SelectSettings` as keywords."""

    by: str
    k: int | None
    task: str | None
    seed: int
    method: str
    budget: int
    candidates: int


@dataclass(frozen=True)
class SelectSettings(Settings):
    """Settings of the choice of demonstrations.

    Attributes:
        by: A selector, by name.
        k: How many; None takes the task's number of clusters, or 8.
        task: A data set whose rules hold, a name in `tasks.TASKS`; None where none is needed.
        seed: Where random numbers begin; 192 is what the published choices were made with.
        method: Attribution method of `attribution`.
        budget: Most sets of demonstrations that `attribution` evaluates.
        candidates: Most items, drawn at random, among which `attribution` and `greedy` choose.
    """

    by: str = "pattern"
    k: int | None = None
    task: str | None = None
    seed: int = 192
    method: str = "shapley"
    budget: int = 256
    candidates: int = 16

    def __post_init__(self) -> None:
        """Raise InputError for what cannot be."""
        if self.k is not None and self.k < 1:
            raise InputError(f"At least 1 demonstration is chosen, not {self.k} (-k).")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"A seed is a whole number from 0 to 2³² − 1, not {self.seed}.")
        if self.candidates < 1:
            raise InputError(f"At least 1 candidate is needed, not {self.candidates}.")

    @property
    def num(self) -> int:
        """How many are chosen; set by `select` where it was not given."""
        assert self.k is not None
        return self.k
