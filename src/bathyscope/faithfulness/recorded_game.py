"""Game of a saved attribution run, to be played again."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bathyscope.attribution.evaluations import Evaluations
from bathyscope.attribution.prompt_game import Witness, answers_game, valued
from bathyscope.core.errors import InputError
from bathyscope.core.progress import Progress, standard
from bathyscope.faithfulness.curves import require_an_order
from bathyscope.games.game import Game
from bathyscope.games.methods import METHODS
from bathyscope.model.provenance import prompt_of, require_same_model, source_of, was_a_function
from bathyscope.model.scorer import Scorer
from bathyscope.model.tokens import Continuation, Tokens
from bathyscope.prompt import Prompt
from bathyscope.runs.attribution import AttributionRun

TOLERANCE = 0.05
"""Nats by which ln p of a token may differ from the run's: devices and batches round otherwise, by
far less; another model or another baseline differs by far more."""


@dataclass(frozen=True)
class Question:
    """Question that a run asked of its model.

    Attributes:
        prompt: The prompt as the model read it, a chat template included, and its features.
        given: The continuation as it was given; None where the model wrote it.
        target_ids: Its token ids.
        method: Name of the method.
        measured: What the map measures of a token, its `of`.
        baseline: Text that stands where a feature is absent.
        model: Provenance of the model.
    """

    prompt: Prompt
    given: str | None
    target_ids: tuple[int, ...]
    method: str
    measured: str
    baseline: str
    model: dict[str, Any]

    @classmethod
    def of(cls, run: AttributionRun) -> "Question":
        """Read the question of a run.

        Raises:
            InputError: It is damaged, has one feature, or what stood for absent features was a
                Python function.
        """
        provenance = run.heatmap.provenance
        try:
            question = cls(
                prompt_of(provenance),
                provenance["given"],
                tuple(provenance["target_ids"]),
                provenance["method"]["name"],
                provenance["method"].get("of", "logprob"),
                provenance["method"]["baseline"],
                dict(provenance["model"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"The run is damaged: {error!r} where it says how it was made."
            ) from error
        question._require_fit(run)
        return question

    @property
    def source(self) -> str | None:
        """What `load` was given for the model: None for the embedded one.

        Raises:
            InputError: The model had been in memory, so nothing says where it is.
        """
        return source_of(self.model)

    def answers(
        self,
        model: Scorer,
        batch_tokens: int | None = None,
        evaluations: Evaluations | None = None,
        progress: Progress = standard,
        witness: Witness | None = None,
    ) -> Game:
        """Return the run's game of answers on a model that is the same.

        Raises:
            InputError: The model is another one, or makes other tokens of the target.
        """
        require_same_model(self.model, model)
        continuations = [self.continuation(model.tokens)]
        return answers_game(
            model,
            self.prompt,
            continuations,
            self.baseline,
            batch_tokens,
            evaluations,
            progress,
            witness,
        )

    def continuation(self, tokens: Tokens) -> Continuation:
        """Return the continuation with the run's token ids: a given one is tokenised again.

        Raises:
            InputError: The tokenizer does not make these ids of it.
        """
        if self.given is None:
            return Continuation(tokens.encode(self.prompt.text), self.target_ids, None)
        continuation = tokens.continuation(self.prompt.text, self.given)
        if continuation.target_ids != self.target_ids:
            raise InputError(
                f"The tokenizer makes other tokens of the target {self.given!r} than the run has; "
                "its map is of another tokenizer."
            )
        return continuation

    def require_values(self, run: AttributionRun, game: Game, dtype: str) -> None:
        """Refuse a game of answers that does not give the run's own ln p of its target.

        With all features and with none; in a gradient method's run none is no prompt but the
        beginning of a path. Lower precision rounds too much to tell, and other values than ln p
        are not compared.

        Raises:
            InputError: They differ by more than `TOLERANCE`.
        """
        exact = ("float32", "float64")
        if dtype not in exact or self.model.get("dtype") not in exact or self.measured != "logprob":
            return
        log_probs = valued(game, "logprob")
        apart = float(np.abs(log_probs.all() - run.all).max())
        if self.method in METHODS:
            apart = max(apart, float(np.abs(log_probs.none() - run.none).max()))
        if not apart <= TOLERANCE:
            raise InputError(
                f"The model gives ln p of a target token {apart:.2g} nats away from what the run "
                "holds, so it is not the model, or not the prompt, of this map."
            )

    def _require_fit(self, run: AttributionRun) -> None:
        """Refuse a map that is not target tokens × features, or whose game cannot be rebuilt."""
        if run.heatmap.provenance.get("against") is not None:
            raise InputError(
                "The run compares two continuations; only the map of one can be evaluated."
            )
        if "grouped_from" in run.heatmap.provenance:
            raise InputError(
                "The run's columns were grouped; evaluate the run that they were grouped from."
            )
        shape = len(self.target_ids), len(self.prompt.features)
        if run.heatmap.values.shape != shape:
            raise InputError(
                f"The run's map has shape {run.heatmap.values.shape}, but its target and features "
                f"need {shape}; only a map of target tokens × features can be evaluated."
            )
        if not isinstance(self.baseline, str) or was_a_function(self.baseline):
            raise InputError(
                "The run was made with a Python function as baseline, which a run does not keep; "
                "use bathyscope.evaluate with the function instead."
            )
        require_an_order(len(self.prompt.features))
