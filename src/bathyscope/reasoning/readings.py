"""The three readings of a chain: what each computes, measures, and where it comes from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray, Quantity
from bathyscope.core.noting import note
from bathyscope.games.leave_one_out import cost_of_leave_one_out
from bathyscope.games.method import Method
from bathyscope.games.methods import METHODS
from bathyscope.model.language_model import LanguageModel
from bathyscope.reasoning.deletion import ChainGame, deletion_map
from bathyscope.reasoning.faithful import rankings
from bathyscope.reasoning.passages import Passages, evidence, require_hidden, require_rest
from bathyscope.reasoning.resampling import BOOTSTRAPS, SMOOTHING, Bootstrapped, resampled
from bathyscope.reasoning.settings import ChainSettings
from bathyscope.reasoning.suppression import log_divergence, published, suppressed
from bathyscope.runs.chain import Beside

ANCHORS = "Bogdan et al. 2025, Thought Anchors, arXiv 2506.19143"


@dataclass(frozen=True)
class Found:
    """Findings of a reading, before they are a run.

    Attributes:
        values: The map.
        quantity: What a cell measures.
        record: How: variant, definition, source, and what belongs to the variant.
        rows: Which of the rows the map has.
        columns: Which of the columns.
        more: Further fields of the run by name.
    """

    values: FloatArray
    quantity: Quantity
    record: Mapping[str, Any]
    rows: slice = field(default_factory=lambda: slice(None))
    columns: slice = field(default_factory=lambda: slice(None))
    more: Mapping[str, Any] = field(default_factory=dict)


OWED = Quantity(
    name="effect of a passage",
    unit="nats",
    neutral=0.0,
    legend="nats of log-probability of a step: + supports, − opposes",
)
"""Cell (r, c): by how many nats passage c raised Σ ln p of row r's tokens, by the method."""

DIVERGENCE = Quantity(
    name="divergence where a passage is unseen",
    unit="nats",
    neutral=0.0,
    legend="KL(seen ‖ unseen), nats, mean over a step's tokens",
)
"""Cell (r, c): mean over row r's tokens of KL(base ‖ suppressed), natural log, whole vocabulary."""

LOG_DIVERGENCE = Quantity(
    name="log divergence where a passage is unseen",
    unit="",
    neutral=0.0,
    legend="mean of ln(KL + 1e-9) of a step's tokens, less the row's mean",
)
"""Cell (r, c): mean of ln(KL + 1e-9) at temperature 0.6, less its mean over the steps before r."""

RAW_LOG_DIVERGENCE = Quantity(
    name="log divergence where a passage is unseen, as it is",
    legend="mean of ln(KL + 1e-9) of a step's tokens",
)

CHANGE = Quantity(
    name="change of log-probability where a passage is unseen",
    unit="nats",
    neutral=0.0,
    legend="ln p unseen − ln p seen, nats, mean over a step's tokens",
)

MEASURED = {
    "kl": Quantity(
        name="divergence of the answers without a step",
        unit="nats",
        neutral=0.0,
        legend="KL(answers without the step ‖ with it), nats",
    ),
    "total_variation": Quantity(
        name="total variation of the answers without a step",
        bounds=(0.0, 1.0),
        neutral=0.0,
        legend="half the sum of the changes of the answers' shares",
    ),
    "accuracy": Quantity(
        name="change of accuracy by a step",
        bounds=(-1.0, 1.0),
        neutral=0.0,
        legend="share of right answers with the step − without it",
    ),
}


def by_deletion(model: LanguageModel, passages: Passages, settings: ChainSettings) -> Found:
    """Return what each passage did to each row, by the settings' method."""
    method = METHODS.require(settings.method)
    require_affordable(method, len(passages.columns), settings)
    if model.why_not_shared is not None:
        note(f"Every text is scored by itself: {model.why_not_shared}.")
    require_rest(model.tokens, passages)
    game = ChainGame(model, passages, settings.batch_tokens, settings.progress)
    with np.errstate(invalid="ignore"):  # infinities make their own row unknown
        found = deletion_map(game, method, settings.allowed)
        # Curves cost as much again as leave-one-out, which is asked for where time is short.
        ranked = rankings(game, found.values) if method.samples else ()
    beside = {}
    if settings.method != "leave_one_out":
        beside["leave_one_out"] = Beside(OWED, found.leave_one_out)
    exact = found.standard_error is None
    return Found(
        found.values,
        OWED,
        {
            "variant": settings.method,
            "definition": "ln p of a step's tokens, forced, as passages before it are taken out "
            "of the text with the white space behind them; a cell is "
            + method.definition.replace("{exact}", "exact" if exact else "sampled"),
            "source": "deletion game over the steps of a response; methods as in games",
            "exact": exact,
            "evaluations": game.num_evaluations,
        },
        more={
            "all": found.all,
            "none": found.none,
            "standard_error": found.standard_error,
            "degrees_of_freedom": found.degrees_of_freedom,
            "unseen": found.unseen,
            "beside": beside,
            "rankings": ranked,
            "evidence": game.evidence(),
        },
    )


