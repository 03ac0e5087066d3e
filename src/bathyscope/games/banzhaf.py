"""Banzhaf values: each feature's average effect over all sets of other features."""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game, all_coalitions
from bathyscope.games.method import Method
from bathyscope.games.replicates import SHARES
from bathyscope.games.sampling import sample
from bathyscope.games.unseen import Span, unseen_by_fit

PAIRS_PER_FEATURE = 6
"""Fewest pairs for each coefficient of the fit; half of them must still determine it well."""


def banzhaf(game: Game, budget: Budget) -> Estimate:
    """Return Banzhaf values: exact where the budget covers all coalitions, else sampled.

    β_i = 2^(1 − F) Σ_S (v(S ∪ {i}) − v(S)) over all coalitions S without i (Banzhaf 1965; for
    models Wang & Jia 2023, "Data Banzhaf", arXiv 2205.15466: of all such averages the one whose
    ranking noise disturbs least). The values of a target do not sum to v(all) − v(none).
    Exact: 2^F evaluations.
    """
    if budget.covers(game.num_features):
        return Estimate(exact_banzhaf(game))
    return sampled_banzhaf(game, budget)


def exact_banzhaf(game: Game) -> FloatArray:
    """Return exact Banzhaf values (targets, features) from all coalitions."""
    coalitions = all_coalitions(game.num_features)
    values = game.values(coalitions)
    attribution = np.empty((values.shape[1], game.num_features))
    for feature in range(game.num_features):
        without = np.flatnonzero(~coalitions[:, feature])
        attribution[:, feature] = (values[without | 1 << feature] - values[without]).mean(axis=0)
    return attribution


def sampled_banzhaf(game: Game, budget: Budget) -> Estimate:
    """Return Banzhaf values as the least-squares fit to random coalitions and their complements.

    The linear model closest to v over all coalitions has the Banzhaf values as coefficients
    (Hammer & Holzman 1992). It is fitted to n random pairs: v(S) − v(complement) ≈ Σ_i ±β_i, +
    where i is in S (Liu et al. 2024, "Kernel Banzhaf", arXiv 2410.08336). Every evaluation serves
    every feature, and what the other features add linearly is no noise, as it would be in the
    mean over coalitions with i minus the mean over those without.

    Standard error: from the residuals, which interactions leave, however they are spread
    (the HC3 form of White's estimator: MacKinnon & White 1985), n − F degrees of freedom. The
    fit's own bias is of order 1/n, far below its error. Where residuals do not vary, or the fit
    misses v(all) − v(none) by more than any pair, the bound of `unseen` is added.

    Costs at most 2 evaluations a pair and 2 for the ends, up to the budget; at least
    `fewest_for_banzhaf`.
    """

    def draw(generator: np.random.Generator, pairs: int) -> Coalitions:
        half: Coalitions = generator.random((pairs, 1, game.num_features)) < 0.5
        return np.concatenate([half, ~half], axis=1)

    fewest = PAIRS_PER_FEATURE * game.num_features
    return sample(game, budget, draw, per_sample=2, tally=_Fit(game), fewest=fewest)


def fewest_for_banzhaf(features: int) -> int:
    """Return the evaluations without which the fit is not determined well."""
    return min(1 << features, 2 * PAIRS_PER_FEATURE * features + 2)


class _Fit:
    def __init__(self, game: Game) -> None:
        self._game = game
        self._signs: list[FloatArray] = []
        self._differences: list[FloatArray] = []
        self._span, self._whole_span = Span(), Span()

    def add(self, drawn: Coalitions, values: FloatArray) -> None:
        self._signs.append(np.where(drawn[:, 0], 1.0, -1.0))
        self._differences.append(values[:, 0] - values[:, 1])
        self._see(values)

    def estimate(self) -> Estimate:
        signs, differences = np.concatenate(self._signs), np.concatenate(self._differences)
        self._see(np.stack([self._game.all(), self._game.none()]))
        solve = np.linalg.pinv(signs)
        values = solve @ differences
        leverage = np.einsum("nf,fn->n", signs, solve)
        residuals = (differences - signs @ values) / (1 - leverage)[:, None]
        return Estimate(
            values=values.T,
            standard_error=np.sqrt(solve**2 @ residuals**2).T,
            degrees_of_freedom=signs.shape[0] - signs.shape[1],
            halves=(_coefficients(signs, differences, 0), _coefficients(signs, differences, 1)),
            whole_target_error=np.sqrt(solve**2 @ residuals.sum(axis=1) ** 2),
            replicates=_replicates(signs, differences),
            unseen=_unseen(signs, differences, values, self._ends(), self._span),
            whole_target_unseen=_unseen(
                signs,
                _whole(differences),
                _whole(values),
                _whole(self._ends()),
                self._whole_span,
            )[0],
        )

    def _see(self, values: FloatArray) -> None:
        self._span.add(values)
        self._whole_span.add(_whole(values))

    def _ends(self) -> FloatArray:
        return (self._game.all() - self._game.none())[None]


def _whole(values: FloatArray) -> FloatArray:
    """Return the sum over the targets as the one target, (…, 1)."""
    whole: FloatArray = values.sum(axis=-1, keepdims=True)
    return whole


def _unseen(
    signs: FloatArray, differences: FloatArray, values: FloatArray, ends: FloatArray, span: Span
) -> FloatArray:
    """Return the bounds of all cells, (targets, features): a target's pairs serve all features."""
    fitted = signs @ values
    bound = unseen_by_fit(
        len(signs),
        np.abs(differences - fitted).max(axis=0),
        np.abs(ends[0] - values.sum(axis=0)),
        np.abs(fitted).max(axis=0),
        span.width,
    )
    return np.repeat(bound[:, None], len(values), axis=1)


def _coefficients(signs: FloatArray, differences: FloatArray, half: int) -> FloatArray:
    fit: FloatArray = (np.linalg.pinv(signs[half::2]) @ differences[half::2]).T
    return fit


def _replicates(signs: FloatArray, differences: FloatArray) -> FloatArray:
    """Return the fits without each share of the pairs, by the normal equations."""
    gram, moments = signs.T @ signs, signs.T @ differences
    fits = []
    for share in range(SHARES):
        out, lost = signs[share::SHARES], differences[share::SHARES]
        left = np.linalg.pinv(gram - out.T @ out, hermitian=True)
        fits.append((left @ (moments - out.T @ lost)).T)
    return np.stack(fits)


class Banzhaf(Method):
    """Banzhaf values; see `banzhaf`."""

    name = "banzhaf"
    summary = "ranks most steadily under noise; exact up to 12 features, else sampled"
    definition = (
        "its {exact} Banzhaf value, the effect of adding it averaged over all sets of other "
        "features"
    )

    def fewest(self, num_features: int) -> int:
        """Return the fewest evaluations it works with."""
        return fewest_for_banzhaf(num_features)

    def estimate(self, game: Game, budget: Budget) -> Estimate:
        """Return Banzhaf values, exact where the budget allows."""
        return banzhaf(game, budget)
