"""Settings of depth, and what can be seen to be wrong without a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.progress import Progress, standard
from bathyscope.core.settings import unrecorded
from bathyscope.core.settling import deep_layer, settling_depths
from bathyscope.layers.statistics.choice import chosen_statistics
from bathyscope.model.beginning import TOKENIZER, require_beginning
from bathyscope.model.chat import ChatOverrides, ChatSettings
from bathyscope.model.provenance import MAX_NEW_TOKENS


class DepthOverrides(ChatOverrides, total=False):
    """Fields of `DepthSettings` as keywords."""

    lens: str
    translators: str | Path | None
    threshold: float
    depth_fraction: float
    top_k: int
    statistics: Sequence[str]
    begin: str
    max_new_tokens: int
    progress: Progress


@dataclass(frozen=True)
class DepthSettings(ChatSettings):
    """Settings of depth, beside those of the chat template.

    Attributes:
        lens: How intermediate layers are read, a name in `lenses.choice.LENSES`.
        translators: File of a lens that was fitted to the model, as `train_lens` or
            `fit_jacobian_lens`, and `save`, make it. A record keeps its name and hash, not where
            it lies.
        threshold: g: a token has settled where its divergence is at most this many bits.
        depth_fraction: ρ: tokens that settle at layer ⌈ρ·L⌉ or later count as deep.
        top_k: With 1 or more, also what each layer would say instead, so many tokens, and
            bathyscope's own layer statistics.
        statistics: Names in `statistics.choice.LAYER_STATISTICS`, to be computed for every cell.
        begin: Whether the text begins with the token that begins one: "tokenizer", as the tokenizer
            has it; "always" or "never".
        max_new_tokens: Longest response the model writes.
        progress: Told of the steps.

    Raises:
        InputError: A value cannot be.
    """

    lens: str = "norm"
    translators: str | Path | None = unrecorded(default=None)
    threshold: float = 0.5
    depth_fraction: float = 0.85
    top_k: int = 0
    statistics: tuple[str, ...] = ()
    begin: str = TOKENIZER
    max_new_tokens: int = MAX_NEW_TOKENS
    progress: Progress = unrecorded(default=standard)

    def __post_init__(self) -> None:
        """Refuse what can be seen to be wrong without a model."""
        super().__post_init__()
        object.__setattr__(self, "statistics", tuple(self.statistics))
        settling_depths(np.zeros((1, 1)), self.threshold)
        deep_layer(1, self.depth_fraction)
        if self.top_k < 0:
            raise InputError(f"The number of top tokens is 0 or more, not {self.top_k} (--top-k).")
        chosen_statistics(self.statistics, self.top_k)
        require_beginning(self.begin)
        if self.max_new_tokens < 1:
            raise InputError(
                f"At least 1 new token must be allowed, not {self.max_new_tokens} "
                "(--max-new-tokens)."
            )


def require_no_map(settings: DepthSettings) -> None:
    """Raise InputError where something is asked for that is read off the map."""
    if settings.top_k or settings.statistics:
        raise InputError(
            "What the layers would say is read off the map, which is left out where only the "
            "ratio is asked for; choose one of --top-k or --statistic and --ratio-only."
        )
