"""Reading: files of problems, whichever of the known shapes they have."""

from collections import Counter
from collections.abc import Sequence
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
    records = list(read_records(path))
    shapes = [_shape(record, asked) for record in records]
    _require_marks(records, shapes)
    for number, (record, found) in enumerate(zip(records, shapes, strict=True), start=1):
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


def _require_marks(records: Sequence[Record], shapes: Sequence[Shape]) -> None:
    """Raise InputError where a worked solution lacks the mark of the answer that others have."""
    if not any(shape.name == "gsm8k" for shape in shapes):
        return
    for record, shape in zip(records, shapes, strict=True):
        bare = record.fields.keys() == {"question", "answer"}
        if shape.name == "bathyscope" and bare and len(str(record.fields["answer"]).split()) > 1:
            raise InputError(
                f"{record.place}: no answer stands behind ####, as it does in other records of the "
                "file; add it, or leave the record out."
            )


def _require_different(problems: list[Problem], path: Path) -> None:
    counts = Counter(problem.id for problem in problems)
    name, count = counts.most_common(1)[0]
    if count > 1:
        raise InputError(
            f"{count} problems of {path} have the id {name!r}; give each an id of its own."
        )
