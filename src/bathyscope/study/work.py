"""The work of a batch: questions go in, rows come out, and a model is loaded once for many."""

import copy
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bathyscope.attribution.attribute import attribute, interact
from bathyscope.core.errors import BathyscopeError, InputError, first_sentence
from bathyscope.core.noting import noting
from bathyscope.core.progress import Progress, silent
from bathyscope.games.methods import INTERACTIONS
from bathyscope.layers.depth import depth, settle
from bathyscope.model.chat import in_chat
from bathyscope.model.continuing import begun
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.loading import load
from bathyscope.model.provenance import on_threads
from bathyscope.model.sequences import greedy
from bathyscope.model.tokens import Continuation
from bathyscope.prompt import Prompt
from bathyscope.prompt.segmenters import TOKENS
from bathyscope.runs.base import Run
from bathyscope.runs.think import ThinkRun
from bathyscope.study.questions import StudyQuestion
from bathyscope.study.rows import StudyRows, Told, answered, failed
from bathyscope.study.settings import BatchSettings
from bathyscope.thinking.answer_rules.rules import extractor
from bathyscope.thinking.think import think

Shard = Sequence[tuple[StudyQuestion, str]]
"""Questions with their content keys, to be computed one after the other in one process."""


class Worker(Protocol):
    """A worker: begun once in a process, it answers shard after shard."""

    @property
    def provenance(self) -> dict[str, Any]:
        """The model that answers, plain JSON values."""

    def __call__(self, shard: Shard) -> list[StudyRows]:
        """Return the rows of every question of a shard, in its order; never raises for one."""


class Work(Protocol):
    """Work that engines carry to where it is done; it can be pickled."""

    def begin(self, threads: int | None = None) -> Worker:
        """Load what is needed.

        Args:
            threads: On so many threads the worker is to compute; None leaves it as it is.
        """


@dataclass(frozen=True)
class ModelWork:
    """The work of asking a model.

    Attributes:
        settings: What is asked of every record.
        model: What `load` takes, or a loaded model, which stays in this process.
        revision, dtype, device: As of `load`.
    """

    settings: BatchSettings
    model: str | LanguageModel | None = None
    revision: str | None = None
    dtype: str = "float32"
    device: str | None = None

    def begin(self, threads: int | None = None) -> "Asker":
        """Load the model."""
        model = self.model
        if not isinstance(model, LanguageModel):
            model = load(model, revision=self.revision, dtype=self.dtype, device=self.device)
        return Asker(model, self.settings, threads)


class Remembering(LanguageModel):
    """A model that writes the answer to a prompt once, whoever asks for it."""

    def __init__(self, model: LanguageModel, stop: str) -> None:
        """Share everything with a loaded model.

        Args:
            model: The model.
            stop: A text that ends what it writes; none where empty.
        """
        self.__dict__ = copy.copy(model.__dict__)
        self.stop = stop
        self._source = model
        self._written: dict[tuple[str, int], Continuation] = {}

    def generate(
        self, prompt: str, max_new_tokens: int, progress: Progress = silent
    ) -> Continuation:
        """Continue a prompt greedily, up to the stop; a second time from memory."""
        asked = (prompt, max_new_tokens)
        if asked not in self._written:
            self._written[asked] = self._write(prompt, max_new_tokens, progress)
        return self._written[asked]

    def forget(self) -> None:
        """Drop what was written: another shard has other prompts."""
        self._written.clear()

    def _write(self, prompt: str, max_new_tokens: int, progress: Progress) -> Continuation:
        if not self.stop:
            return self._source.generate(prompt, max_new_tokens, progress)
        prompt_ids = self.tokens.encode(prompt)
        if not prompt_ids:
            raise InputError("The prompt is empty; give the model something to continue.")
        self.require_context(len(prompt_ids) + max_new_tokens)
        sequences = begun(self._source, [prompt_ids], self.stop)
        for step in range(max_new_tokens):
            if sequences.ended[0]:
                break
            if step:
                sequences.advance()
            sequences.choose(greedy)
        ids = list(sequences.token_ids[0])
        while self.stop in self.tokens.decode(ids):
            ids.pop()
        if not ids:
            raise InputError(f"The model writes nothing before {self.stop!r}.")
        return Continuation(prompt_ids, tuple(ids), None)


