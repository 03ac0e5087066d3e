"""Questions: what a model is asked about a record, its prompt made, in one or several orders."""

import hashlib
import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.prompt import Prompt
from bathyscope.prompt.demonstrations import demonstrations
from bathyscope.prompt.segmenters import MARKED, TOKENS
from bathyscope.study.reading import StudyRecord
from bathyscope.study.template import PromptTemplate

if TYPE_CHECKING:
    from bathyscope.study.settings import BatchSettings


@dataclass(frozen=True)
class StudyQuestion:
    """One prompt to ask, of one record in one order of its demonstrations.

    Attributes:
        id: Name of the row: the record's id, behind it the order where there are several.
        record: The record.
        prompt: The prompt with its features; None where it could not be made.
        demonstration: For each feature the demonstration it belongs to, counted from 1 as they
            stood at first; 0 for a feature outside of all.
        target: The continuation to explain; None has the model write it.
        order: The demonstrations as they stand, by those numbers; empty where nothing was moved.
        problem: Why it cannot be asked; None where it can.
    """

    id: str
    record: StudyRecord
    prompt: Prompt | None
    demonstration: tuple[int, ...] = ()
    target: str | None = None
    order: tuple[int, ...] = ()
    problem: str | None = None

    @property
    def cost(self) -> float:
        """What it is expected to cost, in characters that a model reads."""
        if self.prompt is None:
            return 0.0
        return len(self.prompt.text) * float(2 ** min(len(self.prompt.features), 12))

    def of(self, prompt: Prompt) -> "StudyQuestion":
        """Return the question with other features of the same text."""
        return replace(self, prompt=prompt, demonstration=_owners(prompt, _units(prompt)))

    def key(self, asked: Mapping[str, Any]) -> str:
        """Return the content key: a hash of all that decides what its rows are.

        Args:
            asked: The batch's settings and model, plain JSON values.
        """
        prompt = self.prompt
        content = {
            "asked": asked,
            "prompt": None if prompt is None else [prompt.text, prompt.features, prompt.segmenter],
            "order": self.order,
            "target": self.target,
            "fields": dict(self.record.fields),
            "problem": self.problem,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


Shard = Sequence[tuple[StudyQuestion, str]]
"""Questions with their content keys, to be computed together in one process."""


def questions(records: Sequence[StudyRecord], settings: "BatchSettings") -> Iterator[StudyQuestion]:
    """Yield the questions about some records, in their order.

    Raises:
        InputError: The template is none.
    """
    template = None if settings.template is None else PromptTemplate(settings.template)
    following = None if settings.target is None else PromptTemplate(settings.target)
    for record in records:
        if record.problem is not None:
            yield StudyQuestion(record.id, record, None, problem=record.problem)
            continue
        try:
            target = record.text("target")
            if target is None and following is not None:
                target = following.fill({**record.fields, "id": record.id}).text
            prompt = _prompt(record, settings, template)
            yield from _asked(record, prompt, target, settings)
        except InputError as error:
            yield StudyQuestion(record.id, record, None, problem=str(error))


def _prompt(
    record: StudyRecord, settings: "BatchSettings", template: PromptTemplate | None
) -> Prompt:
    if template is not None:
        shown = [dict(one) for one in settings.demonstrations]
        prompt = template.fill({"demonstrations": shown, **record.fields, "id": record.id})
        source_marks = prompt.features
    else:
        source = record.text("prompt")
        if source is None:
            raise InputError(
                "The record has no field 'prompt'; give one, or a --template that makes it of the "
                "other fields."
            )
        if settings.features not in (MARKED, TOKENS):
            return Prompt.segmented(source, settings.features)
        prompt = Prompt.marked(source)
        source_marks = prompt.features
    if not prompt.text:
        raise InputError("The prompt of the record is empty.")
    if settings.features in (MARKED, TOKENS) or (template is not None and source_marks):
        return prompt
    escaped = prompt.text.replace("[[", "\\[[")
    return Prompt.segmented(escaped, settings.features)


def _asked(
    record: StudyRecord, prompt: Prompt, target: str | None, settings: "BatchSettings"
) -> Iterator[StudyQuestion]:
    units = _units(prompt)
    owner = _owners(prompt, units)
    if settings.orders == 1:
        yield StudyQuestion(record.id, record, prompt, owner, target)
        return
    if len(units) < 2:
        raise InputError(
            "The prompt has no two demonstrations whose order could be changed; leave out "
            "--permute-demonstrations, or mark them."
        )
    for index, order in enumerate(orders(len(units), settings.orders, settings.seed)):
        moved, owners = _moved(prompt, units, owner, order)
        name = f"{record.id}~{index + 1}"
        yield StudyQuestion(name, record, moved, owners, target, tuple(i + 1 for i in order))


def _units(prompt: Prompt) -> list[Span]:
    """Return the demonstrations of a prompt: those found in its text, else its features."""
    try:
        found = demonstrations(prompt.text)
    except InputError:
        found = []
    inside = all(
        any(start <= a and b <= end for start, end in found)
        or all(b <= start or end <= a for start, end in found)
        for a, b in prompt.features
    )
    covers = all(any(s <= a and b <= e for s, e in found) for a, b in prompt.features)
    return found if found and inside and covers else list(prompt.features)


def _owners(prompt: Prompt, units: Sequence[Span]) -> tuple[int, ...]:
    return tuple(
        next((k for k, (start, end) in enumerate(units, 1) if start <= a and b <= end), 0)
        for a, b in prompt.features
    )


def orders(count: int, wanted: int, seed: int) -> list[tuple[int, ...]]:
    """Return orders of some demonstrations, the given one first.

    Squares of Williams 1949 ("Experimental designs balanced for the estimation of residual effects
    of treatments"), of the given order and then of others drawn at random: after `count` orders
    each demonstration has stood once at every place, so that what a place does and what a text does
    come apart, and has followed every other as often (after twice as many where `count` is odd).
    Rotations would not do: what the first place does, averaged over all of them, is what the last
    one does, whatever the model, because the texts with and without it are the same.

    Raises:
        InputError: There are fewer different orders than are wanted.
    """
    total = math.factorial(count)
    if wanted > total:
        raise InputError(f"{count} demonstrations have {total} orders, not {wanted}.")
    draw = random.Random(seed)
    found: dict[tuple[int, ...], None] = {}
    base = list(range(count))
    while len(found) < wanted:
        for places in _square(count):
            found.setdefault(tuple(base[place] for place in places))
        draw.shuffle(base)
    return list(found)[:wanted]


def _square(count: int) -> list[list[int]]:
    """Return orders in which all stand everywhere and follow each other equally often."""
    zigzag = [(place + 1) // 2 if place % 2 else -place // 2 % count for place in range(count)]
    where = {value: place for place, value in enumerate(zigzag)}
    rows = [[where[(value + shift) % count] for value in zigzag] for shift in range(count)]
    return rows if count % 2 == 0 else [*rows, *(row[::-1] for row in rows)]


def _moved(
    prompt: Prompt, units: Sequence[Span], owner: Sequence[int], order: Sequence[int]
) -> tuple[Prompt, tuple[int, ...]]:
    """Return the prompt with its demonstrations in another order, their features moved along."""
    pieces: list[str] = []
    features: list[Span] = []
    owners: list[int] = []
    position = read = 0

    def copy(start: int, end: int) -> None:
        nonlocal position
        for span, number in zip(prompt.features, owner, strict=True):
            if start <= span[0] and span[1] <= end:
                features.append((span[0] - start + position, span[1] - start + position))
                owners.append(number)
        pieces.append(prompt.text[start:end])
        position += end - start

    for place, index in zip(units, order, strict=True):
        copy(read, place[0])
        copy(*units[index])
        read = place[1]
    copy(read, len(prompt.text))
    return Prompt("".join(pieces), tuple(features), prompt.segmenter), tuple(owners)
