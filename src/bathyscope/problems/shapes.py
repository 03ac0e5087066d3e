"""Shapes: how published files of problems are laid out, and what of them is question and answer."""

import re
from abc import ABC, abstractmethod
from decimal import Decimal, InvalidOperation
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.records import Record
from bathyscope.core.registry import Registry
from bathyscope.problems.problem import Problem

_CALCULATED = re.compile(r"<<[^<>]*>>")
_GOLD = "####"
_OPTION = re.compile(r"\s*\(?([A-Z])\s*[).:]\s*(.*?)\s*", re.DOTALL)


class Shape(ABC):
    """A layout of problems: the fields it is known by, and the way from a record to a problem.

    Attributes:
        name: What it is called.
        summary: Which data sets are laid out so.
        fields: A record that has all of these is of this shape.
    """

    name: str
    summary: str
    fields: frozenset[str]

    def fits(self, record: Record) -> bool:
        """Tell whether a record is of this shape."""
        return self.fields <= record.fields.keys()

    @abstractmethod
    def problem(self, record: Record, default_id: str) -> Problem:
        """Return the problem of a record.

        Args:
            record: The record.
            default_id: Its name where it has none itself.

        Raises:
            InputError: A field cannot be used.
        """


class Own(Shape):
    """Bathyscope's own: what `Problem.to_record` gives."""

    name = "bathyscope"
    summary = "what bathyscope problems prints: question, answer; id, solution, tags where given"
    fields = frozenset({"question", "answer"})

    def problem(self, record: Record, default_id: str) -> Problem:
        """Return the problem as it stands."""
        solution = record.fields.get("solution")
        tags = record.fields.get("tags") or {}
        if not isinstance(tags, dict) or not all(
            isinstance(value, str | int) and not isinstance(value, bool) for value in tags.values()
        ):
            raise InputError(
                f"{record.place}: the tags are no object of texts and whole numbers; give them "
                'as {"kind": "gain"}.'
            )
        return Problem(
            _named(record, "id", default_id),
            record.text("question"),
            _number_or_text(record, "answer"),
            None if solution is None else record.text("solution"),
            tags,
        )


class Gsm8k(Shape):
    """Questions with a solution whose last line is the answer behind ####."""

    name = "gsm8k"
    summary = "GSM8K: question, and an answer that ends in #### 42"
    fields = frozenset({"question", "answer"})

    def fits(self, record: Record) -> bool:
        """Tell whether the answer has its mark."""
        return super().fits(record) and _GOLD in str(record.fields["answer"])

    def problem(self, record: Record, default_id: str) -> Problem:
        """Return the problem; the notes for a calculator in its solution are left out."""
        worked, mark, answer = record.text("answer").rpartition(_GOLD)
        if not mark or not answer.strip():
            raise InputError(f"{record.place}: no answer stands behind {_GOLD} in 'answer'.")
        solution = _CALCULATED.sub("", worked).strip()
        return Problem(
            _named(record, "id", default_id),
            record.text("question"),
            _plain(answer.strip().replace(",", "")),
            solution or None,
        )


class Svamp(Shape):
    """Body and question apart, the equation beside them."""

    name = "svamp"
    summary = "SVAMP: Body, Question, Answer; ID, Equation, Type where given"
    fields = frozenset({"Body", "Question", "Answer"})

    def problem(self, record: Record, default_id: str) -> Problem:
        """Return the problem; its type, where given, is a tag, its equation the solution."""
        kind, equation = record.fields.get("Type"), record.fields.get("Equation")
        return Problem(
            _named(record, "ID", default_id),
            f"{record.text('Body')} {record.text('Question')}",
            _number_or_text(record, "Answer"),
            None if equation is None else record.text("Equation"),
            {} if kind is None else {"kind": record.text("Type")},
        )


