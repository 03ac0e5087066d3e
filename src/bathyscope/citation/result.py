"""Support of an answer, as it is found: two maps, and what each sentence of the answer owes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import Any, Self

import numpy as np

from bathyscope.citation.context import ContextPassage
from bathyscope.core.files.writing import new_folder
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import student_quantile
from bathyscope.games.replicates import jackknife_error
from bathyscope.runs.attribution import AttributionRun

LEAST = log(2)
"""A passage is cited where it makes a sentence at least twice as likely, nats."""


@dataclass(frozen=True)
class SupportEffect:
    """Effect of a part of the context on a sentence of the answer, or on all of it.

    Attributes:
        value: By how much it raises ln p of the sentence, nats: the sum over its tokens.
        low: Lower end of the 95 % interval (Student's t); the value itself where it is exact, NaN
            where its error is not known.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    @property
    def cited(self) -> bool:
        """Whether all of the interval is at least `LEAST`."""
        return self.low >= LEAST

    @property
    def times(self) -> float:
        """How many times as likely the part makes it, e^value."""
        return exp(min(self.value, 700.0))

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values; null where the error is not known."""
        ends = {name: None if v != v else v for name, v in (("low", self.low), ("high", self.high))}
        return {"effect": self.value, **ends}


def effects_on(run: AttributionRun, rows: Sequence[Sequence[int]]) -> list[list[SupportEffect]]:
    """Return the effect of each feature on some groups of target tokens.

    Args:
        run: An attribution.
        rows: The positions of each group's tokens.
    """
    return [_effects(run, [*own]) for own in rows]


def _effects(run: AttributionRun, rows: list[int]) -> list[SupportEffect]:
    values = run.heatmap.values[rows].sum(axis=0)
    margin = _margin(run, rows, len(values))
    return [
        SupportEffect(float(v), float(v - m), float(v + m))
        for v, m in zip(values, margin, strict=True)
    ]


def _margin(run: AttributionRun, rows: list[int], count: int) -> FloatArray:
    """Return half the 95 % interval of sums: cells of a sample err together."""
    if run.standard_error is None:
        return np.zeros(count)
    if run.replicates is None:
        return np.full(count, np.nan)
    error = jackknife_error(run.replicates[:, rows].sum(axis=1))
    margin: FloatArray = error * student_quantile(len(run.replicates) - 1)
    if run.unseen is not None:
        margin = margin + np.nan_to_num(run.unseen[rows]).sum(axis=0)
    return margin


@dataclass(frozen=True)
class SupportedSentence:
    """A sentence of the answer and what it owes.

    Attributes:
        text: The sentence.
        passages: SupportEffect of each passage on it.
        sentences: SupportEffect of each sentence of the passages that were looked into.
        passage: Number of the passage that is cited for it, from 1; None where none is.
        sentence: The number of the sentence in that passage that is cited; None where none is.
    """

    text: str
    passages: tuple[SupportEffect, ...]
    sentences: tuple[SupportEffect, ...]
    passage: int | None
    sentence: int | None

    @classmethod
    def of(
        cls,
        text: str,
        passages: Sequence[SupportEffect],
        sentences: Sequence[SupportEffect],
        own: Sequence[tuple[int, int]],
    ) -> Self:
        """Return a sentence with the part that helps it most, where that helps enough."""
        best = max(range(len(passages)), key=lambda p: passages[p].value)
        passage = best + 1 if passages[best].cited else None
        inside = [k for k, (number, _) in enumerate(own) if number == passage]
        first = max(inside, key=lambda k: sentences[k].value, default=None)
        cited = first is not None and sentences[first].cited
        sentence = own[first][1] if cited and first is not None else None
        return cls(text, tuple(passages), tuple(sentences), passage, sentence)

    @property
    def citation(self) -> str:
        """What stands behind the sentence: `[2.1]`, `[2]`, or nothing."""
        if self.passage is None:
            return ""
        return f"[{self.passage}{'' if self.sentence is None else f'.{self.sentence}'}]"


@dataclass(frozen=True)
class RankedSupport:
    """A passage or a sentence of one, in the order of its effect on the whole answer.

    Attributes:
        number: `2`, or `2.1` of a sentence.
        source: The file it is of.
        text: What it says.
        effect: Its effect on ln p of the whole answer.
    """

    number: str
    source: str
    text: str
    effect: SupportEffect


@dataclass(frozen=True)
class Support:
    """Support of an answer by passages.

    Attributes:
        question: What was asked.
        answer: What was answered.
        passages: The passages, in their order.
        by_passage: The map of target tokens × passages.
        by_sentence: The map of target tokens × sentences of the passages that are owed most.
        own: Of each of these sentences its passage's number and its own in that, from 1.
        sentences: The sentences of the answer, with what is cited for each.
    """

    question: str
    answer: str
    passages: tuple[ContextPassage, ...]
    by_passage: AttributionRun
    by_sentence: AttributionRun
    own: tuple[tuple[int, int], ...]
    sentences: tuple[SupportedSentence, ...]

    @property
    def ranked_passages(self) -> list[RankedSupport]:
        """The passages, the one that helps the answer most first."""
        effects = self._whole(self.by_passage)
        found = [
            RankedSupport(str(n), one.source, one.text, effects[n - 1])
            for n, one in enumerate(self.passages, start=1)
        ]
        return sorted(found, key=lambda part: -part.effect.value)

    @property
    def ranked_sentences(self) -> list[RankedSupport]:
        """The sentences of the best passages, likewise."""
        effects, labels = self._whole(self.by_sentence), self._sentence_texts()
        found = [
            RankedSupport(f"{p}.{s}", self.passages[p - 1].source, text, effect)
            for (p, s), text, effect in zip(self.own, labels, effects, strict=True)
        ]
        return sorted(found, key=lambda part: -part.effect.value)

    @property
    def maps(self) -> dict[str, AttributionRun]:
        """Both maps by the names of their folders."""
        return {"passages": self.by_passage, "sentences": self.by_sentence}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing before the numbers are relied on."""
        return tuple(dict.fromkeys((*self.by_passage.notes, *self.by_sentence.notes)))

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "question": self.question,
            "answer": self.answer,
            "least": LEAST,
            "citations": [
                {
                    "text": one.text,
                    "citation": one.citation,
                    "passage": one.passage,
                    "sentence": one.sentence,
                    "passages": [effect.to_document() for effect in one.passages],
                    "sentences": [effect.to_document() for effect in one.sentences],
                }
                for one in self.sentences
            ],
            "passages": [_document(part) for part in self.ranked_passages],
            "sentences": [_document(part) for part in self.ranked_sentences],
            "maps": {name: run.to_document() for name, run in self.maps.items()},
            "notes": list(self.notes),
        }

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Save both maps as runs in a folder, whole or not at all.

        Raises:
            InputError: The folder exists and may not be replaced.
            WriteError: It cannot be written.
        """
        with new_folder(Path(folder), overwrite=overwrite) as partial:
            self.write(partial)

    def write(self, folder: Path) -> None:
        """Write both maps as runs into a folder that there is."""
        for name, run in self.maps.items():
            (folder / name).mkdir()
            run.write(folder / name)

    def _whole(self, run: AttributionRun) -> list[SupportEffect]:
        return _effects(run, [*range(len(run.heatmap.rows))])

    def _sentence_texts(self) -> list[str]:
        spans, prompt = self.by_sentence.heatmap.columns.spans, self.by_sentence.prompt
        assert spans is not None and prompt is not None
        return [prompt[slice(*span)].strip() for span in spans]


def _document(part: RankedSupport) -> dict[str, Any]:
    return {
        "number": part.number,
        "source": part.source,
        "text": part.text,
        **part.effect.to_document(),
    }
