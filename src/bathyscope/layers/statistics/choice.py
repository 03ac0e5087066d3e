"""The layer statistics by name."""

from collections.abc import Sequence

from bathyscope.core.errors import InputError
from bathyscope.core.registry import Registry
from bathyscope.layers.statistics.cosine import Cosine
from bathyscope.layers.statistics.entropy import Entropy
from bathyscope.layers.statistics.kl_from_last import KlFromLast
from bathyscope.layers.statistics.probability import Probability
from bathyscope.layers.statistics.rank import Rank
from bathyscope.layers.statistics.statistic import LayerStatistic

OWN = (Entropy(), KlFromLast(), Probability(), Rank(), Cosine())
"""Those that come with the most probable tokens (`top_k`)."""

LAYER_STATISTICS: Registry[LayerStatistic] = Registry(
    "layer statistic", "bathyscope.layer_statistics", OWN
)
"""Every layer statistic that can be asked for."""


def chosen_statistics(names: Sequence[str], top_k: int) -> tuple[LayerStatistic, ...]:
    """Return the statistics that are asked for by name, and all of bathyscope's own with `top_k`.

    Raises:
        InputError: A name is not known, or stands there twice.
    """
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"The layer statistic {name!r} is asked for twice; name each once.")
    own = [] if top_k == 0 else [statistic.name for statistic in OWN]
    wanted = [*own, *(name for name in names if name not in own)]
    return tuple(LAYER_STATISTICS.require(name) for name in wanted)
