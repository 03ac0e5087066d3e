"""Settings of Think@n, and what can be seen to be wrong with them without a model."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.progress import Progress, standard
from bathyscope.core.settings import unrecorded
from bathyscope.core.settling import deep_layer, settling_depths
from bathyscope.layers.lenses.choice import check_lens
from bathyscope.model.beginning import TOKENIZER, require_beginning
from bathyscope.model.chat import ChatOverrides, ChatSettings
from bathyscope.thinking.answer_rules.rules import extractor


class ThinkOverrides(ChatOverrides, total=False):
    """Fields of `ThinkSettings` as keywords."""

    n: int
    prefix: int
    keep: float
    temperature: float
    answer: str
    max_new_tokens: int
    stop: str
    seed: int
    lens: str
    translators: str | Path | None
    threshold: float
    depth_fraction: float
    begin: str
    compare: bool
    progress: Progress


@dataclass(frozen=True)
class ThinkSettings(ChatSettings):
    """Settings of Think@n, beside those of the chat template.

    Attributes:
        n: Samples.
        prefix: Tokens of each that are read for its deep-thinking ratio; at most
            `max_new_tokens`, to which a longer one is cut with a note.
        keep: Share of the samples that is finished, η.
        temperature: Of sampling.
        answer: Rule of `answer_rules.extractor`.
        max_new_tokens: Longest sample.
        stop: A text that ends a sample, as a blank line ends an answer among worked examples;
            none where empty. Its tokens count as written, what it begins is no answer.
        seed: Sample i is drawn with seed + i.
        lens: How intermediate layers are read, a name in `lenses.choice.LENSES`.
        translators: File of a lens that was fitted to the model.
        threshold: g, in bits.
        depth_fraction: ρ.
        begin: Whether the prompt begins with the token that begins a text: "tokenizer", as the
            tokenizer has it; "always" or "never".
        compare: Whether the samples that are not kept are finished too, to know what they say.
        progress: Told of the steps.
    """

    n: int = 16
    prefix: int = 50
    keep: float = 0.5
    temperature: float = 0.8
    answer: str = "last-number"
    max_new_tokens: int = 256
    stop: str = ""
    seed: int = 0
    lens: str = "norm"
    translators: str | Path | None = unrecorded(default=None)
    threshold: float = 0.5
    depth_fraction: float = 0.85
    begin: str = TOKENIZER
    compare: bool = False
    progress: Progress = unrecorded(default=standard)

    def __post_init__(self) -> None:
        """Raise InputError for what can be seen to be wrong without a model."""
        super().__post_init__()
        if self.n < 2:
            raise InputError(f"Think@n chooses among samples: n is 2 or more, not {self.n}.")
        if not 0 < self.keep <= 1:
            raise InputError(f"The share to keep lies above 0 and up to 1, not {self.keep:g}.")
        if not 0 < self.temperature < float("inf"):
            raise InputError(f"The temperature lies above 0, not {self.temperature:g}.")
        if self.prefix < 1:
            raise InputError(f"The prefix has 1 token or more, not {self.prefix}.")
        if self.max_new_tokens < 1:
            raise InputError(f"At least 1 new token must be allowed, not {self.max_new_tokens}.")
        extractor(self.answer)
        check_lens(self.lens, self.translators)
        require_beginning(self.begin)
        deep_layer(1, self.depth_fraction)
        settling_depths(np.zeros((1, 1)), self.threshold)

    @property
    def num_kept(self) -> int:
        """How many samples are finished, ⌈η·n⌉."""
        return ceil(round(self.keep * self.n, 9))
