"""The language of claims: a statistic of conditions, where they hold, by what they are grouped.

    largest(column.operator == row.operator) where row.operator in "*/" by row.operator
    difference(column.position == 1, column.position == 4)
    share(record.right) by record.kind

Conditions are written as in Python: comparisons, `in`, `and`, `or`, `not`, `+ - * /`, numbers,
texts in quotes, and the names that `view` lists. A text that is not there is equal to nothing; of a
number or a flag that is not known nothing is known to hold, nor its contrary (Kleene's logic).
"""

import ast
import io
import operator
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError, advice, first_sentence
from bathyscope.core.heatmap import LARGEST
from bathyscope.study.claims.view import ENTITIES, StudyView, Values, written

_CLAUSES = ("where", "by")
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
_SUMS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_LONGEST = 2000
_DEEPEST = 100


@dataclass(frozen=True)
class Claim:
    """A claim as it was read.

    Attributes:
        text: As it was given.
        statistic: Name of the statistic.
        arguments: Its arguments, in order.
        where: Condition on what counts; None where everything does.
        by: What it is grouped by; None where it is not.
    """

    text: str
    statistic: str
    arguments: tuple[ast.expr, ...]
    where: ast.expr | None = None
    by: ast.expr | None = None

    @property
    def names(self) -> set[str]:
        """The entities and names that its expressions speak of."""
        found: set[str] = set()
        for one in (*self.arguments, self.where, self.by):
            if one is not None:
                found |= {node.id for node in ast.walk(one) if isinstance(node, ast.Name)}
        return found


def parsed(text: str) -> Claim:
    """Read a claim.

    Raises:
        InputError: It is none.
    """
    if len(text) > _LONGEST:
        raise InputError(f"A claim has up to {_LONGEST} characters, not {len(text)}.")
    parts = _parts(text)
    call = _expression(parts["claim"], text)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.keywords:
        raise InputError(
            f"The claim {text!r} is no statistic of something, such as "
            "largest(column.operator == row.operator)."
        )
    clauses = {name: _expression(parts[name], text) for name in _CLAUSES if name in parts}
    return Claim(
        text.strip(), call.func.id, tuple(call.args), clauses.get("where"), clauses.get("by")
    )