class Asker:
    """Asks a model about questions."""

    def __init__(
        self, model: LanguageModel, settings: BatchSettings, threads: int | None = None
    ) -> None:
        """Prepare the model to be asked, on a number of threads."""
        self.threads = threads
        self.model = Remembering(model, settings.stop)
        self.settings = settings

    @property
    def provenance(self) -> dict[str, Any]:
        """The model's provenance."""
        return self.model.provenance

    def __call__(self, shard: Shard) -> list[StudyRows]:
        """Return the rows of every question; a question that fails is a row with its sentence."""
        self.model.forget()
        with nullcontext() if self.threads is None else on_threads(self.threads):
            return [self._rows(question, key) for question, key in shard]

    def _rows(self, question: StudyQuestion, key: str) -> StudyRows:
        if question.problem is not None:
            return failed(question, key, question.problem)
        try:
            with warnings.catch_warnings(record=True) as caught, noting() as notes:
                warnings.simplefilter("always")
                prompt, runs, told, thought = self._ask(question)
        except BathyscopeError as error:
            return failed(question, key, str(error))
        except Exception as error:  # whatever a foreign model or library stumbles over
            sentence = f"{type(error).__name__}: {first_sentence(error)}."
            return failed(question, key, sentence)
        notes += [one for run in runs for one in run.notes]
        notes += [str(warning.message) for warning in caught]
        return answered(replace(question, prompt=prompt), key, runs, told, thought, notes)

    def _ask(
        self, question: StudyQuestion
    ) -> tuple[Prompt, list[Run], Told | None, ThinkRun | None]:
        settings, record = self.settings, question.record
        prompt = question.prompt
        assert prompt is not None
        if settings.features == TOKENS:
            escaped = prompt.text.replace("[[", "\\[[")
            prompt = Prompt.segmented(escaped, TOKENS, self.model.tokens.spans)
        target = question.target
        runs: list[Run] = []
        told = thought = None
        if settings.answer is not None or settings.think is not None:
            told = self._answer(prompt, record.text("answer"))
        if settings.attribution is not None:
            runs.append(self._attributed(prompt, target, record.text("against")))
        if settings.depth is not None:
            own = replace(settings.depth, max_new_tokens=settings.max_new_tokens)
            response = record.text("response") or target
            verb: Callable[..., Run] = settle if settings.ratio_only else depth
            runs.append(verb(self.model, prompt.text, response, settings=own))
        if settings.think is not None:
            own_think = replace(settings.think, compare=True)
            thought = think(self.model._source, prompt.text, settings=own_think)
        return prompt, runs, told, thought

    def _attributed(self, prompt: Prompt, target: str | None, against: str | None) -> Run:
        settings = self.settings.attribution
        assert settings is not None
        own = replace(
            settings,
            max_new_tokens=self.settings.max_new_tokens,
            against=settings.against if against is None else against,
        )
        if own.method == INTERACTIONS.name:
            return interact(self.model, prompt, target, settings=own)
        return attribute(self.model, prompt, target, settings=own)

    def _answer(self, prompt: Prompt, gold: str | None) -> Told:
        settings = self.settings
        chat = settings.attribution is not None and settings.attribution.chat
        asked = in_chat(self.model.tokens, prompt) if chat else prompt
        written = self.model.generate(asked.text, settings.max_new_tokens)
        text = self.model.tokens.decode(written.target_ids)
        rule = settings.answer or (settings.think.answer if settings.think else "last-number")
        extract = extractor(rule)
        return Told(text, len(written.target_ids), extract(text), _as_read(gold, rule))


def _as_read(gold: str | None, rule: str) -> str | None:
    r"""Return a right answer as a rule writes it: out of a solution, or as it stands.

    An answer alone is put into a box where that is what the rule looks for.
    """
    if gold is None:
        return None
    extract = extractor(rule)
    boxed = extract(f"\\boxed{{{gold}}}") if rule == "boxed" else None
    return extract(gold) or boxed or gold.strip()
