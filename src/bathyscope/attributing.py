"""What drove each token? From a prompt and its targets to maps: checked, asked, answered."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.attribution import ATTRIBUTION, INTERACTION, INTERACTIONS, METHODS, Method
from bathyscope.attribution.contrast import Contrast, align
from bathyscope.attribution.estimate import EVALUATIONS, Budget, Estimate
from bathyscope.attribution.evaluations import Evaluations, stored_evaluations
from bathyscope.attribution.game import Coalitions, Game
from bathyscope.attribution.interactions import interactions
from bathyscope.attribution.prompt_game import VALUES, prompt_game
from bathyscope.errors import InputError
from bathyscope.heatmap import Axis, FloatArray, Heatmap, Quantity
from bathyscope.model.chat import in_chat
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokens import Continuation
from bathyscope.progress import Progress, silent
from bathyscope.prompt import Baseline, Prompt
from bathyscope.prompt.labels import feature_axis
from bathyscope.prompt.notes import notes
from bathyscope.questions import MAX_NEW_TOKENS, continuation_of, provenance_of, require_text
from bathyscope.runs import AttributionRun, InteractionRun


@dataclass(frozen=True)
class Settings:
    """How an attribution is asked for.

    Attributes:
        method: A name in `attribution.METHODS`.
        of: What is measured of a token: "logprob" (nats), "logit" or "probability".
        against: A continuation to compare with: the map explains the difference of the target
            and this one. None explains the target itself.
        budget: The most coalitions to evaluate; where that is all of them, the method is exact.
        tolerance: Standard error below which a sampled method stops early, in the unit of `of`.
        seed: Where a sampled method's random numbers start.
        baseline: Text that stands where a feature is absent, or a function that is given the
            prompt (as the model reads it) and the flags of the present features and returns the
            whole text.
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
    chat: bool = False
    max_new_tokens: int = MAX_NEW_TOKENS
    batch_tokens: int | None = None
    cache: str | Path | None = None
    progress: Progress = silent

    @property
    def allowed(self) -> Budget:
        """Budget, tolerance and seed as methods take them."""
        return Budget(self.budget, self.tolerance, self.seed)


