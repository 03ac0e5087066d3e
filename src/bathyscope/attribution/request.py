"""A question to the game: several targets at once, each with its part of what is common."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.attribution.contrast import Contrast, align
from bathyscope.attribution.evaluations import Evaluations, stored_evaluations
from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.methods import method_named
from bathyscope.attribution.prompt_game import Score, Witness, answers_game, valued
from bathyscope.attribution.settings import AttributionSettings
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, FloatArray
from bathyscope.core.noting import note
from bathyscope.games.game import Coalitions, Game
from bathyscope.model.provenance import continuation_of, named, provenance_of
from bathyscope.model.scorer import Scorer, require_scorer
from bathyscope.model.tokens import Continuation
from bathyscope.model.whole import GRADIENTS, language_model, whole_model
from bathyscope.prompt import Prompt
from bathyscope.prompt.notes import notes
from bathyscope.runs.evidence import Evidence

# Of a model's record: a hub model has no hash, and bits or adapter change what files say.
_TOLD_APART_BY = ("sha256", "revision", "adapter", "weights", "dtype", "class")


@dataclass(frozen=True)
class Request:
    """One question to the game: the targets and what they are compared with, all at once.

    Attributes:
        model: The model that is asked.
        prompt: The prompt as the model reads it.
        continuations: The targets, and last what they are compared with.
        settings: How it is asked.
        answers: The game of all that the model says of them, `prompt_game.answers_game`.
        witness: Saw what was scored, and knows how probable the continuations are.
    """

    model: Scorer
    prompt: Prompt
    continuations: list[Continuation]
    settings: AttributionSettings
    answers: Game
    witness: Witness

    def by(self, method: str) -> "Request":
        """Return the same question for another method; evaluations are shared."""
        return replace(self, settings=replace(self.settings, method=method))

    @property
    def texts(self) -> list[str | None]:
        """The targets as they were given, None where the model wrote one."""
        texts = [continuation.text for continuation in self.continuations]
        return texts if self.settings.against is None else texts[:-1]

    def part(self, index: int) -> Game:
        """Return the game of one target's tokens; evaluations stay in the game of all."""
        game = valued(self.answers, self.settings.of)
        sizes = [len(continuation.target_ids) for continuation in self.continuations]
        own = slice(sum(sizes[:index]), sum(sizes[: index + 1]))

        def evaluate(coalitions: Coalitions) -> FloatArray:
            values: FloatArray = game.values(coalitions)[:, own]
            return values

        return Game(game.num_features, evaluate)

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

        game = contrast.game(Game(self.answers.num_features, both))
        return game, contrast.axis(rows, self.model.tokens.axis("target token", other))

    def evidence(self, index: int) -> Evidence | None:
        """Return how probable one target was; ask last, when the game has been played."""
        return self.witness.evidence(self.continuations[index])

    def against_evidence(self) -> Evidence | None:
        """Return the same of what the targets are compared with; None without."""
        return None if self.settings.against is None else self.evidence(-1)

    def notes(self, index: int) -> tuple[str, ...]:
        """Return what is worth knowing about one target and what it is compared with."""
        asked = [self.continuations[index]]
        asked += [] if self.settings.against is None else [self.continuations[-1]]
        tokens, prompt = self.model.tokens, self.prompt.text
        return tuple(one for each in asked for one in tokens.where_they_meet(prompt, each))

    def provenance(self, index: int, sampled: bool = False) -> dict[str, Any]:
        """Return where the numbers of one target come from."""
        settings, method = self.settings, method_named(self.settings.method)
        record = settings.to_document()
        record["method"] |= {
            "definition": None if method is None else method.definition,
            "evaluations": self.answers.num_evaluations,
            "exact": not sampled,
            "draws": getattr(method, "draws", None) if sampled else None,
            "cache": settings.cache is not None,
            "whole_prompts_because": _whole_prompts_because(self.model, settings),
        }
        return {
            **provenance_of(self.model, self.prompt, self.continuations[index]),
            **record,
            "seed": settings.seed if sampled else None,
            "features": [list(span) for span in self.prompt.features],
            "segmenter": self.prompt.segmenter,
            **named(self.prompt),
            "targets": self.texts,
            "target_index": index,
        }


@contextmanager
def requesting(
    model: Scorer,
    prompt: Prompt,
    targets: Sequence[str | None],
    settings: AttributionSettings,
) -> Iterator[Request]:
    """Yield the question to the game of all targets, with its evaluations kept where wanted."""
    prompt = as_read(model, prompt, settings)
    texts = [*targets] if settings.against is None else [*targets, settings.against]
    continuations = [
        continuation_of(model, prompt.text, text, settings.max_new_tokens, settings.progress)
        for text in texts
    ]
    with kept_evaluations(model, settings.cache) as evaluations:
        yield request_of(model, prompt, continuations, settings, evaluations)


def as_read(model: Scorer, prompt: Prompt, settings: AttributionSettings) -> Prompt:
    """Return a prompt as the model reads it, and note what is worth knowing about that."""
    require_scorer(model)
    require_method(model, settings.method)
    if settings.screen is not None:
        whole_model(model, "A screen by input × gradient", GRADIENTS)
    prompt = settings.asked(model.tokens, prompt)
    note(*prompt.notes, *notes(prompt, model.tokens.spans, removed=settings.baseline == ""))
    whole = _whole_prompts_because(model, settings)
    if whole is not None:
        note(f"Whole prompts are scored: {whole}.")
    return prompt


def request_of(
    model: Scorer,
    prompt: Prompt,
    continuations: list[Continuation],
    settings: AttributionSettings,
    evaluations: Evaluations,
    score: Score | None = None,
) -> Request:
    """Return the question to the game of some continuations.

    Args:
        model: The model.
        prompt: The prompt as the model reads it.
        continuations: The targets, and last what they are compared with.
        settings: How it is asked.
        evaluations: What is known already.
        score: What scores; None takes the model.
    """
    witness = Witness(model, continuations, score)
    answers = answers_game(
        model,
        prompt,
        continuations,
        settings.baseline,
        settings.batch_tokens,
        evaluations,
        settings.progress,
        witness,
        score,
    )
    asked = settings.resolved(len(prompt.features))
    return Request(model, prompt, continuations, asked, answers, witness)


def require_method(model: Scorer, method: str) -> None:
    """Raise InputError where a method asks more of a model than scores."""
    if method in GRADIENT_METHODS:
        whole_model(model, f"The method {method!r}", GRADIENTS)


def _whole_prompts_because(model: Scorer, settings: AttributionSettings) -> str | None:
    """Return why prompts share no computation; None where they do, or where none is scored."""
    whole = language_model(model)
    return None if whole is None or settings.method in GRADIENT_METHODS else whole.why_not_shared


@contextmanager
def kept_evaluations(model: Scorer, cache: str | Path | None) -> Iterator[Evaluations]:
    """Open the file that keeps evaluations of a model; None keeps them in memory.

    Raises:
        InputError: Nothing tells the model from others, or the file cannot be used.
    """
    if cache is None:
        yield Evaluations()
        return
    identity = {key: model.provenance.get(key) for key in _TOLD_APART_BY}
    if identity["sha256"] is None and identity["revision"] is None:
        raise InputError(
            "Evaluations can be kept only for a model that is known by a hash or a revision; "
            "load it with bathyscope.load, or leave the cache out."
        )
    with stored_evaluations(Path(cache), str(sorted(identity.items()))) as evaluations:
        yield evaluations
