"""Faithfulness as functions: evaluate a saved map, or several methods on one prompt."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from bathyscope.attributing import Settings, check
from bathyscope.attribution import METHODS
from bathyscope.attribution.estimate import EVALUATIONS, Budget, Estimate
from bathyscope.attribution.game import Game
from bathyscope.attribution.prompt_game import prompt_game
from bathyscope.errors import InputError
from bathyscope.evaluation.question import Question
from bathyscope.faithfulness.measure import Candidate, Measured, measure
from bathyscope.faithfulness.random_orders import require_curves
from bathyscope.faithfulness_run import FaithfulnessRun
from bathyscope.heatmap import Axis, FloatArray, Heatmap, Quantity
from bathyscope.model.chat import in_chat
from bathyscope.model.language_model import LanguageModel
from bathyscope.progress import Progress, silent
from bathyscope.prompt import Baseline, Prompt
from bathyscope.prompt.labels import feature_axis
from bathyscope.prompt.notes import notes
from bathyscope.questions import MAX_NEW_TOKENS, continuation_of, provenance_of
from bathyscope.runs import AttributionRun

CURVE = Quantity(
    name="log-probability of the target", unit="nats", legend="nats: ln p of the whole target"
)
"""A point of a curve: Σ_t ln p(y_t | the features that are present, y_<t). Natural logarithm."""


def evaluate(
    model: LanguageModel,
    prompt: Prompt,
    target: str | None = None,
    *,
    methods: Sequence[str],
    budget: int = EVALUATIONS,
    seed: int = 0,
    baseline: Baseline = "",
    chat: bool = False,
    max_new_tokens: int = MAX_NEW_TOKENS,
    batch_tokens: int | None = None,
    progress: Progress = silent,
) -> FaithfulnessRun:
    """Map one prompt by several methods and evaluate how faithful the maps are.

    All methods play one game, so that no coalition is evaluated twice.

    Args:
        model: A loaded model.
        prompt: The prompt and its features, at least two.
        target: The continuation; None has the model write it, greedily.
        methods: Names in `attribution.METHODS`.
        budget: The most coalitions for each method, and for the curves.
        seed: Where random numbers start.
        baseline: What stands where a feature is absent, as in `api.attribute`.
        chat: Whether the prompt becomes a user's message in the model's chat template.
        max_new_tokens: Longest continuation the model writes.
        batch_tokens: Most tokens in a forward pass; None chooses.
        progress: Told of the steps.

    Raises:
        InputError: A method is unknown or named twice, there are fewer than two features, or the
            budget is too small.
    """
    allowed = Budget(budget, seed=seed)
    check_methods(prompt, target, methods, allowed)
    prompt = in_chat(model.tokens, prompt) if chat else prompt
    for note in notes(prompt, model.tokens.spans, removed=baseline == ""):
        warnings.warn(note, stacklevel=2)
    continuation = continuation_of(model, prompt.text, target, max_new_tokens, progress)
    game = prompt_game(
        model,
        prompt,
        [continuation],
        baseline=baseline,
        batch_tokens=batch_tokens,
        progress=progress,
    )
    candidates = [_candidate(name, METHODS[name].estimate(game, allowed)) for name in methods]
    provenance = {
        **provenance_of(model, prompt.text, continuation),
        "chat": chat,
        "baseline": baseline if isinstance(baseline, str) else "function",
        "methods": [{"name": name, "budget": budget} for name in methods],
        "batch_tokens": batch_tokens,
    }
    return _run(game, prompt, candidates, allowed, provenance)


def evaluate_run(
    model: LanguageModel,
    run: AttributionRun,
    *,
    budget: int = EVALUATIONS,
    seed: int = 0,
    batch_tokens: int | None = None,
    progress: Progress = silent,
) -> FaithfulnessRun:
    """Evaluate how faithful the map of a run is, on the model that it was computed with.

    Args:
        model: The same model, loaded.
        run: The run, as computed or opened.
        budget: The most coalitions for the curves.
        seed: Where the random orders start.
        batch_tokens: Most tokens in a forward pass; None chooses.
        progress: Told of the steps.

    Raises:
        InputError: The run's game cannot be rebuilt or is not the model's, it has one feature, or
            the budget is too small.
    """
    allowed = Budget(budget, seed=seed)
    question = Question.of(run)
    require_curves(len(question.prompt.features), allowed)
    game = question.game(model, batch_tokens, progress)
    question.require_values(run, game, model.provenance["dtype"])
    made = run.heatmap.provenance
    provenance = {
        **provenance_of(model, question.prompt.text, question.continuation(model.tokens)),
        "chat": made.get("chat", False),
        "baseline": question.baseline,
        "methods": [{**made["method"], "seed": made.get("seed")}],
        "batch_tokens": batch_tokens,
    }
    candidate = Candidate(made["method"]["name"], run.heatmap.values, run.halves)
    return _run(game, question.prompt, [candidate], allowed, provenance)


def check_methods(
    prompt: Prompt, target: str | None, methods: Sequence[str], budget: Budget
) -> None:
    """Raise InputError for what can be seen to be wrong without a model."""
    if not methods:
        raise InputError("No method is named; name at least one, as in --methods shapley,banzhaf.")
    for name in methods:
        if name not in METHODS:
            raise InputError(
                f"The method {name!r} is not known here; choose from {', '.join(METHODS)}."
            )
        check(prompt, [target], Settings(method=name, budget=budget.evaluations, seed=budget.seed))
        if methods.count(name) > 1:
            raise InputError(f"The method {name!r} is named twice; name each once.")
    require_curves(len(prompt.features), budget)


def _candidate(name: str, estimate: Estimate) -> Candidate:
    halves = None if estimate.halves is None else np.stack(estimate.halves)
    return Candidate(name, estimate.values, halves)


def _run(
    game: Game,
    prompt: Prompt,
    candidates: Sequence[Candidate],
    budget: Budget,
    provenance: dict[str, Any],
) -> FaithfulnessRun:
    found = measure(game, candidates, budget)
    features = feature_axis(prompt)
    names = [*(ranked.name for ranked in found.maps), "random orders"]
    provenance |= {
        "features": [list(span) for span in prompt.features],
        "segmenter": prompt.segmenter,
        "seed": budget.seed,
        "budget": budget.evaluations,
        "evaluations": game.num_evaluations,
    }
    heatmap = Heatmap(
        values=_rows(found),
        rows=Axis("curve", tuple(f"{n}: {c}" for n in names for c in ("deletion", "insertion"))),
        columns=Axis("features moved", tuple(str(k) for k in range(len(features) + 1))),
        quantity=CURVE,
        provenance=provenance,
    )
    return FaithfulnessRun(heatmap, features.labels, found.maps, found.random.reference)


def _rows(found: Measured) -> FloatArray:
    """Return the curves one below the other: deletion and insertion of each map, then random."""
    random = found.random.insertion
    deletion = np.vstack([found.curves.deletion, random[::-1]])
    insertion = np.vstack([found.curves.insertion, random])
    rows: FloatArray = np.stack([deletion, insertion], axis=1).reshape(-1, deletion.shape[1])
    return rows