class MultiArith(Shape):
    """One question with lists of equations and solutions, of which the first counts."""

    name = "multiarith"
    summary = "MultiArith, AddSub, SingleEq: sQuestion, lSolutions; iIndex, lEquations where given"
    fields = frozenset({"sQuestion", "lSolutions"})

    def problem(self, record: Record, default_id: str) -> Problem:
        """Return the problem; its first equation, where given, is the solution."""
        equations = record.fields.get("lEquations")
        if not _first(record, "lSolutions"):
            raise InputError(f"{record.place}: 'lSolutions' is no list with an answer in it.")
        solved = Record(record.place, {"lSolutions": record.fields["lSolutions"][0]})
        worked = Record(record.place, {"lEquations": (equations or [None])[0]})
        return Problem(
            _named(record, "iIndex", default_id),
            record.text("sQuestion"),
            _number_or_text(solved, "lSolutions"),
            worked.text("lEquations") if equations and _first(record, "lEquations") else None,
        )


class FinalAnswer(Shape):
    """MultiArith as it is mirrored: a question and its final answer."""

    name = "final-answer"
    summary = "MultiArith as mirrored: question, final_ans"
    fields = frozenset({"question", "final_ans"})

    def problem(self, record: Record, default_id: str) -> Problem:
        """Return the problem."""
        return Problem(
            _named(record, "id", default_id),
            record.text("question"),
            _number_or_text(record, "final_ans"),
        )


class Aqua(Shape):
    """Questions with lettered choices."""

    name = "aqua"
    summary = "AQuA: question, options, correct; rationale where given"
    fields = frozenset({"question", "options", "correct"})

    def problem(self, record: Record, default_id: str) -> Problem:
        """Return the problem, its choices behind the question as (A) 21 (B) 30."""
        options = record.fields["options"]
        if not isinstance(options, list) or not options:
            raise InputError(f"{record.place}: 'options' is no list of choices.")
        choices = dict(_option(record, one) for one in options)
        correct = record.text("correct")
        if correct not in choices or len(choices) < len(options):
            raise InputError(
                f"{record.place}: the answer {correct!r} is not one of the choices, or two "
                f"choices share a letter ({', '.join(choices)})."
            )
        listed = " ".join(f"({letter}) {text}" for letter, text in choices.items())
        return Problem(
            _named(record, "id", default_id),
            f"{record.text('question')} Answer Choices: {listed}",
            correct,
            None if record.fields.get("rationale") is None else record.text("rationale"),
        )


SHAPES: Registry[Shape] = Registry(
    "shape of problems",
    "bathyscope.problem_shapes",
    (Aqua(), Svamp(), MultiArith(), FinalAnswer(), Gsm8k(), Own()),
)
"""The shapes by name; the first that fits a record reads it."""


def _named(record: Record, field: str, default: str) -> str:
    """Return a record's own name as a text, or the default where it has none."""
    value = record.fields.get(field)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InputError(f"{record.place}: the field {field!r} is no name; give a text or number.")
    return record.text(field) if isinstance(value, str) else str(value)


def _first(record: Record, field: str) -> bool:
    """Tell whether a field is a list with something in it."""
    value = record.fields.get(field)
    return isinstance(value, list) and bool(value)


def _number_or_text(record: Record, field: str) -> str:
    """Return an answer: a number as a plain decimal (8.0 is 8), a text as it stands."""
    value: Any = record.fields.get(field)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _plain(repr(value))
    return _plain(record.text(field))


def _plain(text: str) -> str:
    """Return a number without needless zeros; what is none stays."""
    try:
        value = Decimal(text)
        if not value.is_finite() or abs(value.adjusted()) > 400:
            return text
    except InvalidOperation:
        return text
    whole = value == value.to_integral_value()
    return str(int(value)) if whole else format(value, "f").rstrip("0")


def _option(record: Record, option: Any) -> tuple[str, str]:
    match = _OPTION.fullmatch(option) if isinstance(option, str) else None
    if match is None:
        raise InputError(
            f"{record.place}: the choice {str(option)[:60]!r} has no letter; write it as 'A)21'."
        )
    return match[1], match[2]