def check(prompt: Prompt, targets: Sequence[str | None], settings: Settings) -> Method:
    """Return the method, having checked all that needs no model.

    Raises:
        InputError: The method or value is unknown or lacks a package, a target is empty, there is
            no feature, or the budget does not suffice for so many.
    """
    methods = {**METHODS, "interactions": INTERACTIONS}
    for name, given, known in (
        ("method", settings.method, methods),
        ("value", settings.of, VALUES),
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
    method = methods[settings.method]
    method.require_affordable(len(prompt.features), settings.allowed)
    return method


@dataclass(frozen=True)
class _Asked:
    """One question to the game: the targets and what they are compared with, all at once."""

    model: LanguageModel
    prompt: Prompt
    continuations: list[Continuation]
    settings: Settings
    game: Game

    def part(self, index: int) -> Game:
        """Return the game of one target's tokens; evaluations stay in the game of all."""
        sizes = [len(continuation.target_ids) for continuation in self.continuations]
        own = slice(sum(sizes[:index]), sum(sizes[: index + 1]))

        def evaluate(coalitions: Coalitions) -> FloatArray:
            values: FloatArray = self.game.values(coalitions)[:, own]
            return values

        return Game(self.game.num_features, evaluate)

    def compared(self, index: int) -> tuple[Game, Axis]:
        """Return the game of one target, or of its difference to `against`, and its rows."""
        ids = self.continuations[index].target_ids
        rows = self.model.tokens.axis("target token", ids)
        if self.settings.against is None:
            return self.part(index), rows
        other = self.continuations[-1].target_ids
        contrast: Contrast = align(ids, other)
        this_game, other_game = self.part(index), self.part(len(self.continuations) - 1)

        def both(coalitions: Coalitions) -> FloatArray:
            return np.hstack([this_game.values(coalitions), other_game.values(coalitions)])

        game = contrast.game(Game(self.game.num_features, both))
        return game, contrast.axis(rows, self.model.tokens.axis("target token", other))

    def provenance(self, index: int, estimate: Estimate) -> dict[str, Any]:
        """Return where the numbers of one target come from."""
        settings, baseline = self.settings, self.settings.baseline
        return {
            **provenance_of(self.model, self.prompt.text, self.continuations[index]),
            "seed": None if estimate.standard_error is None else settings.seed,
            "features": [list(span) for span in self.prompt.features],
            "segmenter": self.prompt.segmenter,
            "chat": settings.chat,
            "against": settings.against,
            "method": {
                "name": settings.method,
                "of": settings.of,
                "baseline": baseline if isinstance(baseline, str) else _function_name(baseline),
                "evaluations": self.game.num_evaluations,
                "budget": settings.budget,
                "tolerance": settings.tolerance,
                "exact": estimate.standard_error is None,
                "batch_tokens": settings.batch_tokens,
                "prefixes_shared": self.model.why_not_shared or True,
            },
        }


def attribute_each(
    model: LanguageModel, prompt: Prompt, targets: Sequence[str | None], settings: Settings
) -> list[AttributionRun]:
    """Measure what each feature did to each token of several targets, sharing all common work.

    Returns:
        One run for each target: its map (target tokens × features), with the value of every
        token with all features and with none, and errors where the method sampled.
    """
    method = check(prompt, targets, settings)
    with _asked(model, prompt, targets, settings) as asked:
        return [_attribution(asked, index, method) for index in range(len(targets))]


def interact(
    model: LanguageModel,
    prompt: Prompt,
    target: str | None = None,
    token: int | None = None,
    settings: Settings | None = None,
) -> InteractionRun:
    """Measure what each two features do together: second-order Shapley interactions.

    Args:
        model: A loaded model.
        prompt: The prompt and its features.
        target: The continuation to explain; None has the model write it, greedily.
        token: Position of one target token, from 0; None takes the whole target.
        settings: How it is asked; the method is interactions, whatever stands there.

    Returns:
        A symmetric map (features × features), on the diagonal the Shapley values.
    """
    chosen = replace(settings or Settings(), method="interactions")
    check(prompt, [target], chosen)
    with _asked(model, prompt, [target], chosen) as asked:
        game, rows = asked.compared(0)
        if token is not None and not 0 <= token < len(rows):
            raise InputError(
                f"There is no target token {token}; they count from 0 to {len(rows) - 1}."
            )
        # The whole of a contrast has a row of its own already.
        part = len(rows) - 1 if token is None and chosen.against is not None else token
        estimate = interactions(game, chosen.allowed, part)
        axis = feature_axis(asked.prompt)
        provenance = {
            **asked.provenance(0, estimate),
            "token": None if token is None else {"position": token, "label": rows.labels[token]},
        }
    heatmap = Heatmap(estimate.values, axis, axis, _in_unit(INTERACTION, chosen.of), provenance)
    return InteractionRun(heatmap, estimate.standard_error, estimate.degrees_of_freedom)


def _attribution(asked: _Asked, index: int, method: Method) -> AttributionRun:
    game, rows = asked.compared(index)
    estimate = method.estimate(game, asked.settings.allowed)
    heatmap = Heatmap(
        values=estimate.values,
        rows=rows,
        columns=feature_axis(asked.prompt),
        quantity=_in_unit(ATTRIBUTION, asked.settings.of),
        provenance=asked.provenance(index, estimate),
    )
    whole_error = estimate.whole_target_error
    if asked.settings.against is not None and estimate.standard_error is not None:
        whole_error = estimate.standard_error[-1]
    return AttributionRun(
        heatmap=heatmap,
        all=game.all(),
        none=game.none(),
        standard_error=estimate.standard_error,
        degrees_of_freedom=estimate.degrees_of_freedom,
        whole_target_error=whole_error,
        halves=None if estimate.halves is None else np.stack(estimate.halves),
    )


@contextmanager
def _asked(
    model: LanguageModel, prompt: Prompt, targets: Sequence[str | None], settings: Settings
) -> Iterator[_Asked]:
    prompt = in_chat(model.tokens, prompt) if settings.chat else prompt
    for note in notes(prompt, model.tokens.spans, removed=settings.baseline == ""):
        warnings.warn(note, stacklevel=4)
    texts = [*targets] if settings.against is None else [*targets, settings.against]
    continuations = [
        continuation_of(model, prompt.text, text, settings.max_new_tokens, settings.progress)
        for text in texts
    ]
    with _evaluations(model, settings.cache) as evaluations:
        game = prompt_game(
            model,
            prompt,
            continuations,
            settings.of,
            settings.baseline,
            settings.batch_tokens,
            evaluations,
            settings.progress,
        )
        yield _Asked(model, prompt, continuations, settings, game)


@contextmanager
def _evaluations(model: LanguageModel, cache: str | Path | None) -> Iterator[Evaluations]:
    if cache is None:
        yield Evaluations()
        return
    identity = {key: model.provenance.get(key) for key in ("sha256", "revision", "dtype", "class")}
    if identity["sha256"] is None and identity["revision"] is None:
        raise InputError(
            "Evaluations can be kept only for a model that is known by a hash or a revision; "
            "load it with bathyscope.load, or leave the cache out."
        )
    with stored_evaluations(Path(cache), str(sorted(identity.items()))) as evaluations:
        yield evaluations


def _in_unit(quantity: Quantity, of: str) -> Quantity:
    unit, words = VALUES[of][:2]
    return replace(
        quantity, unit=unit, legend=quantity.legend.replace("nats of log-probability", words)
    )


def _function_name(function: object) -> str:
    return f"function {getattr(function, '__qualname__', type(function).__name__)}"
