"""Forecast of a chain's cost, from counts and a measured rate."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from bathyscope.attribution.forecast import likely_coalitions
from bathyscope.core.forecast import Forecast
from bathyscope.games.game import Coalitions, all_coalitions
from bathyscope.games.leave_one_out import LeaveOneOut
from bathyscope.games.methods import METHODS
from bathyscope.layers.forecast import cost_of_depth
from bathyscope.model.continuing import batches
from bathyscope.model.forest import Pass
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.rate import Rate, by_the_clock, cost_of, going_on, rate_of
from bathyscope.model.suppression_effects import ROWS_HELD
from bathyscope.reasoning.passages import Passages, require_hidden, require_rest
from bathyscope.reasoning.question import ChainQuestion
from bathyscope.reasoning.readings import require_affordable
from bathyscope.reasoning.settings import ChainSettings


def forecast_chain(question: ChainQuestion) -> Forecast:
    """Return what it costs to answer a question whose response is there.

    By deletion, texts are put together from the tokens of the whole one; of a method that samples
    as many random coalitions are counted as it may evaluate, and of the curves as many as two
    rankings without a common beginning have. By resampling, continuations are taken to be as long
    as they may be.

    Raises:
        InputError: The question cannot be answered, as of `chain`.
    """
    model, passages, settings = question.model, question.passages, question.settings
    rate = rate_of(model)
    parts = [_OF_READINGS[settings.reading](model, rate, passages, settings)]
    if settings.depth:
        first = passages.first
        parts.append(cost_of_depth(model, rate, first, len(passages.ids) - first))
    return by_the_clock(model, rate, Forecast.together(parts))


def _deletion(
    model: LanguageModel, rate: Rate, passages: Passages, settings: ChainSettings
) -> Forecast:
    method, budget = METHODS.require(settings.method), settings.allowed
    rows, columns = range(len(passages.rows)), len(passages.columns)
    require_affordable(method, columns, settings)
    require_rest(model.tokens, passages)
    sampled = [row for row in rows if not budget.covers(passages.earlier(row))]
    exactly = [row for row in rows if row not in sampled] if method.samples else []
    own = {row: all_coalitions(passages.earlier(row)) for row in exactly if passages.earlier(row)}

    rankings = _along_rankings(passages.num_parts, columns)
    count = method.evaluations(columns, budget)
    # What a step evaluated is not drawn again here: a method need not draw it either.
    more = budget.evaluations + columns + len(rankings)
    likely = likely_coalitions(method, columns, replace(budget, evaluations=more))

    def of(count: int) -> Forecast:
        game = _Counted(model, rate, passages, settings.batch_tokens)
        game.whole(likely_coalitions(LeaveOneOut(), columns, budget), pieces=True)
        game.rows(own)
        if method.samples:
            game.whole(rankings)
        if sampled or not method.samples:
            game.whole(likely, most=count - 2)
        return game.cost

    most = of(count)
    if not sampled or not method.samples or budget.tolerance is None:
        return most
    return replace(most, least=of(method.fewest(columns)))


class _Counted:
    """Counts what a deletion game evaluates: each question once, those of one step together."""

    def __init__(
        self, model: LanguageModel, rate: Rate, passages: Passages, batch_tokens: int | None
    ) -> None:
        self._model, self._rate, self._passages = model, rate, passages
        self._batch_tokens = batch_tokens
        self._taken_out = [passages.positions(passages.without(one)) for one in passages.columns]
        self._known: set[tuple[int, tuple[bool, ...]]] = set()
        self._passes: list[Pass] = []
        self._evaluated: set[tuple[bool, ...]] = set()
        self._evaluations = 0

    @property
    def cost(self) -> Forecast:
        """What has been counted so far."""
        return cost_of(self._model, self._rate, self._passes, self._evaluations)

    def whole(
        self, coalitions: Coalitions, *, pieces: bool = False, most: int | None = None
    ) -> None:
        """Count coalitions of all columns, each read by every row.

        Args:
            coalitions: Which; those that were counted before cost nothing.
            pieces: Whether what lies between the rows is read along.
            most: How many of them that are new; None is all.
        """
        new = [one for one in map(tuple, coalitions.tolist()) if one not in self._evaluated][:most]
        self._evaluated |= {*new}
        self._evaluations += len({*new})
        rows, earlier = range(len(self._passages.rows)), self._passages.earlier
        texts = [(one.prompt_ids, one.target_ids) for one in self._passages.pieces * pieces]
        self._score([(row, one[: earlier(row)]) for one in new for row in rows], texts)

    def rows(self, own: dict[int, Coalitions]) -> None:
        """Count coalitions of rows' own games."""
        self._evaluations += sum(map(len, own.values()))
        found = [(row, tuple(one)) for row, many in own.items() for one in many.tolist()]
        self._score(found, [])

    def _score(
        self, asked: Sequence[tuple[int, tuple[bool, ...]]], texts: list[tuple[Ids, Ids]]
    ) -> None:
        new = {*asked} - self._known
        self._known |= new
        texts = [*texts, *(self._text(row, present) for row, present in sorted(new))]
        if texts:
            prompts, targets = zip(*dict.fromkeys(texts), strict=True)
            self._passes += self._model.passes(prompts, targets, self._batch_tokens)

    def _text(self, row: int, present: Sequence[bool]) -> tuple[Ids, Ids]:
        """Return about the tokens before a row with some of its columns, and its own."""
        place, ids = self._passages.row_positions[row], self._passages.ids
        before, position = Ids(), 0
        for column, stays in zip(self._taken_out, present, strict=False):
            if not stays and column:
                before += ids[position : column.start]
                position = column.stop
        before += ids[position : place.start]
        return before or ids[:1], ids[place.start : place.stop]


