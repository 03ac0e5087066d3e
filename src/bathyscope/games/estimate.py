"""Budget and estimate: what a method may spend, and values with their errors."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import student_quantile
from bathyscope.core.uncertainty import half_width

EVALUATIONS = 4096
"""Coalitions a method may evaluate unless told otherwise: every coalition of 12 features."""


@dataclass(frozen=True)
class Budget:
    """Budget of a method.

    Attributes:
        evaluations: The most different coalitions whose value is asked for, the whole and the
            empty one included. A coalition met again costs nothing.
        tolerance: A sampled method stops once its largest standard error is at most this, in the
            game's unit; None spends the whole budget. Exact methods have no error and ignore it.
        seed: Where random numbers start. The same seed, budget and game give the same bits; with
            the same seed a larger budget draws the same samples first and then further ones.
    """

    evaluations: int = EVALUATIONS
    tolerance: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be spent."""
        if self.evaluations < 1:
            raise InputError(f"A budget is at least 1 evaluation, not {self.evaluations}.")
        if self.tolerance is not None and not 0 < self.tolerance < math.inf:
            raise InputError(
                f"A tolerance is a standard error above 0, in nats, not {self.tolerance}."
            )
        if self.seed < 0:
            raise InputError(f"A seed is a whole number from 0 upwards, not {self.seed}.")

    def covers(self, num_features: int) -> bool:
        """Return whether all 2^features coalitions can be evaluated, so that nothing is left out.

        Then every method that could sample is exact.
        """
        return num_features < self.evaluations.bit_length()


@dataclass(frozen=True)
class Estimate:
    """Estimate of a method, in the game's unit, with its errors.

    Everything but the values is None where the method was exact.

    Attributes:
        values: Shape (targets, features); for second-order interactions (features, features).
        standard_error: Of each value, same shape: the standard deviation the value would show
            over different seeds, estimated from the samples. It covers the choice of coalitions
            only, neither the model's rounding nor a method's own bias.
        degrees_of_freedom: Behind the standard error; small numbers widen the interval.
        halves: The same values from two disjoint halves of the samples; how well their rankings
            agree shows how far the map's ranking can be trusted.
        whole_target_error: Standard error of each feature's sum over the targets, shape
            (features,). It cannot be had from the cells' errors, which are correlated. None for
            interactions, which have no targets.
        unseen: Of each value that was not seen to vary among the samples, the most by which it may
            be off (`unseen` derives the bound); NaN where it was seen to vary. Same shape.
        whole_target_unseen: The same of each feature's sum over the targets, shape (features,).
        replicates: The same values as they might be as well (see `replicates`), shape (replicates,
            targets, features): from them the error of any sum of cells follows, by
            `replicates.jackknife_error`.
        foretold: Of each target, the share of what coalitions differ by that the others foretell
            (`foretold.share_foretold`), shape (targets,); None where a method does not know.
        group_of: Of each feature the number of its group, from 0, shape (features,): features of
            one group share its value evenly, and what `unseen` holds of them is the most by which
            one may be off its share. None where every feature has a value of its own.
        missed: Of each target, by what share of the range of its values the others miss one
            (`foretold.share_missed`), shape (targets,); None where a method does not know.
    """

    values: FloatArray
    standard_error: FloatArray | None = None
    degrees_of_freedom: int | None = None
    halves: tuple[FloatArray, FloatArray] | None = None
    whole_target_error: FloatArray | None = None
    replicates: FloatArray | None = None
    unseen: FloatArray | None = None
    whole_target_unseen: FloatArray | None = None
    foretold: FloatArray | None = None
    group_of: NDArray[np.intp] | None = None
    missed: FloatArray | None = None

    @property
    def margin(self) -> FloatArray | None:
        """Half the width of each value's 95 % interval, same shape as the values; None if exact.

        Student's t quantile times the standard error, and the bound of what may be unseen.
        """
        if self.standard_error is None or self.degrees_of_freedom is None:
            return None
        interval = self.standard_error * student_quantile(self.degrees_of_freedom)
        return half_width(interval, self.unseen)
