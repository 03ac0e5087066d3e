"""How an attribution is asked for, and what can be seen to be wrong without a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.gradients import STEPS
from bathyscope.attribution.token_value import TOKEN_VALUES
from bathyscope.core.errors import InputError
from bathyscope.core.progress import Progress, silent
from bathyscope.games.estimate import EVALUATIONS, Budget
from bathyscope.games.methods import INTERACTIONS, METHODS
from bathyscope.model.gradients import PATH_BASELINES
from bathyscope.model.provenance import MAX_NEW_TOKENS, require_text
from bathyscope.prompt import Baseline, Prompt


@dataclass(frozen=True)
class Settings:
    """How an attribution is asked for.

    Attributes:
        method: A name in `games.methods.METHODS` or `GRADIENT_METHODS`.
        of: What is measured of a token: "logprob" (nats), "logit" or "probability".
        against: A continuation to compare with: the map explains the difference of the target
            and this one. None explains the target itself.
        budget: The most coalitions to evaluate; where that is all of them, the method is exact.
        tolerance: Standard error below which a sampled method stops early, in the unit of `of`.
        seed: Where a sampled method's random numbers start.
        baseline: Text that stands where a feature is absent, or a function that is given the
            prompt (as the model reads it) and the flags of the present features and returns the
            whole text.
        steps: Points on the path of integrated gradients.
        path_from: Embedding at which that path begins: "zero", "mean" or "pad".
        chat: Whether the prompt becomes a user's message in the model's chat template.
        max_new_tokens: Longest continuation the model writes where none is given.
        batch_tokens: Most tokens in a forward pass; None chooses.
        cache: A file that keeps evaluations between runs; None keeps them for this run only.
        progress: Told of the steps.
    """

    method: str = "shapley"
    of: str = "logprob"
    against: str | None = None
    budget: int = EVALUATIONS
    tolerance: float | None = None
    seed: int = 0
    baseline: Baseline = ""
    steps: int = STEPS
    path_from: str = "zero"
    chat: bool = False
    max_new_tokens: int = MAX_NEW_TOKENS
    batch_tokens: int | None = None
    cache: str | Path | None = None
    progress: Progress = silent

    @property
    def allowed(self) -> Budget:
        """Budget, tolerance and seed as methods take them."""
        return Budget(self.budget, self.tolerance, self.seed)


def settings_named(given: Mapping[str, Any]) -> Settings:
    """Return the settings of keywords.

    Raises:
        InputError: A keyword names no setting; the nearest one is named.
    """
    known = [field.name for field in fields(Settings)]
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            advice = f"did you mean {near[0]}?" if near else f"choose of {', '.join(known)}."
            raise InputError(f"There is no setting {name!r}; {advice}")
    return Settings(**given)


def check(prompt: Prompt, targets: Sequence[str | None], settings: Settings) -> None:
    """Check all that needs no model.

    Raises:
        InputError: The method or value is unknown or lacks a package, a target is empty, there is
            no feature, or the budget does not suffice for so many.
    """
    methods = {**METHODS, "interactions": INTERACTIONS}
    for name, given, known in (
        ("method", settings.method, (*methods, *GRADIENT_METHODS)),
        ("value", settings.of, TOKEN_VALUES),
        ("beginning of a path", settings.path_from, PATH_BASELINES),
    ):
        if given not in known:
            raise InputError(
                f"The {name} {given!r} is not known; choose one of {', '.join(known)}."
            )
    if not prompt.features:
        raise InputError(
            "The prompt has no feature; mark what is to be measured with [[ and ]], "
            'as in "A: [[9 + 3 = 12]]."'
        )
    for text, name in (
        (settings.against, "text to compare with"),
        *((t, "target") for t in targets),
    ):
        require_text(text, name)
    if settings.method in methods:
        methods[settings.method].require_affordable(len(prompt.features), settings.allowed)
    if settings.steps < 1:
        raise InputError(f"A path needs at least 1 step, not {settings.steps}.")
