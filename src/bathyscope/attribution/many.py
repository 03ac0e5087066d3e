"""Many prompts asked in one call: what all of them want scored goes through the model together."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple, NoReturn, Unpack

from bathyscope.attribution.attribute import attribution_runs
from bathyscope.attribution.evaluations import Evaluations
from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.prompt_game import STAGE
from bathyscope.attribution.request import (
    Request,
    as_read,
    kept_evaluations,
    request_of,
)
from bathyscope.attribution.settings import (
    AttributionOverrides,
    AttributionSettings,
    check,
    require_no_interactions,
)
from bathyscope.core.errors import BathyscopeError
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import noting
from bathyscope.core.progress import silent
from bathyscope.core.several import Failed, Several, one_for_each
from bathyscope.model.answers import PROMPTS_AT_ONCE, continuations_of
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.scorer import Deliver, Scorer, scored
from bathyscope.model.scores import Scores
from bathyscope.prompt import Prompt, as_prompt
from bathyscope.runs.attribution import AttributionRun

TOKENS_GATHERED = 16 * 1024
"""Questions are gathered until so many tokens are to be scored: passes are full, and the first
results do not wait for the last prompt."""


@keywords_checked
def attribute_many(
    model: Scorer,
    prompts: Sequence[str | Prompt],
    targets: Sequence[str | None] | None = None,
    *,
    foils: Sequence[str | None] | None = None,
    settings: AttributionSettings | None = None,
    failed: Failed | None = None,
    **overrides: Unpack[AttributionOverrides],
) -> Iterator[tuple[int, AttributionRun]]:
    """Attribution maps of many prompts, from one call that shares the passes through the model.

    Each run is the one that `attribute` gives for its prompt, up to rounding.

    Args:
        model: A loaded model; for methods that leave out text, any `Scorer`.
        prompts: The prompts and their features; texts are read as `Prompt.marked` reads them.
        targets: For each prompt the continuation to explain, None where the model is to write it;
            None has it write all of them.
        foils: For each prompt a continuation that its target is compared with, in the place of
            `against`; None where the settings hold.
        settings: How they are asked; None takes the defaults.
        failed: Told of the index and the error of a prompt that cannot be answered, which is then
            left out; None raises it, with its index.
        **overrides: Fields of the settings to replace, as of `attribute`.

    Returns:
        Indices of prompts and their runs, as they come.

    Raises:
        InputError: As of `attribute`: at the call where no model is needed to see it, else when it
            is met.
    """
    chosen = AttributionSettings.chosen(settings, overrides)
    require_no_interactions(chosen)
    texts = one_for_each(prompts, targets, "target")
    against = one_for_each(prompts, foils, "foil")
    several = Several(failed)
    asked: dict[int, _Asked] = {}
    for index, (given, target, foil) in enumerate(zip(prompts, texts, against, strict=True)):
        with several.answering(index):
            own = chosen if foil is None else replace(chosen, against=foil)
            prompt = as_prompt(given)
            check(prompt, [target], own)
            asked[index] = _Asked(prompt, target, own)
    return _attributed(model, asked, chosen, several)


class _Asked(NamedTuple):
    """A prompt, its target, and how it is asked."""

    prompt: Prompt
    target: str | None
    settings: AttributionSettings


def _attributed(
    model: Scorer, asked: Mapping[int, _Asked], settings: AttributionSettings, several: Several
) -> Iterator[tuple[int, AttributionRun]]:
    with kept_evaluations(model, settings.cache) as evaluations:
        gathering = _Gathering(model, settings, several, evaluations)
        waiting = iter(asked.items())
        while part := dict(islice(waiting, PROMPTS_AT_ONCE)):
            for question in _requests(model, part, settings, several, evaluations):
                yield from gathering.begin(question)
        yield from gathering.finish()


def _requests(
    model: Scorer,
    asked: Mapping[int, _Asked],
    settings: AttributionSettings,
    several: Several,
    evaluations: Evaluations,
) -> "list[_Question]":
    """Return the questions of some prompts, their targets written where they are not given."""
    read: dict[int, tuple[Prompt, list[str]]] = {}
    for index, one in asked.items():
        with several.answering(index), noting() as heard:
            read[index] = as_read(model, one.prompt, one.settings), heard
    plain = {index: prompt.text for index, (prompt, _) in read.items()}
    texts = {index: asked[index].target for index in plain}
    longest, progress = settings.max_new_tokens, settings.progress
    targets = continuations_of(model, plain, texts, longest, several, progress)
    # Gradients are no game that could be begun anew at no cost.
    score = None if settings.method in GRADIENT_METHODS else _later
    questions: list[_Question] = []
    for index, target in targets.items():
        with several.answering(index):
            (prompt, heard), own = read[index], asked[index].settings
            continuations = [target]
            if own.against is not None:
                continuations.append(model.tokens.continuation(prompt.text, own.against))
            known = Evaluations() if settings.cache is None else evaluations
            quietly = replace(own, progress=silent)
            request = request_of(model, prompt, continuations, quietly, known, score)
            questions.append(_Question(index, request, heard))
    return questions


class _Later(BaseException):
    """Prompts that a method wants scored before it can go on: it is begun anew when they are.

    Methods are pure functions of a game that remembers, so that beginning anew costs arithmetic
    alone. No error, so that nothing between takes it for one.
    """

    def __init__(
        self,
        prompts: Sequence[Ids],
        targets: Sequence[Ids],
        deliver: Deliver,
        standing: Collection[int],
    ) -> None:
        super().__init__()
        self.prompts, self.targets = prompts, targets
        self.deliver, self.standing = deliver, frozenset(standing)


def _later(
    prompts: Sequence[Ids],
    targets: Sequence[Ids],
    deliver: Deliver,
    batch_tokens: int | None = None,
    standing: Collection[int] = (),
) -> NoReturn:
    raise _Later(prompts, targets, deliver, standing)


@dataclass
class _Question:
    """A prompt, what was noted of it, and what its method wants scored before it can go on."""

    index: int
    request: Request
    heard: list[str]
    wanted: _Later | None = None

    @property
    def num_tokens(self) -> int:
        if self.wanted is None:
            return 0
        return sum(map(len, self.wanted.prompts)) + sum(map(len, self.wanted.targets))


class _Gathering:
    """Questions that wait until there are enough of them to be asked together."""

    def __init__(
        self,
        model: Scorer,
        settings: AttributionSettings,
        several: Several,
        evaluations: Evaluations,
    ) -> None:
        self._model, self._settings, self._several = model, settings, several
        self._evaluations = evaluations
        self._waiting: list[_Question] = []
        self._done = self._total = 0

    def begin(self, question: _Question) -> Iterator[tuple[int, AttributionRun]]:
        """Begin with a prompt; yield what runs can be had now."""
        yield from self._tried(question)
        while sum(one.num_tokens for one in self._waiting) >= TOKENS_GATHERED:
            yield from self._asked()

    def finish(self) -> Iterator[tuple[int, AttributionRun]]:
        """Yield the runs of all that still wait."""
        while self._waiting:
            yield from self._asked()

    def _tried(self, question: _Question) -> list[tuple[int, AttributionRun]]:
        """Return the run where it can be had now; else its question waits."""
        with self._several.answering(question.index), noting() as heard:
            try:
                (run,) = attribution_runs(question.request, 1)
            except _Later as wanted:
                self._waiting.append(replace(question, wanted=wanted))
            else:
                return [(question.index, run.noted([*question.heard, *heard]))]
        return []

    def _asked(self) -> Iterator[tuple[int, AttributionRun]]:
        """Have scored what all of them want, and go on with each."""
        questions, self._waiting = self._waiting, []
        try:
            self._score(questions)
            answered = questions
        except BathyscopeError:  # of one of them: each for itself, to know which
            answered, self._total = [], self._done
            for one in questions:
                with self._several.answering(one.index):
                    self._score([one])
                    answered.append(one)
        for one in answered:
            yield from self._tried(one)
        self._evaluations.forget()

    def _score(self, questions: Sequence[_Question]) -> None:
        """Have the model score what some questions want, in one call."""
        wanted = [one.wanted for one in questions if one.wanted is not None]
        self._total += sum(len(one.prompts) for one in wanted)
        places = [(one, own) for one in wanted for own in range(len(one.prompts))]

        def deliver(index: int, scores: Scores) -> None:
            one, own = places[index]
            one.deliver(own, scores)
            self._done += 1
            self._settings.progress(STAGE, self._done, self._total)

        scored(
            self._model,
            [prompt for one in wanted for prompt in one.prompts],
            [target for one in wanted for target in one.targets],
            deliver,
            self._settings.batch_tokens,
            {i for i, (one, own) in enumerate(places) if own in one.standing},
        )
