"""Faithfulness of the direct and the multi-hop ranking of a prompt's parts."""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.hops import total_of
from bathyscope.faithfulness.curves import curves, ranks_by
from bathyscope.faithfulness.scores import area
from bathyscope.games.game import Coalitions, Game
from bathyscope.reasoning.deletion import ChainGame
from bathyscope.runs.chain import PartRanking


def rankings(game: ChainGame, values: FloatArray) -> tuple[PartRanking, ...]:
    """Return the curves of both rankings, of the answer and of the whole response.

    Parts of the prompt are taken out, or put back, from the top of a ranking; the steps stay. Of
    the answer the curves judge what the parts do directly, with the steps there; of the response,
    which is ln p of all steps and the answer, what they do through the steps, too. With fewer than
    two parts there is no ranking, nor where a part's value, or ln p of what a curve is of, is not
    finite.

    Args:
        game: The deletion game.
        values: Its map, shape (rows, columns).
    """
    parts = game.passages.num_parts
    if parts < 2 or not np.isfinite(values[-1, :parts]).all():
        return ()
    total = total_of(values, parts)
    orders = {"direct": values[-1, :parts], "through": total.through[:parts]}
    found = []
    for of, rows in (("answer", slice(-1, None)), ("response", slice(None))):
        own = _over_parts(game, rows)
        for by, ranked in orders.items():
            both = curves(own, ranks_by(ranked[None])[None])
            if not np.isfinite([both.deletion, both.insertion]).all():
                continue
            found.append(
                PartRanking(
                    by,
                    of,
                    tuple(both.deletion[0].tolist()),
                    tuple(both.insertion[0].tolist()),
                    float(area(both)[0]),
                )
            )
    return tuple(found)


def _over_parts(game: ChainGame, rows: slice) -> Game:
    """Return the game of some rows over the parts of the prompt alone: all steps are present."""
    parts, columns = game.passages.num_parts, len(game.passages.columns)

    def evaluate(coalitions: Coalitions) -> FloatArray:
        present = np.ones((len(coalitions), columns), dtype=np.bool_)
        present[:, :parts] = coalitions
        values: FloatArray = game.whole.values(present)[:, rows]
        return values

    return Game(parts, evaluate)
