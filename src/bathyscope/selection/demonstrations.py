"""Demonstrations in a prompt, and what they do to the probability of right answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.progress import Progress, standard
from bathyscope.problems.problem import Problem
from bathyscope.selection.pool import Item

if TYPE_CHECKING:
    from bathyscope.model.language_model import LanguageModel
    from bathyscope.model.scores import Scores

TRIGGER = "The answer is"
"""What stands before an answer, in demonstrations and where right answers are scored."""

STOP = "\n\n"
"""What stands between demonstrations, and ends an answer."""


def shown(items: Sequence[Item]) -> str:
    r"""Return demonstrations as text: `Q: …\nA: … The answer is ….\n\n`, one after the other.

    White space inside a rationale becomes one space, as in the programs of both papers.
    """
    texts = []
    for item in items:
        rationale = " ".join(item.rationale.split())
        worked = f" {rationale}" if rationale else ""
        texts.append(f"{item.asked}{worked} {TRIGGER} {item.prediction.strip()}.{STOP}")
    return "".join(texts)


def asked(question: str) -> str:
    r"""Return a question as it stands behind demonstrations: `Q: …\nA:`."""
    return f"Q: {question}\nA:"


Set = tuple[int, ...]
"""Positions in a pool, in the order in which they are shown."""


class Gains(Protocol):
    """Gains of questions by sets of demonstrations."""

    def log_probs(self, sets: Sequence[Set], stage: str = ...) -> FloatArray:
        """Return ln p of the right answers, shape (sets, questions), nats."""


class RightAnswers:
    """Right answers to questions, scored after sets of demonstrations, each set once.

    The value is ln p(right answer and its full stop | demonstrations, question, "The answer is"),
    summed over the answer's tokens, natural logarithm. The model is not let reason before it: a
    demonstration's effect is measured without what a written solution would add by chance.
    """

    def __init__(
        self,
        model: "LanguageModel",
        pool: Sequence[Item],
        questions: Sequence[Problem],
        progress: Progress = standard,
    ) -> None:
        """Ask a model of a pool's items and questions."""
        self._model, self._pool, self._questions = model, pool, questions
        self._progress = progress
        self._known: dict[Set, FloatArray] = {}
        self.num_tokens = 0

    def log_probs(self, sets: Sequence[Set], stage: str = "score right answers") -> FloatArray:
        """Return ln p of the right answers, shape (sets, questions), nats."""
        missing = [one for one in dict.fromkeys(sets) if one not in self._known]
        if missing:
            found = self._scored(missing, stage)
            self._known |= dict(zip(missing, found, strict=True))
        return np.array([self._known[one] for one in sets])

    def _scored(self, sets: Sequence[Set], stage: str) -> FloatArray:
        continuations = [
            self._model.tokens.continuation(
                f"{shown([self._pool[at] for at in one])}{asked(problem.question)} {TRIGGER}",
                f" {problem.answer}.",
            )
            for one in sets
            for problem in self._questions
        ]
        values = np.zeros(len(continuations))
        done = 0
        self._progress(stage, 0, len(values))

        def deliver(index: int, scores: "Scores") -> None:
            nonlocal done
            values[index] = float(scores.log_probs.sum())
            done += 1
            self._progress(stage, done, len(values))

        prompts = [one.prompt_ids for one in continuations]
        self._model.score(prompts, [one.target_ids for one in continuations], deliver)
        self.num_tokens += sum(map(len, prompts))
        return values.reshape(len(sets), len(self._questions))
