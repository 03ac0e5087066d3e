"""A sparse linear model of the game, for hundreds of features of which few matter."""

import warnings
from importlib.util import find_spec

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import student_quantile
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game, all_coalitions
from bathyscope.games.method import Method
from bathyscope.games.replicates import SHARES, jackknife_error
from bathyscope.games.sampling import sample
from bathyscope.games.unseen import unseen_by_fit

PENALTY = 0.01
"""Weight of the LASSO's penalty, in the game's unit; Cohen-Wang et al. use the same."""


def surrogate(game: Game, budget: Budget) -> Estimate:
    """Return the weights of a sparse linear model fitted to random coalitions, one per target.

    v_t(S) ≈ b_t + Σ_{i in S} w_t,i with the w that minimise, with s_i = ±1 for i in or not in S,
    1/(2n) Σ_S (v_t(S) − b_t − Σ_i s_i w_t,i/2)² + `PENALTY` · Σ_i |w_t,i|/2 over n coalitions
    in which every feature is present with probability ½: the LASSO of ContextCite (Cohen-Wang et
    al. 2024, arXiv 2409.00729), solved by scikit-learn. Where the budget covers all coalitions
    they are used once each, without sampling error; then w_i is the Banzhaf value drawn towards 0
    by 2 · `PENALTY` (0.02 nats), and 0 where it is smaller.

    It needs fewer coalitions than features if few features matter, which is its point; it does
    not promise that the weights sum to anything, that a weight is unbiased (each is drawn towards
    0), or, of two features that do the same, which one gets the weight.

    Standard error: jackknife, the model fitted `SHARES` times without one twentieth of the
    coalitions (`replicates.jackknife_error`), `SHARES` − 1 degrees of freedom. It is the error of
    having seen these coalitions and not others; the pull towards 0 is not in it. Where a weight is
    0 in every fit the effect was too small for the penalty and these coalitions to show, not
    proven to be none: `unseen` then is 2 (|r| + t · s/√n), r and s mean and standard deviation of ±
    what the fit leaves, + where the feature is present. Where residuals do not vary, or the fit
    misses the whole or the empty coalition by more than any other, it is the bound of `unseen`.

    Costs 1 evaluation a coalition and 2 for the ends, up to the budget; at least
    `fewest_for_surrogate`.

    Raises:
        InputError: scikit-learn is not installed.
    """
    require_solver()
    features = game.num_features
    if budget.covers(features):
        coalitions = all_coalitions(features)
        return Estimate(_weights(coalitions, game.values(coalitions)))

    def draw(generator: np.random.Generator, count: int) -> Coalitions:
        present: Coalitions = generator.random((count, 1, features)) < 0.5
        return present

    fewest = _fewest_coalitions(features)
    return sample(game, budget, draw, per_sample=1, tally=_Fit(game), fewest=fewest)


def fewest_for_surrogate(features: int) -> int:
    """Return the evaluations without which it is not fitted: one a feature, two a share."""
    return min(1 << features, _fewest_coalitions(features) + 2)


def require_solver() -> None:
    """Raise InputError where scikit-learn is missing, without loading it."""
    if find_spec("sklearn") is None:
        raise InputError(
            "The surrogate method needs scikit-learn; install it with: "
            "pip install 'bathyscope[surrogate]'"
        )


def _fewest_coalitions(features: int) -> int:
    return max(features, 2 * SHARES)


class _Fit:
    def __init__(self, game: Game) -> None:
        self._game = game
        self._coalitions: list[Coalitions] = []
        self._values: list[FloatArray] = []

    def add(self, drawn: Coalitions, values: FloatArray) -> None:
        self._coalitions.append(drawn[:, 0])
        self._values.append(values[:, 0])

    def estimate(self) -> Estimate:
        coalitions, values = np.concatenate(self._coalitions), np.concatenate(self._values)
        share = np.arange(len(coalitions)) % SHARES
        fits = np.stack(
            [_weights(coalitions[share != out], values[share != out]) for out in range(SHARES)]
        )
        weights, error = _weights(coalitions, values), jackknife_error(fits)
        signs = np.where(coalitions, 0.5, -0.5)
        ends = np.stack([self._game.all(), self._game.none()])
        unseen = _unseen(signs, weights, error, values, ends)
        whole = [part.sum(axis=0, keepdims=True) for part in (weights, values.T, ends.T)]
        whole_error = jackknife_error(fits.sum(axis=1))
        of_whole = _unseen(signs, whole[0], whole_error[None], whole[1].T, whole[2].T)[0]
        return Estimate(
            values=weights,
            standard_error=error,
            degrees_of_freedom=SHARES - 1,
            halves=(
                _weights(coalitions[::2], values[::2]),
                _weights(coalitions[1::2], values[1::2]),
            ),
            whole_target_error=whole_error,
            replicates=fits,
            unseen=unseen,
            whole_target_unseen=of_whole,
        )


def _unseen(
    signs: FloatArray, weights: FloatArray, error: FloatArray, values: FloatArray, ends: FloatArray
) -> FloatArray:
    """Return the bounds of the weights (targets, features) that were not seen to vary, else NaN."""
    fitted = signs @ weights.T
    centre = (values - fitted).mean(axis=0)
    left = values - fitted - centre
    at_ends = np.abs(ends - centre - np.outer([0.5, -0.5], weights.sum(axis=1))).max(axis=0)
    largest, span = np.abs(left).max(axis=0), np.ptp(np.concatenate([values, ends]), axis=0)
    # A weight is twice the mean of ± the values.
    missed = 2 * unseen_by_fit(len(left), largest, at_ends, largest, span)
    pull = 2 * signs.T @ left / len(left)
    spread = np.sqrt(np.maximum((left**2).mean(axis=0) - pull**2, 0) / (len(left) - 1))
    hidden = 2 * (np.abs(pull) + student_quantile(len(left) - 1) * spread).T
    bound = np.where(error <= 0, hidden, np.nan)
    still: FloatArray = np.fmax(bound, missed[:, None])
    return still


def _weights(coalitions: Coalitions, values: FloatArray) -> FloatArray:
    """Return w (targets, features)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Lasso

    signs = np.where(coalitions, 1.0, -1.0)
    weights = np.zeros((values.shape[1], coalitions.shape[1]))
    # A target that nothing changes has no fit to converge to.
    varies = np.ptp(values, axis=0) > 0
    if varies.any():
        # A share of the squares that the fit may miss the best one by: weights, by its root.
        lasso = Lasso(PENALTY, precompute=True, max_iter=10_000, tol=1e-14)
        with warnings.catch_warnings():
            # More features than coalitions may leave the last digits open; the jackknife shows it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            lasso.fit(signs, values[:, varies])
        weights[varies] = 2 * lasso.coef_
    return weights


class Surrogate(Method):
    """Weights of a sparse linear model, as in ContextCite; see `surrogate`."""

    name = "surrogate"
    summary = "sparse linear model for hundreds of features of which few matter"
    definition = "its weight in a sparse linear model of random sets of features"

    def fewest(self, num_features: int) -> int:
        """Return the fewest evaluations it works with."""
        return fewest_for_surrogate(num_features)

    def require(self) -> None:
        """Raise InputError where scikit-learn is missing."""
        require_solver()

    def estimate(self, game: Game, budget: Budget) -> Estimate:
        """Return the model's weights."""
        return surrogate(game, budget)
