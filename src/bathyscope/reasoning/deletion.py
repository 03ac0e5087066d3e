"""The deletion game of a chain: passages are taken out, and what comes later is forced."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from bathyscope.attribution.evaluations import Evaluations
from bathyscope.attribution.prompt_game import Witness, score_missing
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.progress import Progress, standard
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game, all_coalitions
from bathyscope.games.leave_one_out import leave_one_out
from bathyscope.games.method import Method
from bathyscope.games.methods import estimated
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.scorer import scored
from bathyscope.model.scores import joined
from bathyscope.reasoning.passages import Passages, Question
from bathyscope.runs.evidence import Evidence

_COMPLETE = 1e-9
"""A row is complete where its sum misses all − none by at most this share of its values."""


class ChainGame:
    """v_r(S) = Σ ln p of row r's tokens with the passages S before it present, nats.

    A row's tokens are those that it has in the whole text, and are forced; what stands behind it is
    cut off, since it cannot change them. Passages behind a row, and the row itself, are no players
    of its game: with or without them the text before the row is the same, to the token. All rows
    are read from one tree of texts, in which each passage stands once for every way of what is
    present before it.
    """

    def __init__(
        self,
        model: LanguageModel,
        passages: Passages,
        batch_tokens: int | None = None,
        progress: Progress = standard,
    ) -> None:
        """Prepare the game; nothing is evaluated yet."""
        self.model, self.passages = model, passages
        self._batch_tokens, self._progress = batch_tokens, progress
        self._known = Evaluations()
        self._witness = Witness(model, passages.pieces)
        self._waiting = [(one.prompt_ids, one.target_ids) for one in passages.pieces]
        self._of_rows: dict[int, Game] = {}
        rows = range(len(passages.rows))
        self.whole = Game(len(passages.columns), partial(self._values, rows))

    @property
    def num_evaluations(self) -> int:
        """Coalitions evaluated, those of the games of single rows included."""
        return self.whole.num_evaluations + sum(
            game.num_evaluations for game in self._of_rows.values()
        )

    def row(self, index: int) -> Game:
        """Return the game of one row over the columns before it alone; evaluations are shared."""
        if index not in self._of_rows:
            players = self.passages.earlier(index)
            self._of_rows[index] = Game(players, partial(self._values, [index]))
        return self._of_rows[index]

    def evidence(self) -> Evidence | None:
        """Return how probable the response was; ask last, when the game has been played."""
        pieces = self.passages.pieces
        scores = joined([self._witness.scores(piece) for piece in pieces])
        ids = [id for piece in pieces for id in piece.target_ids]
        return self._witness.evidence_of_scores(ids, scores)

    def evaluate_all(self, rows: Sequence[int]) -> None:
        """Evaluate every coalition of the rows' own games in one go: each passage then counts once.

        A row's text is what the texts of later rows go on from.
        """
        present = {row: all_coalitions(self.passages.earlier(row)) for row in rows}
        self._score([(row, coalition) for row in rows for coalition in present[row].tolist()])

    def _values(self, rows: "range | list[int]", coalitions: Coalitions) -> FloatArray:
        """Return the values (n, rows) of coalitions of at least the columns before the rows."""
        earlier = self.passages.earlier
        asked = self._score(
            [(row, present[: earlier(row)]) for present in coalitions.tolist() for row in rows]
        )
        sums = [self._known[question][0].sum() for question in asked]
        return np.array(sums, dtype=np.float64).reshape(len(coalitions), len(rows))

    def _score(self, asked: Sequence[tuple[int, Sequence[bool]]]) -> list[Question]:
        """Have the model score rows with some of the columns before them; return the questions."""
        tokens = self.model.tokens
        questions = [self.passages.question(tokens, row, present) for row, present in asked]
        # What stands between the rows is read along, once: the evidence then costs no pass.
        every, self._waiting = [*questions, *self._waiting], []
        score_missing(
            partial(scored, self.model),
            self._known,
            every,
            self._batch_tokens,
            self._progress,
            self._witness,
        )
        return questions


@dataclass(frozen=True)
class DeletionMap:
    """Effects of earlier passages on each row by deletion, nats.

    Attributes:
        values: By the method, shape (rows, columns); exactly 0 where a column is not before a row.
        all: Value of each row with everything before it, shape (rows,).
        none: The same with every column taken out.
        leave_one_out: What each row loses without each column alone, shape (rows, columns).
        standard_error: Of the values, 0 in rows that are exact; None where all are.
        degrees_of_freedom: Behind the errors; None likewise.
        unseen: Of each cell that was not seen to vary, the most by which it may be off; else NaN.
    """

    values: FloatArray
    all: FloatArray
    none: FloatArray
    leave_one_out: FloatArray
    standard_error: FloatArray | None = None
    degrees_of_freedom: int | None = None
    unseen: FloatArray | None = None


def deletion_map(game: ChainGame, method: Method, budget: Budget) -> DeletionMap:
    """Return what each earlier passage did to each row.

    Rows before which so few columns stand that the budget covers all their coalitions are exact,
    each by its own game. For the others the method samples coalitions of all columns, which all
    rows share. That a row owes nothing to what is not before it is known, so a sampled row is
    projected onto what is known: 0 there, and, where the method's rows add up to all − none, the
    same sum still. That is the nearest such row, no farther from the truth than the sampled one.

    Args:
        game: The game.
        method: How the values of coalitions are shared among the columns.
        budget: Most coalitions, of a row's own game and of the game that the others share.
    """
    lost = leave_one_out(game.whole).values  # first: with both ends, its texts are one tree
    everything, nothing = game.whole.all(), game.whole.none()
    earlier = [game.passages.earlier(row) for row in range(len(everything))]
    # Of a row that is impossible as it stands, even what comes later would have no number.
    before = np.arange(len(game.passages.columns)) < np.array(earlier)[:, None]
    alone = np.where(before, lost, 0.0)
    found = DeletionMap(alone, everything, nothing, alone)
    if not method.samples:
        return replaced_by(found, game, estimated(method, game.whole, budget))
    values = np.zeros_like(alone)
    sampled = [row for row, players in enumerate(earlier) if not budget.covers(players)]
    exactly = [row for row, players in enumerate(earlier) if players and row not in sampled]
    game.evaluate_all(exactly)
    for row in exactly:
        values[row, : earlier[row]] = estimated(method, game.row(row), budget).values[0]
    exact = DeletionMap(values, everything, nothing, alone)
    if not sampled:
        return exact
    return replaced_by(exact, game, estimated(method, game.whole, budget), sampled)


def replaced_by(
    found: DeletionMap, game: ChainGame, estimate: Estimate, rows: list[int] | None = None
) -> DeletionMap:
    """Return a map with some rows, or all, replaced by those of an estimate of the whole game."""
    own = list(range(len(found.values))) if rows is None else rows
    values = found.values.copy()
    error, unseen = np.zeros_like(values), np.full_like(values, np.nan)
    for row in own:
        players = game.passages.earlier(row)
        effect = found.all[row] - found.none[row]
        values[row] = known_row(estimate.values[row], players, effect)
        if estimate.standard_error is not None:
            error[row, :players] = estimate.standard_error[row, :players]
        if estimate.unseen is not None:
            unseen[row, :players] = estimate.unseen[row, :players]
    if estimate.standard_error is None:
        return DeletionMap(values, found.all, found.none, found.leave_one_out)
    return DeletionMap(
        values,
        found.all,
        found.none,
        found.leave_one_out,
        error,
        estimate.degrees_of_freedom,
        None if estimate.unseen is None else unseen,
    )


def known_row(values: FloatArray, players: int, effect: float) -> FloatArray:
    """Return the nearest row that is 0 behind its players, with its sum where that is the effect.

    Args:
        values: A row over all columns, shape (columns,).
        players: How many of them stand before the row.
        effect: Its all − none.
    """
    known = np.where(np.arange(len(values)) < players, values, 0.0)
    size = float(np.abs(values).sum()) + abs(effect)
    if players and abs(values.sum() - effect) <= _COMPLETE * size:
        known[:players] += values[players:].sum() / players
    return known