def require_affordable(method: Method, columns: int, settings: ChainSettings) -> None:
    """Raise InputError where the method cannot work with so many passages."""
    fewest, alone = method.fewest(columns), cost_of_leave_one_out(columns)
    if settings.budget < fewest:
        raise InputError(
            f"The {columns} passages before the answer need at least {fewest:,} evaluations by "
            f"{method.name}, but the budget is {settings.budget:,}; raise --budget, divide the "
            "response into longer steps (--steps)"
            + (f", or take --method leave_one_out ({alone:,})." if alone < fewest else ".")
        )
    method.require_affordable(columns, settings.allowed)


def by_suppression(model: LanguageModel, passages: Passages, settings: ChainSettings) -> Found:
    """Return what each row loses where a passage before it cannot be seen."""
    steps = slice(passages.num_parts, None)
    require_hidden(passages)
    if settings.variant == "kl":
        found = suppressed(model, passages, settings.progress)
        record = {
            "variant": "kl",
            "definition": "attention to a passage is suppressed in all layers and heads for every "
            "later position; a cell is the mean over the step's tokens of KL(base ‖ suppressed), "
            "whole vocabulary, natural logarithm, temperature 1",
            "source": f"{ANCHORS}, without its truncation",
        }
        more = {
            "beside": {"log_prob_change": Beside(CHANGE, found.change)},
            "evidence": evidence(model, passages),
        }
        return Found(found.divergence, DIVERGENCE, record, more=more)
    ours = settings.variant == "ln_kl"
    measure = log_divergence if ours else published
    values, raw = measure(model, passages, settings.progress)
    record = {
        "variant": settings.variant,
        "definition": "mean of ln(KL + 1e-9) of the step's tokens at temperature 0.6, less the "
        "row's mean over the steps before it; "
        + (
            "whole vocabulary, suppression for later positions"
            if ours
            else "nucleus of 0.9999, at most 100 tokens, suppression for every position, judged "
            "at the positions in the step"
        ),
        "source": f"{ANCHORS}, {'without its truncation' if ours else 'as its code computes it'}",
    }
    more = {
        "beside": {"log_divergence": Beside(RAW_LOG_DIVERGENCE, raw)},
        "evidence": evidence(model, passages),
    }
    return Found(values, LOG_DIVERGENCE, record, columns=steps, more=more)


def by_resampling(model: LanguageModel, passages: Passages, settings: ChainSettings) -> Found:
    """Return how the final answers change where each step is written anew."""
    found = resampled(model, passages, settings)
    all_measured: dict[str, tuple[Bootstrapped, ...] | None] = {
        "kl": found.divergence,
        "total_variation": found.variation,
        "accuracy": found.accuracy,
    }
    beside = {"different": Beside(_COUNT, np.array([found.different], dtype=np.float64))}
    for name, measured in all_measured.items():
        if measured is not None and name != settings.measure:
            beside[name] = Beside(MEASURED[name], _row(measured, "value"))
            beside[f"{name}_low"] = Beside(_end("lower", name), _row(measured, "low"))
            beside[f"{name}_high"] = Beside(_end("upper", name), _row(measured, "high"))
    chosen = all_measured[settings.measure]
    assert chosen is not None  # accuracy without gold is refused by the settings
    return Found(
        _row(chosen, "value"),
        MEASURED[settings.measure],
        {
            "variant": settings.measure,
            "definition": "a step is written anew; the final answers of continuations whose new "
            f"step means something else (cosine below {settings.same:g}, {settings.similarity}) "
            "are compared with those of continuations that keep it: "
            f"{MEASURED[settings.measure].legend}; KL with {SMOOTHING:g} added to every count",
            "source": f"{ANCHORS}: counterfactual importance",
            "bootstraps": BOOTSTRAPS,
            "tokens_written": found.tokens,
            "answers": [dict(sorted(one.items())) for one in found.answers],
        },
        rows=slice(-1, None),
        columns=slice(passages.num_parts, None),
        more={
            "standard_error": _row(chosen, "error"),
            "degrees_of_freedom": settings.n - 1,
            "low": _row(chosen, "low"),
            "high": _row(chosen, "high"),
            "beside": beside,
            "evidence": evidence(model, passages),
        },
    )


_COUNT = Quantity(
    name="continuations that replace a step", legend="continuations whose new step means another"
)


def _end(which: str, name: str) -> Quantity:
    return Quantity(name=f"{which} end of the interval of {MEASURED[name].name}")


def _row(measured: tuple[Bootstrapped, ...], name: str) -> FloatArray:
    return np.array([[getattr(one, name) for one in measured]], dtype=np.float64)


READERS: dict[str, Callable[[LanguageModel, Passages, ChainSettings], Found]] = {
    "deletion": by_deletion,
    "suppression": by_suppression,
    "resampling": by_resampling,
}
"""What computes each of `settings.READINGS`."""
