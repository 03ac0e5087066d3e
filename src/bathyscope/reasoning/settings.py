"""Settings of a chain, and what can be seen to be wrong with them without a model."""

from dataclasses import dataclass, fields

from bathyscope.core.errors import InputError, advice
from bathyscope.core.progress import Progress, standard
from bathyscope.core.settings import unrecorded
from bathyscope.games.estimate import Budget
from bathyscope.games.methods import METHODS, require_resolving
from bathyscope.model.chat import ChatOverrides, ChatSettings
from bathyscope.reasoning.similarity import SIMILARITIES
from bathyscope.reasoning.steps import require_steps_known
from bathyscope.runs.chain_checks import RANGES
from bathyscope.thinking.answer_rules.rules import extractor

READINGS = ("deletion", "suppression", "resampling")
"""What can be asked of a chain: three questions with three units, never mixed."""

VARIANTS = ("kl", "ln_kl", "thought_anchors")
"""What suppression measures: the mean divergence over the whole vocabulary; the mean of its
logarithm less the row's mean, at temperature 0.6; the same as the published code computes it."""

MEASURES = tuple(RANGES)
"""By what two distributions of answers are compared: KL, total variation, and accuracy, which
needs gold."""

LAST_NUMBER = "last-number"

_OWN = {
    "deletion": ("method", "budget", "tolerance"),
    "suppression": ("variant",),
    "resampling": ("measure", "n", "temperature", "similarity", "same", "gold"),
}
"""Settings that only one reading has; they stay as they are where it is another."""


class ChainOverrides(ChatOverrides, total=False):
    """Fields of `ChainSettings` as keywords."""

    reading: str
    steps: str
    answer: str | None
    method: str
    budget: int
    tolerance: float | None
    variant: str
    measure: str
    n: int
    temperature: float
    similarity: str
    same: float
    gold: str | None
    seed: int
    depth: bool
    max_new_tokens: int
    batch_tokens: int | None
    progress: Progress


@dataclass(frozen=True)
class ChainSettings(ChatSettings):
    """Settings of a chain, beside those of the chat template.

    Attributes:
        reading: "deletion", "suppression" or "resampling".
        steps: What a step is: "sentences", "lines", "think", or "regex:PATTERN".
        answer: The rule that finds the answer, as of Think@n; None takes the last step as a whole
            (by resampling, the last number).
        method: By deletion: "shapley", "leave_one_out" or another method over games.
        budget: By deletion: the most coalitions of a row's own game; where that is all of them, the
            row is exact. The other rows share one game of as many.
        tolerance: By deletion: standard error below which sampling stops, nats.
        variant: By suppression: "kl", "ln_kl" or "thought_anchors".
        measure: By resampling: "kl", "total_variation" or "accuracy".
        n: By resampling: continuations from each place.
        temperature: By resampling: of the continuations.
        similarity: By resampling: how steps are compared: "minilm" or "words".
        same: By resampling: cosine from which on two steps mean the same.
        gold: By resampling: the right answer, for accuracy.
        seed: Where random numbers start.
        depth: Whether the settling depth of each step is measured, too.
        max_new_tokens: Longest response, or continuation, that the model writes.
        batch_tokens: Most tokens in a forward pass; None chooses.
        progress: Told of the steps.
    """

    reading: str = "deletion"
    steps: str = "sentences"
    answer: str | None = None
    method: str = "shapley"
    budget: int = 1024
    tolerance: float | None = None
    variant: str = "kl"
    measure: str = "kl"
    n: int = 20
    temperature: float = 0.8
    similarity: str = "minilm"
    same: float = 0.8
    gold: str | None = None
    seed: int = 0
    depth: bool = False
    max_new_tokens: int = 256
    batch_tokens: int | None = None
    progress: Progress = unrecorded(default=standard)

    def __post_init__(self) -> None:
        """Raise InputError for what can be seen to be wrong without a model."""
        super().__post_init__()
        for name, given, known in (
            ("reading", self.reading, READINGS),
            ("variant", self.variant, VARIANTS),
            ("measure", self.measure, MEASURES),
        ):
            if given not in known:
                raise InputError(f"The {name} {given!r} is not known; {advice(given, known)}.")
        require_steps_known(self.steps)
        extractor(self.answer_rule)
        METHODS.require(self.method)
        require_resolving(self.method, "The passages of a chain")
        SIMILARITIES.require(self.similarity)
        self._require_numbers()
        self._require_own()

    def _require_numbers(self) -> None:
        if self.n < 2:
            raise InputError(f"Continuations are compared: n is 2 or more, not {self.n}.")
        if not 0 < self.temperature < float("inf"):
            raise InputError(f"The temperature lies above 0, not {self.temperature:g}.")
        if not -1 < self.same <= 1:
            raise InputError(
                f"The cosine from which on steps mean the same lies above −1 and up to 1, not "
                f"{self.same:g}."
            )
        if self.max_new_tokens < 1:
            raise InputError(f"At least 1 new token must be allowed, not {self.max_new_tokens}.")
        if self.batch_tokens is not None and self.batch_tokens < 1:
            raise InputError(f"A pass has at least 1 token, not {self.batch_tokens}.")
        if self.measure == "accuracy" and self.gold is None:
            raise InputError("Accuracy needs to know the right answer; give it with --gold.")
        if self.gold == "":
            raise InputError("The right answer (gold) is empty; give a text, or leave it out.")
        _ = self.allowed

    def _require_own(self) -> None:
        defaults = {one.name: one.default for one in fields(self)}
        for reading, names in _OWN.items():
            for name in names:
                given = getattr(self, name)
                if reading != self.reading and given != defaults[name]:
                    raise InputError(
                        f"The {name} ({given!r}) belongs to the reading {reading}, not to "
                        f"{self.reading}; leave it out, or choose that reading."
                    )

    @property
    def allowed(self) -> Budget:
        """Budget, tolerance and seed as methods take them."""
        return Budget(self.budget, self.tolerance, self.seed)

    @property
    def answer_rule(self) -> str:
        """The rule by which answers are read from texts: where none was named, the last number."""
        return LAST_NUMBER if self.answer is None else self.answer
