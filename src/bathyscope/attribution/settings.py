"""Settings of an attribution, their record, and what can be seen to be wrong without a model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from bathyscope.attribution.gradient_methods import GRADIENT_METHODS, PATH_BASELINES, STEPS
from bathyscope.attribution.token_value import TOKEN_VALUES
from bathyscope.core.errors import InputError, advice
from bathyscope.core.progress import Progress, standard
from bathyscope.core.settings import Settings, recorded_at, unrecorded
from bathyscope.games.estimate import EVALUATIONS, Budget
from bathyscope.games.leave_one_out import LeaveOneOut
from bathyscope.games.methods import INTERACTIONS, METHODS, every_method
from bathyscope.model.chat import ChatOverrides, ChatSettings
from bathyscope.model.provenance import MAX_NEW_TOKENS, recorded, require_text, was_a_function
from bathyscope.prompt import Baseline, Prompt
from bathyscope.prompt.marks import read_marks

TOLERANCES = {"logprob": 0.05, "logit": 0.05, "probability": 0.005}
"""Standard error at which a sampled method stops where no budget is given, by what is measured: a
twentieth of a nat changes a probability by a twentieth of itself."""


class AttributionOverrides(ChatOverrides, total=False):
    """Fields of `AttributionSettings` as keywords."""

    method: str
    of: str
    against: str | None
    budget: int | None
    tolerance: float | None
    seed: int
    screen: int | None
    baseline: Baseline
    steps: int
    path_from: str
    max_new_tokens: int
    batch_tokens: int | None
    cache: str | Path | None
    progress: Progress


@dataclass(frozen=True)
class AttributionSettings(ChatSettings):
    """Settings of an attribution, beside those of the chat template.

    Attributes:
        method: A name in `games.methods.METHODS` or `GRADIENT_METHODS`.
        of: What is measured of a token: "logprob" (nats), "logit" or "probability".
        against: A continuation to compare with: the map explains the difference of the target
            and this one. None explains the target itself.
        budget: The most coalitions to evaluate; where that is all of them, the method is exact.
            None is `EVALUATIONS`, and a sampled method stops at `TOLERANCES` unless told where.
        tolerance: Standard error below which a sampled method stops early, in the unit of `of`;
            None spends a budget that was given.
        seed: Where a sampled method's random numbers start.
        screen: Of leave_one_out: how many features are left out, those that input × gradient puts
            first; the others have no number. None leaves out each.
        baseline: Text that stands where a feature is absent, or a function that is given the
            prompt (as the model reads it) and the flags of the present features and returns the
            whole text.
        steps: Points on the path of integrated gradients.
        path_from: Embedding at which that path begins: "zero", "mean" or "pad".
        max_new_tokens: Longest continuation the model writes where none is given.
        batch_tokens: Most tokens in a forward pass; None chooses.
        cache: A file that keeps evaluations between runs; None keeps them for this run only.
        progress: Told of the steps.
    """

    method: str = recorded_at("method", "name", default="shapley")
    of: str = recorded_at("method", "of", default="logprob")
    against: str | None = None
    budget: int | None = recorded_at("method", "budget", default=None)
    tolerance: float | None = recorded_at("method", "tolerance", default=None)
    seed: int = 0
    screen: int | None = recorded_at("method", "screen", default=None)
    baseline: Baseline = recorded_at("method", "baseline", default="")
    steps: int = recorded_at("method", "steps", default=STEPS)
    path_from: str = recorded_at("method", "path_from", default="zero")
    max_new_tokens: int = MAX_NEW_TOKENS
    batch_tokens: int | None = recorded_at("method", "batch_tokens", default=None)
    cache: str | Path | None = unrecorded(default=None)
    progress: Progress = unrecorded(default=standard)

    @property
    def allowed(self) -> Budget:
        """Budget, tolerance and seed as methods take them."""
        evaluations = EVALUATIONS if self.budget is None else self.budget
        return Budget(evaluations, self.tolerance, self.seed)

    def resolved(self, features: int) -> Self:
        """Return settings that say what a budget that was left open comes to."""
        if self.budget is not None:
            return self
        tolerance = self.tolerance
        if tolerance is None and not self.allowed.covers(features):
            tolerance = TOLERANCES.get(self.of)
        return replace(self, budget=EVALUATIONS, tolerance=tolerance)

    def stops(self, features: int) -> str | None:
        """Return of how many sets of features some are a sample, and when that ends.

        None where a method evaluates what it needs, all sets or a few.
        """
        method = every_method().get(self.method)
        allowed = self.resolved(features).allowed
        if method is None or not method.samples or allowed.covers(features):
            return None
        if allowed.tolerance is None:
            return f"of 2^{features} (--budget)"
        return (
            f"of 2^{features} until no standard error exceeds {allowed.tolerance:g} (--tolerance)"
        )

    def to_document(self) -> dict[str, Any]:
        """Return the record; of a path only where the method is one by gradients."""
        document = super().to_document()
        if self.screen is None:
            del document["method"]["screen"]
        if self.method not in GRADIENT_METHODS:
            del document["method"]["steps"], document["method"]["path_from"]
        return document

    @staticmethod
    def encoded(name: str, value: Any) -> Any:
        """Return a field's value as JSON has it; a function as baseline by its name."""
        return recorded(value) if name == "baseline" else Settings.encoded(name, value)

    @staticmethod
    def decoded(name: str, value: Any) -> Any:
        """Return a field's value from what JSON had.

        Raises:
            InputError: The baseline was a Python function, which no file keeps.
        """
        if name == "baseline" and was_a_function(value):
            raise InputError(
                "The map was made with a Python function as baseline, which no file keeps; it "
                "cannot be computed again."
            )
        # A run that was not sampled records no seed.
        return 0 if name == "seed" and value is None else Settings.decoded(name, value)


