"""The pool: worked examples that demonstrations are chosen from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.noting import note
from bathyscope.core.records import Record, read_records
from bathyscope.core.text import require_characters
from bathyscope.problems.problem import Problem
from bathyscope.problems.reading import problem_of

_FIELDS = frozenset({"question", "rationale", "prediction"})
_ASKED, _ANSWERED = "Q: ", "\nA:"


@dataclass(frozen=True)
class Item:
    """A worked example.

    Attributes:
        index: What it is called: its number in the pool, from 0, or the one its record gives.
        question: The question, without a `Q: ` before it.
        rationale: How it was answered, white space at its ends included; may be empty.
        prediction: The answer that was reached; may be empty, and need not be right.
        gold: The right answer, where it is known.
    """

    index: int
    question: str
    rationale: str
    prediction: str
    gold: str | None = None

    @property
    def asked(self) -> str:
        r"""The question as it stands in a prompt: `Q: …\nA:`."""
        return f"{_ASKED}{self.question}{_ANSWERED}"


def read_pool(path: Path) -> list[Item]:
    """Return the items of a file of JSON records.

    A record has question, rationale and prediction, and may have index and gold; or it is a
    problem of any shape that `read_problems` knows: then its solution is the rationale, its answer
    the prediction.

    Raises:
        InputError: The file cannot be read, a record lacks something, or two have one index.
    """
    records = read_records(path)
    items = [_item(record, number) for number, record in enumerate(records)]
    _require_one_numbering(records, items, path)
    _note_repeated(items)
    return items


def item_of(problem: Problem, number: int) -> Item:
    """Return a problem as an item: its solution is the rationale, its answer the prediction."""
    return Item(number, problem.question, problem.solution or "", problem.answer, problem.answer)


def _item(record: Record, number: int) -> Item:
    if not record.fields.keys() >= _FIELDS:
        problem = problem_of(record, str(number))
        if "prediction" in record.fields or problem is None:
            raise InputError(
                f"{record.place} has the fields {record.names}; an item of a "
                "pool has question, rationale and prediction, or is laid out as a known data set."
            )
        return item_of(problem, number)
    question = record.text("question").removeprefix(_ASKED.strip()).strip()
    if not question:
        raise InputError(f"{record.place}: the field 'question' is empty; give a text.")
    gold = record.fields.get("gold")
    return Item(
        _index(record, number),
        question,
        _answer(record, "rationale"),
        _answer(record, "prediction"),
        None if gold is None else _answer(record, "gold"),
    )


def _index(record: Record, number: int) -> int:
    index = record.fields.get("index", number)
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise InputError(f"{record.place}: the index {index!r} is no whole number from 0 upwards.")
    return index


def _answer(record: Record, name: str) -> str:
    """Return a text that may be empty, or a number as it is written; no prediction is none."""
    value: Any = record.fields[name]
    if value is None and name == "prediction":
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(
            f"{record.place}: the field {name!r} is no text; give one, or an empty one."
        )
    text = str(value)
    require_characters(text, f"field {name!r} of {record.place}")
    return text


def _require_one_numbering(records: Sequence[Record], items: Sequence[Item], path: Path) -> None:
    index, count = Counter(item.index for item in items).most_common(1)[0]
    if count > 1:
        raise InputError(
            f"{count} items of {path} have the index {index}; give each its own, or none any."
        )


def _note_repeated(items: Sequence[Item]) -> None:
    texts = Counter((item.question, item.rationale) for item in items)
    repeated = sum(count - 1 for count in texts.values())
    if repeated:
        note(
            f"{repeated} of the {len(items)} items repeat question and rationale of another one; "
            "no two equal questions are chosen together."
        )
