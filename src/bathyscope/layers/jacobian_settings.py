"""Settings of a Jacobian fit, and what can be seen to be wrong with them without a model."""

from dataclasses import dataclass
from typing import TypedDict

from bathyscope.core.errors import InputError, advice
from bathyscope.core.progress import Progress, standard
from bathyscope.core.settings import Settings, unrecorded
from bathyscope.model.beginning import TOKENIZER, require_beginning

ESTIMATORS = ("random", "exact")
"""Some rows of every passage's Jacobian, drawn by chance, or all of each."""

FIRST = 16
"""Positions before this one count neither as sources nor as targets, as in the reference code."""

LEAST_TOKENS = FIRST + 2
"""Shorter passages have no position that counts."""


DIRECTIONS = 64
"""Axes along which a passage is asked: with half as many the ways forward take what is won."""


class JacobianFitOverrides(TypedDict, total=False):
    """Fields of `JacobianFit` as keywords."""

    estimator: str
    directions: int | None
    passages: int | None
    minutes: float | None
    sequence_length: int
    begin: str
    first_only: bool
    seed: int
    progress: Progress


@dataclass(frozen=True)
class JacobianFit(Settings):
    """Settings of a Jacobian fit.

    Attributes:
        estimator: A name in `ESTIMATORS`.
        directions: k, along how many axes a passage is asked where they are random: so many rows of
            its Jacobian, and as many ways back through the model. None takes `DIRECTIONS`, or all
            of a narrower model.
        passages: Stop after so many; None goes once through the text, and on until there is every
            row, or until the time is up. With random directions the text is begun again where it
            has fewer.
        minutes: Stop when so much time has passed; None takes the time it takes.
        sequence_length: Most tokens of a passage.
        begin: Whether passages begin with the token that begins a text: "tokenizer", as the
            tokenizer has it; "always", as the reference code; or "never".
        first_only: Whether only the beginning of each text is read, as in the reference code.
        seed: Of the order of passages and the directions.
        progress: Told of the ways back.
    """

    estimator: str = "random"
    directions: int | None = None
    passages: int | None = None
    minutes: float | None = unrecorded(default=None)
    sequence_length: int = 128
    begin: str = TOKENIZER
    first_only: bool = False
    seed: int = 0
    progress: Progress = unrecorded(default=standard)

    def __post_init__(self) -> None:
        """Raise InputError for what can be seen to be wrong without a model."""
        if self.estimator not in ESTIMATORS:
            raise InputError(
                f"The estimator {self.estimator!r} is not known; "
                f"{advice(self.estimator, ESTIMATORS)}."
            )
        require_beginning(self.begin)
        if self.directions is not None and self.directions < 1:
            raise InputError(
                f"A passage is asked along 1 direction or more, not {self.directions} "
                "(--directions)."
            )
        if self.passages is not None and self.passages < 1:
            raise InputError(
                f"A lens is fitted on 1 passage or more, not {self.passages} (--passages)."
            )
        if self.minutes is not None and not 0 < self.minutes < float("inf"):
            raise InputError(f"The time is above 0 minutes, not {self.minutes:g} (--minutes).")
        if self.sequence_length < LEAST_TOKENS:
            raise InputError(
                f"A passage has {LEAST_TOKENS} tokens or more, not {self.sequence_length} "
                "(--sequence-length)."
            )
        if self.seed < 0:
            raise InputError(f"The seed is 0 or more, not {self.seed} (--seed).")

    def directions_of(self, width: int) -> int:
        """Return along how many directions passages are asked where states have so many numbers.

        Raises:
            InputError: There are fewer directions than are asked for.
        """
        if self.estimator == "random" and (self.directions or 0) > width:
            raise InputError(
                f"The model's states have {width} directions, fewer than "
                f"{self.directions} (--directions)."
            )
        return self.directions or min(DIRECTIONS, width)
