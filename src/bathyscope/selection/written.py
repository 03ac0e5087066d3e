"""WrittenAnswer answers: what a model writes after demonstrations, and whether it is right."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bathyscope.core.progress import Progress
from bathyscope.problems.problem import Problem
from bathyscope.selection.demonstrations import STOP, TRIGGER
from bathyscope.thinking.answer_rules.rules import Extract, extractor

if TYPE_CHECKING:
    from bathyscope.model.language_model import LanguageModel

_AT_ONCE = 32
_LETTER = re.compile(r"[A-Z]")


@dataclass(frozen=True)
class WrittenAnswer:
    """Answer that a model wrote to a question.

    Attributes:
        text: The text, up to its first blank line.
        answer: The answer that was read off it, or None.
        in_format: Whether it says "The answer is", and an answer stands behind.
        is_right: Whether the answer is the right one.
        num_tokens: Tokens written.
    """

    text: str
    answer: str | None
    in_format: bool
    is_right: bool
    num_tokens: int


def rule_for(questions: Sequence[Problem]) -> str:
    """Return the answer rule that suits questions: letters of choices, or numbers."""
    letters = all(_LETTER.fullmatch(problem.answer) for problem in questions)
    return "choice" if letters else "last-number"


def graded(text: str, num_tokens: int, problem: Problem, rule: str) -> WrittenAnswer:
    """Return what was written, read by an answer rule.

    In the right format an answer stands behind "The answer is", on the same line; what stands there
    first is read, as in the papers' programs. Otherwise the whole text is read.
    """
    text = text.partition(STOP)[0]
    extract = extractor(rule)
    _, trigger, rest = text.partition(TRIGGER)
    line = rest.lstrip().partition("\n")[0].partition(". ")[0]
    stated = extract(line) if trigger else None
    answer = extract(text) if stated is None else stated
    gold = _canonical(problem.answer, extract)
    return WrittenAnswer(text, answer, stated is not None, answer == gold, num_tokens)


def _canonical(answer: str, extract: Extract) -> str:
    """Return a right answer as the rule writes answers."""
    return extract(answer) or answer


def written(
    model: "LanguageModel",
    prompts: Sequence[str],
    max_new_tokens: int,
    progress: Progress,
    stage: str,
) -> list[tuple[str, int]]:
    """Return what the model writes after prompts, greedily up to a blank line, and its tokens."""
    from bathyscope.model.sequences import of_equal_length

    ids = [model.tokens.encode(prompt) for prompt in prompts]
    model.require_context(max(map(len, ids)) + max_new_tokens)
    found: dict[int, tuple[str, int]] = {}
    progress(stage, 0, len(prompts))
    for group in of_equal_length(ids):
        for first in range(0, len(group), _AT_ONCE):
            batch = group[first : first + _AT_ONCE]
            texts = _batch(model, [ids[at] for at in batch], max_new_tokens)
            found |= dict(zip(batch, texts, strict=True))
            progress(stage, len(found), len(prompts))
    return [found[at] for at in range(len(prompts))]


def _batch(
    model: "LanguageModel", prompts: Sequence[tuple[int, ...]], longest: int
) -> list[tuple[str, int]]:
    from bathyscope.model.sequences import Sequences, greedy

    sequences = Sequences(model, prompts, STOP)
    for step in range(longest):
        if all(sequences.ended):
            break
        if step:
            sequences.advance()
        sequences.choose(greedy)
    return [(model.tokens.decode(ids), len(ids)) for ids in sequences.token_ids]