def check(prompt: Prompt, targets: Sequence[str | None], settings: AttributionSettings) -> None:
    """Check all that needs no model.

    Raises:
        InputError: The method or value is unknown or lacks a package, a target is empty, there is
            no feature, or the budget does not suffice for so many.
    """
    methods = every_method()
    if METHODS.failed(settings.method):
        METHODS.require(settings.method)
    for name, given, known in (
        ("method", settings.method, (*methods, *GRADIENT_METHODS)),
        ("value", settings.of, TOKEN_VALUES),
        ("beginning of a path", settings.path_from, PATH_BASELINES),
    ):
        if given not in known:
            raise InputError(f"The {name} {given!r} is not known; {advice(given, known)}.")
    if not prompt.features and not read_marks(settings.system or "")[1]:
        raise InputError(
            "The prompt has no feature; mark what is to be measured with [[ and ]], "
            'as in "A: [[9 + 3 = 12]]."'
        )
    for text, name in (
        (settings.against, "text to compare with"),
        *((t, "target") for t in targets),
    ):
        require_text(text, name)
    if settings.screen is not None:
        _check_screen(settings, settings.screen)
    elif settings.method in methods:
        methods[settings.method].require_affordable(len(prompt.features), settings.allowed)
    if settings.steps < 1:
        raise InputError(f"A path needs at least 1 step, not {settings.steps}.")


def _check_screen(settings: AttributionSettings, screen: int) -> None:
    if settings.method != LeaveOneOut.name:
        raise InputError(
            f"A screen belongs to leave_one_out, not to {settings.method}; leave out --screen, or "
            "choose that method."
        )
    if screen < 1:
        raise InputError(f"A screen lets at least 1 feature through, not {screen}.")
    if screen + 2 > settings.allowed.evaluations:
        raise InputError(
            f"A screen of {screen:,} features takes {screen + 2:,} evaluations, but the budget is "
            f"{settings.allowed.evaluations:,}; raise --budget or let fewer through."
        )


def require_no_interactions(settings: AttributionSettings) -> None:
    """Raise InputError where interactions are asked for as if they had a row for each token."""
    if settings.method == INTERACTIONS.name:
        raise InputError(
            "Interactions draw features against features, which is a map of another shape; ask "
            "for them with bathyscope.interact."
        )