def _along_rankings(parts: int, columns: int) -> Coalitions:
    """Return what the curves of two rankings of the parts evaluate, the steps being present.

    Nothing where there are fewer than two parts.
    """
    if parts < 2:
        return np.empty((0, columns), dtype=bool)
    kept = np.tri(parts + 1, parts, -1, dtype=bool)
    found = np.ones((4 * (parts + 1), columns), dtype=bool)
    found[:, :parts] = np.concatenate([kept, ~kept, kept[:, ::-1], ~kept[:, ::-1]])
    return found


def _suppression(
    model: LanguageModel, rate: Rate, passages: Passages, settings: ChainSettings
) -> Forecast:
    require_hidden(passages)
    return cost_of(model, rate, [*_suppressed(model, passages, settings), _evidence(passages)])


def _suppressed(
    model: LanguageModel, passages: Passages, settings: ChainSettings
) -> Iterator[Pass]:
    """Yield the pass that reads all, and one for each passage that cannot be seen."""
    whole = len(passages.ids)
    goes_on = model.may_continue_a_cache(whole)
    yield Pass(1, whole, 0, 0, 0, kept=whole * goes_on)
    places = passages.column_positions if settings.variant == "kl" else passages.row_positions[:-1]
    for keys in filter(None, places):
        first = keys.start if settings.variant == "thought_anchors" else keys.stop
        begin, read = first * goes_on, whole - first
        yield Pass(1, whole - begin, begin, 2 * read, whole * goes_on, rows_at_once=ROWS_HELD)


def _resampling(
    model: LanguageModel, rate: Rate, passages: Passages, settings: ChainSettings
) -> Forecast:
    starts, limit, most = passages.before_steps, model.context_length, settings.max_new_tokens
    rooms = [most if limit is None else max(1, min(most, limit - start)) for start in starts]
    passes = [_evidence(passages), Pass(1, starts[-1], 0, 0, 0, kept=starts[-1])]
    for room in set(rooms):
        own = [start for start, one in zip(starts, rooms, strict=True) if one == room]
        prompts = [passages.ids[:start] for start in own for _ in range(settings.n)]
        for batch in batches(model, prompts, room, look=False):
            longest = max(len(prompts[index]) for index in batch.indices)
            passes += going_on(len(batch.indices), longest, room)
    return cost_of(model, rate, passes)


def _evidence(passages: Passages) -> Pass:
    """Return the pass that tells how probable the response was."""
    whole = len(passages.ids)
    return Pass(1, whole - 1, 0, whole - passages.first, 0)


_OF_READINGS: dict[str, Callable[[LanguageModel, Rate, Passages, ChainSettings], Forecast]] = {
    "deletion": _deletion,
    "suppression": _suppression,
    "resampling": _resampling,
}
