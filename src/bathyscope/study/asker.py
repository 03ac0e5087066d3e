"""A worker that asks a model: the questions of a shard go through it together."""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from bathyscope.attribution.attribute import interact
from bathyscope.attribution.many import attribute_many
from bathyscope.attribution.settings import AttributionSettings
from bathyscope.core.errors import BathyscopeError, first_sentence
from bathyscope.core.forecast import Forecast
from bathyscope.games.methods import INTERACTIONS
from bathyscope.layers.many import depth_many
from bathyscope.layers.settings import DepthSettings
from bathyscope.model.chat import ChatSettings
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.provenance import on_threads
from bathyscope.model.tokens import Continuation
from bathyscope.prompt import Prompt
from bathyscope.prompt.segmenters import TOKENS, features_in
from bathyscope.study.asking import Asking
from bathyscope.study.forecast import forecast_shards
from bathyscope.study.questions import Shard
from bathyscope.study.remembering import Remembering
from bathyscope.study.rows import StudyRows, Told, failed
from bathyscope.study.settings import BatchSettings
from bathyscope.thinking.answer_rules.rules import extractor, gold_as_read
from bathyscope.thinking.settings import ThinkSettings
from bathyscope.thinking.think import think

_Texts = Mapping[int, str | None]


class Asker:
    """A model, and what it is asked of every question."""

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
            return self._answered(shard)

    def forecast(self, shards: Sequence[Shard]) -> Forecast:
        """Return what some shards cost where it works alone."""
        with nullcontext() if self.threads is None else on_threads(self.threads):
            return forecast_shards(self.model.source, shards, self.settings)

    def _answered(self, shard: Shard) -> list[StudyRows]:
        """Return the rows of questions asked together; where that fails, of each for itself."""
        try:
            return self._together(shard)
        except Exception as error:  # whatever a foreign model or library stumbles over
            if len(shard) > 1:
                return [rows for one in shard for rows in self._answered([one])]
            ((question, key),) = shard
            ours = isinstance(error, BathyscopeError)
            foreign = f"{type(error).__name__}: {first_sentence(error)}."
            return [failed(question, key, str(error) if ours else foreign)]

    def _together(self, shard: Shard) -> list[StudyRows]:
        asking = Asking([question for question, _ in shard])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self._ask(asking)
        said = [str(warning.message) for warning in caught]
        return [asking.rows(index, key, said) for index, (_, key) in enumerate(shard)]

    def _ask(self, asking: Asking) -> None:
        settings = self.settings
        if settings.features == TOKENS:
            self._segment(asking)
        if settings.answer is not None or settings.think is not None:
            self._answer(asking)
        if settings.attribution is not None:
            self._attribute(asking, settings.attribution)
        if settings.depth is not None:
            self._look(asking, settings.depth)
        if settings.think is not None:
            self._think(asking, settings.think)

    def _segment(self, asking: Asking) -> None:
        """Make a feature of each token of the prompts."""
        for index, prompt in asking.prompts():
            spans, marked = self.model.tokens.spans, bool(prompt.features)
            with asking.answering(index):
                found = features_in(prompt.text, prompt.features, TOKENS, spans, marked)
                asking.read(index, Prompt(prompt.text, found.spans, TOKENS, prompt.notes))

    def _write(self, asking: Asking, texts: Mapping[int, str]) -> dict[int, Continuation]:
        """Have what follows some texts written together; the texts belong to questions."""
        longest = self.settings.max_new_tokens
        may: dict[int, str] = {}
        for index, text in texts.items():
            with asking.answering(index):
                self.model.require_continuable(text, longest)
                may[index] = text
        self.model.remember([*may.values()], longest)
        found: dict[int, Continuation] = {}
        for index, text in may.items():
            with asking.answering(index):
                found[index] = self.model.generate(text, longest)
        return found

    def _as_asked(self, asking: Asking, chat: ChatSettings) -> dict[int, str]:
        """Return the texts of the prompts as the model is given them."""
        texts: dict[int, str] = {}
        for index, prompt in asking.prompts():
            with asking.answering(index):
                texts[index] = chat.asked(self.model.tokens, prompt).text
        return texts

    def _answer(self, asking: Asking) -> None:
        settings = self.settings
        chats = (settings.chat, settings.attribution, settings.depth, settings.think)
        chat = next((one for one in chats if one and one.in_template), settings.chat)
        rule = settings.answer or (settings.think.answer if settings.think else "last-number")
        extract = extractor(rule)
        for index, written in self._write(asking, self._as_asked(asking, chat)).items():
            text = self.model.tokens.decode(written.target_ids)
            gold = gold_as_read(asking.questions[index].record.text("answer"), rule)
            asking.told[index] = Told(text, len(written.target_ids), extract(text), gold)

    def _attribute(self, asking: Asking, settings: AttributionSettings) -> None:
        own = replace(settings, max_new_tokens=self.settings.max_new_tokens)
        texts = self._as_asked(asking, own)
        targets = {index: asking.questions[index].target for index in texts}
        self._write(asking, {i: text for i, text in texts.items() if targets[i] is None})
        asked = asking.prompts()
        foils = {index: asking.questions[index].record.text("against") for index, _ in asked}
        if own.method == INTERACTIONS.name:
            self._interact(asking, own, targets, foils)
            return
        runs = attribute_many(
            self.model,
            [prompt for _, prompt in asked],
            [targets[index] for index, _ in asked],
            foils=[foils[index] for index, _ in asked],
            settings=own,
            failed=lambda at, error: asking.fail(asked[at][0], error),
        )
        for at, run in runs:
            asking.found(asked[at][0], run)

    def _interact(
        self, asking: Asking, settings: AttributionSettings, targets: _Texts, foils: _Texts
    ) -> None:
        for index, prompt in asking.prompts():
            foil = foils[index]
            own = settings if foil is None else replace(settings, against=foil)
            with asking.answering(index):
                asking.found(index, interact(self.model, prompt, targets[index], settings=own))

    def _look(self, asking: Asking, settings: DepthSettings) -> None:
        own = replace(settings, max_new_tokens=self.settings.max_new_tokens)
        responses = {
            index: asking.questions[index].record.text("response") or asking.questions[index].target
            for index, _ in asking.prompts()
        }
        texts = self._as_asked(asking, own)
        self._write(asking, {i: text for i, text in texts.items() if responses[i] is None})
        asked = asking.prompts()
        runs = depth_many(
            self.model,
            [Prompt(prompt.text) for _, prompt in asked],
            [responses[index] for index, _ in asked],
            settings=own,
            ratio_only=self.settings.ratio_only,
            failed=lambda at, error: asking.fail(asked[at][0], error),
        )
        for at, run in runs:
            asking.found(asked[at][0], run)

    def _think(self, asking: Asking, settings: ThinkSettings) -> None:
        own = replace(settings, compare=True)
        for index, prompt in asking.prompts():
            with asking.answering(index):
                asking.thought[index] = think(self.model.source, prompt.text, settings=own)