def _parts(text: str) -> dict[str, str]:
    """Return the claim and its clauses, divided at words outside of brackets and quotes."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text.replace("\n", " ")).readline))
    except (tokenize.TokenError, IndentationError, SyntaxError) as error:
        raise InputError(
            f"The claim {text!r} cannot be read ({error.args[0]}); close what it opens."
        ) from error
    depth, name, begin = 0, "claim", 0
    parts: dict[str, str] = {}
    line = text.replace("\n", " ")
    for token in tokens:
        depth += token.string in ("(", "[", "{")
        depth -= token.string in (")", "]", "}")
        if depth == 0 and token.type == tokenize.NAME and token.string in _CLAUSES:
            parts[name] = line[begin : token.start[1]]
            name, begin = token.string, token.end[1]
            if name in parts:
                raise InputError(f"The claim {text!r} says {name!r} twice.")
    parts[name] = line[begin:]
    return parts


def _expression(part: str, text: str) -> ast.expr:
    try:
        found = ast.parse(part.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else first_sentence(error)
        raise InputError(
            f"The claim {text!r} cannot be read at {part.strip()!r} ({why}); it is written as in "
            "Python, with == for equality."
        ) from error
    level: list[ast.AST] = [found]
    for _ in range(_DEEPEST):
        level = [inner for node in level for inner in ast.iter_child_nodes(node)]
    if level:
        raise InputError(f"A claim is nested up to {_DEEPEST} deep; say {text[:40]!r}… shorter.")
    return found


class Evaluator:
    """Evaluates the expressions of one claim at one level."""

    def __init__(self, view: StudyView, level: str, kind: str) -> None:
        """Prepare.

        Args:
            view: The study.
            level: "record", "token", "feature" or "cell".
            kind: Of which map: "attribution" or "depth".
        """
        self.view, self.level, self.kind = view, level, kind
        self.unknown: dict[str, NDArray[np.bool_]] = {}

    def condition(self, node: ast.expr) -> NDArray[np.bool_]:
        """Return where an expression holds.

        Raises:
            InputError: It is no condition.
        """
        return np.asarray(self.flags(node) == 1.0)

    def flags(self, node: ast.expr) -> Values:
        """Return where an expression holds: 1 where it does, 0 where not, NaN where nothing says.

        Raises:
            InputError: It is no condition.
        """
        values = self(node)
        if values.dtype == np.float64 and set(np.unique(values[~np.isnan(values)])) <= {0.0, 1.0}:
            return values  # flags of which some are not known
        if values.dtype != bool:
            raise InputError(
                f"{ast.unparse(node)!r} is no condition, but {_kind(values)}; compare it with "
                "something."
            )
        return values.astype(np.float64)

    def number(self, node: ast.expr) -> Values:
        """Return the numbers of an expression; flags count as 0 and 1.

        Raises:
            InputError: It is a text.
        """
        values = self(node)
        if values.dtype == object:
            raise InputError(f"{ast.unparse(node)!r} is {_kind(values)}, not a number.")
        return values.astype(np.float64)

    @property
    def size(self) -> int:
        """How many entities the level has."""
        return len(self.record)

    @property
    def record(self) -> NDArray[np.int64]:
        """The record of each entity of the level."""
        if self.level == "record":
            return np.arange(len(self.view.ids))
        if self.level == "feature":
            return self.view.features[1]
        owner: NDArray[np.int64] = self.view.tokens(self.kind)[1]
        return owner if self.level == "token" else owner[self.view.cells(self.kind).token]

    def __call__(self, node: ast.expr) -> Values:
        """Return the values of an expression.

        Raises:
            InputError: It uses a name or an operation that there is not.
        """
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return self._constant(value)
            case ast.Name(id="value") | ast.Name(id="layer"):
                return self._of_cell(node.id)
            case ast.Name(id=name):
                return self._bare(name)
            case ast.Attribute(value=ast.Name(id=entity), attr=name):
                return self._attribute(entity, name)
            case ast.BoolOp(op=op, values=parts):
                return _joined([self.flags(part) for part in parts], all_of=isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _flags(1 - self.flags(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.number(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SUMS:
                with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                    found = _SUMS[type(op)](self.number(left), self.number(right))
                return np.where(np.abs(found) <= LARGEST, found, np.nan)
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [left, *others]
                pairs = zip(sides, ops, others, strict=False)
                return _joined([self._compared(a, op, b) for a, op, b in pairs], all_of=True)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                constants = tuple(self._literal(part) for part in parts)
                found = np.empty(self.size, dtype=object)
                found[:] = [constants] * self.size
                return found
        raise InputError(
            f"{ast.unparse(node)!r} is nothing that a claim can say; it compares attributes of "
            "row, column and record, and value."
        )

    def _literal(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
            return node.value
        raise InputError(f"A list holds numbers and texts in quotes, not {ast.unparse(node)!r}.")

    def _constant(self, value: Any) -> Values:
        kind: Any = bool if isinstance(value, bool) else object if isinstance(value, str) else float
        if kind is float and not abs(value) <= LARGEST:
            raise InputError(f"A number of a claim is at most {LARGEST:g}.")
        return np.full(self.size, value, dtype=kind)

    def _of_cell(self, name: str) -> Values:
        if self.level != "cell":
            raise InputError(f"{name!r} is that of a cell; this claim is about {self.level}s.")
        cells = self.view.cells(self.kind)
        if name == "value":
            return cells.value
        if self.kind != "depth":
            raise InputError("Only cells of a depth map have a layer.")
        return cells.layer.astype(np.float64)

    def _bare(self, name: str) -> Values:
        """Return an attribute without its entity: of the token, the feature, or the record."""
        order = ("token", "feature", "record") if self.level != "record" else ("record",)
        for entity in order:
            if entity == "feature" and self.level == "token":
                continue
            if entity == "token" and self.level == "feature":
                continue
            try:
                return self._attribute(entity, name)
            except InputError:
                continue
        raise InputError(f"{name!r} is no attribute of {', '.join(order)}; write record.{name}.")

    def _attribute(self, entity: str, name: str) -> Values:
        if entity not in ENTITIES:
            raise InputError(f"{entity!r} is not known; {advice(entity, ENTITIES)}.")
        entity = ENTITIES[entity]
        found = self.view.get(entity, name, self.kind)[self._index(entity)]
        missing = (
            np.isnan(found)
            if found.dtype == np.float64
            else np.array([one is None for one in found])
            if found.dtype == object
            else np.zeros(len(found), dtype=bool)
        )
        if missing.any():
            self.unknown[f"{entity}.{name}"] = missing
        return np.asarray(found)

    def _index(self, entity: str) -> Any:
        """Return which of an entity's lines each entity of this level has."""
        if entity == self.level:
            return slice(None)
        if entity == "record":
            return self.record
        if self.level == "cell" and (entity == "token" or self.kind == "attribution"):
            cells = self.view.cells(self.kind)
            return cells.token if entity == "token" else cells.feature
        raise InputError(f"A claim about {self.level}s cannot speak of a {entity}.")

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Values:
        """Return flags as of `flags`: NaN where a number or flag of either side is not known."""
        one, other = self(left), self(right)
        unknown = _nan(one) | _nan(other)
        if type(op) in _ORDER:
            if object in (one.dtype, other.dtype):
                raise InputError(
                    f"{ast.unparse(left)!r} and {ast.unparse(right)!r} cannot be put in order: "
                    f"{_kind(one)} and {_kind(other)}."
                )
            found = _ORDER[type(op)](one, other)
        elif isinstance(op, ast.In | ast.NotIn):
            if other.dtype != object:
                raise InputError(
                    f"{ast.unparse(right)!r} is {_kind(other)}: nothing is in it; give a text or a "
                    "list."
                )
            inside = np.frompyfunc(_inside, 2, 1)(_as_text(one), other).astype(bool)
            found = ~inside if isinstance(op, ast.NotIn) else inside
        elif isinstance(op, ast.Eq | ast.NotEq):
            found = _equal(one, other, wanted=isinstance(op, ast.Eq))
        else:
            raise InputError("A claim compares with ==, !=, <, <=, >, >= and in.")
        return _flags(np.where(unknown, np.nan, np.asarray(found, dtype=np.float64)))


