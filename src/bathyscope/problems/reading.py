"""Reading: files of problems, whichever of the known shapes they have."""

from collections import Counter
from pathlib import Path

from bathyscope.core.errors import InputError
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.records import Record, read_records
from bathyscope.core.registry import working
from bathyscope.problems.problem import Problem
from bathyscope.problems.shapes import SHAPES, Shape


@keywords_checked
def read_problems(path: str | Path, *, shape: str | None = None) -> list[Problem]:
    """Problems of a file: JSON Lines or one JSON list.

    Args:
        path: The file.
        shape: How it is laid out: `gsm8k`, `svamp`, `multiarith` (AddSub and SingleEq too),
            `final-answer`, `aqua`, `bathyscope`; None finds out from the fields of each record.

    Raises:
        InputError: It cannot be read, a record fits no shape or lacks something, or two problems
            have one id.
    """
    path = Path(path)
    asked = None if shape is None else SHAPES.require(shape)
    problems = []
    for number, record in enumerate(read_records(path), start=1):
        found = _shape(record, asked)
        with working("shape of problems", found):
            problems.append(found.problem(record, f"{path.stem}-{number}"))
    _require_different(problems, path)
    return problems


def problem_of(record: Record, default_id: str) -> Problem | None:
    """Return the problem of a record, or None where it is of no known shape."""
    shape = next((shape for shape in SHAPES.values() if shape.fits(record)), None)
    return None if shape is None else shape.problem(record, default_id)


def _shape(record: Record, asked: Shape | None) -> Shape:
    candidates = SHAPES.values() if asked is None else [asked]
    for shape in candidates:
        with working("shape of problems", shape):
            if shape.fits(record):
                return shape
    expected = " or ".join(f"{one.name} ({', '.join(sorted(one.fields))})" for one in candidates)
    raise InputError(
        f"{record.place} has the fields {record.names}; expected were those of {expected}."
    )


def _require_different(problems: list[Problem], path: Path) -> None:
    counts = Counter(problem.id for problem in problems)
    name, count = counts.most_common(1)[0]
    if count > 1:
        raise InputError(
            f"{count} problems of {path} have the id {name!r}; give each an id of its own."
        )
