"""The game of a prompt: coalitions become texts, texts become scores of the targets' tokens."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from bathyscope.attribution.evaluations import Evaluations, Question
from bathyscope.attribution.token_value import TOKEN_VALUES
from bathyscope.core.errors import InputError, ModelError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.progress import Progress, standard
from bathyscope.games.game import Coalitions, Game
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.scorer import Deliver, Scorer, scored
from bathyscope.model.scores import Scores, evidence_of
from bathyscope.model.tokens import Continuation
from bathyscope.prompt import Baseline, Prompt
from bathyscope.runs.evidence import Evidence

STAGE = "evaluate coalitions"


class Score(Protocol):
    """Something that scores forced continuations, now or later."""

    def __call__(
        self,
        prompts: Sequence[Ids],
        targets: Sequence[Ids],
        deliver: Deliver,
        batch_tokens: int | None = None,
        standing: Collection[int] = (),
    ) -> None:
        """Score continuations; arguments as of `Scorer.score`."""


class Witness:
    """Notes how continuations stand after the whole prompt when they happen to be scored there."""

    def __init__(
        self, model: Scorer, continuations: Sequence[Continuation], score: Score | None = None
    ) -> None:
        """Watch for the continuations of a game; what nobody scored is asked of `score`."""
        self._model, self._score = model, score or partial(scored, model)
        self._seen: dict[Question, Scores | None] = {_whole(one): None for one in continuations}

    def watched(self, asked: Sequence[Question]) -> list[int]:
        """Return which of some questions it wants to see answered, as indices."""
        return [index for index, question in enumerate(asked) if question in self._seen]

    def see(self, asked: Question, scores: Scores) -> None:
        """Note the scores of a target after a prompt where it is one of these."""
        if asked in self._seen:
            self._seen[asked] = scores

    def evidence(self, continuation: Continuation) -> Evidence | None:
        """Return how probable a continuation was; one more forward pass where nobody scored it."""
        return self.evidence_of_scores(continuation.target_ids, self.scores(continuation))

    def evidence_of_scores(self, ids: Sequence[int], scores: Scores) -> Evidence | None:
        """Return how probable some tokens were, by what was said of them.

        Raises:
            ModelError: It cannot all be true.
        """
        found = evidence_of(self._model.tokens, ids, scores)
        try:
            if found is not None:
                found.require_sense()
        except ValueError as error:
            raise ModelError(
                f"{type(self._model).__name__} contradicts itself in how tokens stand: {error}."
            ) from error
        return found

    def scores(self, continuation: Continuation) -> Scores:
        """Return how the tokens of a continuation stand; likewise."""
        asked = _whole(continuation)
        if self._seen[asked] is None:  # its values were kept from before, or are read by gradients
            self._score(
                [asked[0]], [asked[1]], lambda _, scores: self.see(asked, scores), standing=[0]
            )
        scores = self._seen[asked]
        assert scores is not None
        return scores


def _whole(continuation: Continuation) -> Question:
    return continuation.prompt_ids, continuation.target_ids


def prompt_game(
    model: Scorer,
    prompt: Prompt,
    continuations: Sequence[Continuation],
    of: str = "logprob",
    baseline: Baseline = "",
    batch_tokens: int | None = None,
    evaluations: Evaluations | None = None,
    progress: Progress = standard,
) -> Game:
    """Return the game whose value is v_t(S) = ln p(y_t | prompt with S present, y_<t).

    Args:
        model: The model that is asked.
        prompt: The prompt and its features.
        continuations: The targets after the whole prompt.
        of: What is measured of a token, a name in `TOKEN_VALUES`.
        baseline: Text that stands where a feature is absent, or a function that rebuilds the
            prompt from which features are present.
        batch_tokens: Most tokens in a forward pass; None chooses.
        evaluations: What is known already, and where to keep what becomes known; None keeps it
            in memory for this game.
        progress: Told of every finished evaluation.

    Returns:
        A game with one value for each token of each target, target after target.
    """
    answers = answers_game(
        model, prompt, continuations, baseline, batch_tokens, evaluations, progress
    )
    return valued(answers, of)


def answers_game(
    model: Scorer,
    prompt: Prompt,
    continuations: Sequence[Continuation],
    baseline: Baseline = "",
    batch_tokens: int | None = None,
    evaluations: Evaluations | None = None,
    progress: Progress = standard,
    witness: Witness | None = None,
    score: Score | None = None,
) -> Game:
    """Return the game of all that `TOKEN_VALUES` are computed from: each is a view of one game.

    The targets' ids are those of the continuations, forced after every masked prompt. All
    targets are scored together: what their prompts share is computed once. Arguments as of
    `prompt_game`; the witness is shown everything that is scored, by `score` where another than
    the model's own is given.

    Returns:
        A game whose values are ln p of every token, target after target, then their logits.
    """
    known = Evaluations() if evaluations is None else evaluations

    def evaluate(coalitions: Coalitions) -> FloatArray:
        asked: list[Question] = []
        for present in coalitions.tolist():
            text = prompt.masked(present, baseline)
            asked += [
                (model.tokens.under_another_prompt(continuation, text), continuation.target_ids)
                for continuation in continuations
            ]
        how = score or partial(scored, model)
        score_missing(how, known, asked, batch_tokens, progress, witness)
        log_probs, logits = zip(*(known[question] for question in asked), strict=True)
        rows = len(coalitions)
        return np.hstack([np.concatenate(part).reshape(rows, -1) for part in (log_probs, logits)])

    return Game(len(prompt.features), evaluate)


def valued(answers: Game, of: str) -> Game:
    """Return the game of one of `TOKEN_VALUES`; evaluations stay in the game of answers."""

    def evaluate(coalitions: Coalitions) -> FloatArray:
        log_probs, logits = np.hsplit(answers.values(coalitions), 2)
        if of == "logit" and np.isnan(logits).any():
            raise InputError(
                "The model tells log-probabilities only, no logits; ask for logprob or "
                "probability (--value)."
            )
        return TOKEN_VALUES[of].measure(log_probs, logits)

    return Game(answers.num_features, evaluate)


def score_missing(
    score: Score,
    known: Evaluations,
    asked: Sequence[Question],
    batch_tokens: int | None,
    progress: Progress,
    witness: Witness | None = None,
) -> None:
    """Have the model score what is not known yet, each question once.

    Args:
        score: Scores continuations, as `scorer.scored` does of a model.
        known: What is known, and where to keep what becomes known.
        asked: Token ids of prompts and of the targets behind them.
        batch_tokens: Most tokens in a forward pass; None chooses.
        progress: Told of every finished evaluation.
        witness: Is shown what is scored.
    """
    missing = [question for question in dict.fromkeys(asked) if question not in known]
    total = len(set(asked))
    done = total - len(missing)
    progress(STAGE, done, total)

    def deliver(index: int, scores: Scores) -> None:
        nonlocal done
        logits = np.full_like(scores.log_probs, np.nan) if scores.logits is None else scores.logits
        known.add(missing[index], (scores.log_probs, logits))
        if witness is not None:
            witness.see(missing[index], scores)
        done += 1
        progress(STAGE, done, total)

    if missing:
        prompts, targets = zip(*missing, strict=True)
        watched = () if witness is None else witness.watched(missing)
        score(prompts, targets, deliver, batch_tokens, watched)
