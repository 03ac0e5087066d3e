"""Faithfulness as functions: evaluate a saved map, or several methods on one prompt."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from bathyscope.attribution.attribute import attribution_runs
from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.prompt_game import Witness, valued
from bathyscope.attribution.request import kept_evaluations, requesting, require_method
from bathyscope.attribution.settings import AttributionOverrides, AttributionSettings, check
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, Quantity
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import note, notes_kept
from bathyscope.core.progress import Progress, standard
from bathyscope.faithfulness.measure import Candidate, Measured, measure
from bathyscope.faithfulness.random_orders import require_curves
from bathyscope.faithfulness.recorded_game import Question
from bathyscope.games.estimate import EVALUATIONS, Budget
from bathyscope.games.game import Game
from bathyscope.games.methods import METHODS
from bathyscope.model.provenance import named, provenance_of
from bathyscope.model.scorer import Scorer, require_scorer
from bathyscope.prompt import Prompt, as_prompt
from bathyscope.prompt.labels import feature_axis
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.faithfulness import FaithfulnessRun

CURVE = Quantity(
    name="log-probability of the target", unit="nats", legend="nats: ln p of the whole target"
)
"""A point of a curve: Σ_t ln p(y_t | the features that are present, y_<t). Natural logarithm."""


@keywords_checked
@notes_kept
def evaluate(
    model: Scorer,
    prompt: str | Prompt,
    target: str | None = None,
    *,
    methods: Sequence[str],
    settings: AttributionSettings | None = None,
    **overrides: Unpack[AttributionOverrides],
) -> FaithfulnessRun:
    """Map one prompt by several methods and evaluate how faithful the maps are.

    All methods and the curves play one game, so that no coalition is evaluated twice. Whatever
    the maps measure of a token (`of`), the curves are of ln p of the whole target: maps of
    different values are ranked by what the model then writes.

    Args:
        model: A loaded model; for methods that leave out text, any `Scorer`.
        prompt: The prompt and its features, at least two; a text is read as `Prompt.marked` reads
            it.
        target: The continuation; None has the model write it, greedily.
        methods: Names in `games.methods.METHODS` or `GRADIENT_METHODS`.
        settings: How the maps are made; `budget` is the most coalitions for each method, and for
            the curves.
        **overrides: Fields of the settings to replace.

    Raises:
        InputError: A method is unknown or named twice, there are fewer than two features, the
            budget is too small, or two continuations are compared.
    """
    chosen = AttributionSettings.chosen(settings, overrides)
    marked = as_prompt(prompt)
    check_methods(marked, target, methods, chosen)
    require_scorer(model)
    for name in methods:
        require_method(model, name)
    with requesting(model, marked, [target], chosen) as request:
        note(*request.notes(0))
        runs = [attribution_runs(request.by(name), 1)[0] for name in methods]
        provenance = provenance_of(model, request.prompt, request.continuations[0])
        provenance |= _how_made(runs, chosen.batch_tokens)
        found = _run(request.answers, request.prompt, runs, chosen.allowed, provenance)
        return replace(found, evidence=request.evidence(0))


@keywords_checked
@notes_kept
def evaluate_run(
    model: Scorer,
    run: AttributionRun,
    *,
    budget: int = EVALUATIONS,
    seed: int = 0,
    batch_tokens: int | None = None,
    cache: str | Path | None = None,
    progress: Progress = standard,
) -> FaithfulnessRun:
    """Evaluate how faithful the map of a run is, on the model that it was computed with.

    Args:
        model: The same model, loaded, or the same `Scorer`.
        run: The run, as computed or opened.
        budget: The most coalitions for the curves.
        seed: Where the random orders start.
        batch_tokens: Most tokens in a forward pass; None chooses.
        cache: A file that keeps evaluations between runs; the map's own, where it has one, spares
            all that the map evaluated.
        progress: Told of the steps.

    Raises:
        InputError: The run's game cannot be rebuilt or is not the model's, it has one feature, or
            the budget is too small.
    """
    allowed = Budget(budget, seed=seed)
    require_scorer(model)
    question = Question.of(run)
    require_curves(len(question.prompt.features), allowed)
    with kept_evaluations(model, cache) as evaluations:
        continuation = question.continuation(model.tokens)
        note(*model.tokens.where_they_meet(question.prompt.text, continuation))
        witness = Witness(model, [continuation])
        game = question.answers(model, batch_tokens, evaluations, progress, witness)
        question.require_values(run, game, model.provenance["dtype"])
        provenance = provenance_of(model, question.prompt, continuation)
        provenance |= _how_made([run], batch_tokens)
        found = _run(game, question.prompt, [run], allowed, provenance)
        return replace(found, evidence=run.evidence or witness.evidence(continuation))


def check_methods(
    prompt: Prompt, target: str | None, methods: Sequence[str], settings: AttributionSettings
) -> None:
    """Raise InputError for what can be seen to be wrong without a model."""
    known = (*METHODS, *GRADIENT_METHODS)
    if not methods:
        raise InputError("No method is named; name at least one, as in --methods shapley,banzhaf.")
    if settings.against is not None:
        raise InputError(
            "Only maps of one continuation can be evaluated; leave out what it is compared with."
        )
    for name in methods:
        if name not in known:
            raise InputError(
                f"The method {name!r} is not known here; choose from {', '.join(known)}."
            )
        check(prompt, [target], replace(settings, method=name))
        if methods.count(name) > 1:
            raise InputError(f"The method {name!r} is named twice; name each once.")
    require_curves(len(prompt.features), settings.allowed)


def _how_made(runs: Sequence[AttributionRun], batch_tokens: int | None) -> dict[str, Any]:
    """Return what the maps say of themselves, but for evaluations, which they share."""
    made = [run.heatmap.provenance for run in runs]
    methods = [{**one["method"], "seed": one.get("seed")} for one in made]
    for method in methods:
        method.pop("evaluations", None)
    return {
        "chat": made[0].get("chat", False),
        "baseline": made[0]["method"]["baseline"],
        "methods": methods,
        "batch_tokens": batch_tokens,
    }


def _run(
    game: Game,
    prompt: Prompt,
    runs: Sequence[AttributionRun],
    budget: Budget,
    provenance: dict[str, Any],
) -> FaithfulnessRun:
    """Measure the maps of runs by the game of answers that they share."""
    candidates = [
        Candidate(run.heatmap.provenance["method"]["name"], run.heatmap.values, run.halves)
        for run in runs
    ]
    found = measure(valued(game, "logprob"), candidates, budget)
    features = feature_axis(prompt)
    names = [*(ranked.name for ranked in found.maps), "random orders"]
    provenance |= {
        "features": [list(span) for span in prompt.features],
        "segmenter": prompt.segmenter,
        **named(prompt),
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
    notes = tuple(dict.fromkeys(note for run in runs for note in run.notes))
    return FaithfulnessRun(
        heatmap, features.labels, found.maps, found.random.reference, notes=notes
    )


def _rows(found: Measured) -> FloatArray:
    """Return the curves one below the other: deletion and insertion of each map, then random."""
    random = found.random.insertion
    deletion = np.vstack([found.curves.deletion, random[::-1]])
    insertion = np.vstack([found.curves.insertion, random])
    rows: FloatArray = np.stack([deletion, insertion], axis=1).reshape(-1, deletion.shape[1])
    return rows