def _joined(flags: list[Values], *, all_of: bool) -> Values:
    """Return where all hold, or any does; NaN where that hangs on what is not known."""
    decided = 0.0 if all_of else 1.0
    unknown = np.any([np.isnan(one) for one in flags], axis=0)
    found = np.any([one == decided for one in flags], axis=0)
    return _flags(np.where(found, decided, np.where(unknown, np.nan, 1 - decided)))


def _flags(values: Values) -> Values:
    """Return numbers 1, 0 and NaN as flags, where all are known."""
    return values if np.isnan(values).any() else values == 1.0


def _equal(one: Values, other: Values, *, wanted: bool) -> NDArray[np.bool_]:
    """Return where two are equal, or where not; of a text that is not there neither is true."""
    if (one.dtype == object) != (other.dtype == object):
        one, other = (_as_text(side) for side in (one, other))
    found = np.asarray((one == other) if wanted else (one != other), dtype=bool)
    if one.dtype == object:
        pairs = zip(one, other, strict=True)
        found &= np.array([a is not None and b is not None for a, b in pairs], dtype=bool)
    return found


def _nan(values: Values) -> NDArray[np.bool_]:
    if values.dtype != np.float64:
        return np.zeros(len(values), dtype=bool)
    return np.asarray(np.isnan(values))


def _inside(one: Any, other: Any) -> bool:
    """Return whether something is in a text or in a list; numbers count as what people write."""
    if one is None or other is None:
        return False
    if isinstance(other, str):
        return isinstance(one, str) and one in other
    return one in other or one in [written(each) for each in other]


def _as_text(values: Values) -> Values:
    """Return numbers as the texts that people write for them; texts as they are."""
    if values.dtype == object:
        return values
    found = np.empty(len(values), dtype=object)
    found[:] = [None if one != one else written(one) for one in values.tolist()]
    return found


def _kind(values: Values) -> str:
    return {"bool": "a condition", "object": "a text"}.get(str(values.dtype), "a number")
