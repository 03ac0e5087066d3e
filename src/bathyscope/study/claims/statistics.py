"""The statistics of claims: small classes that turn expressions into observations."""

import ast
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.registry import Registry
from bathyscope.study.claims.language import Claim, Evaluator
from bathyscope.study.claims.observations import Observations, group_name
from bathyscope.study.claims.view import ENTITIES, StudyView, Values


class ClaimStatistic(ABC):
    """A statistic of a claim; one small class each, registered by its name.

    Attributes:
        name: What it is called in a claim.
        summary: One line for lists.
        fewest, most: How many arguments it takes.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    fewest: ClassVar[int] = 1
    most: ClassVar[int] = 1

    def level(self, claim: Claim) -> str:
        """Return at which level its expressions are evaluated."""
        return level_of(claim)

    def kind(self, claim: Claim, view: StudyView) -> str:
        """Return which maps it looks at: "attribution" or "depth"."""
        names, attributes = claim.names, _attributes(claim)
        if "layer" in names or (attributes & {"settling_depth"} and "token" in _entities(claim)):
            return "depth"
        settings = view.study.document["asked"].get("settings", {})
        only_depth = settings.get("depth") and not settings.get("attribution")
        return "depth" if only_depth else "attribution"

    @abstractmethod
    def observations(self, claim: Claim, at: Evaluator) -> Observations:
        """Return what the claim looks at.

        Raises:
            InputError: An expression cannot be evaluated.
        """


def observed(claim: Claim, view: StudyView) -> Observations:
    """Return what a claim looks at in a study.

    Raises:
        InputError: The statistic is not known, or takes other arguments.
    """
    statistic = CLAIM_STATISTICS.require(claim.statistic)
    if not statistic.fewest <= len(claim.arguments) <= statistic.most:
        counted = (
            f"{statistic.fewest}"
            if statistic.fewest == statistic.most
            else f"{statistic.fewest} to {statistic.most}"
        )
        raise InputError(
            f"{statistic.name} takes {counted} arguments, not {len(claim.arguments)}: "
            f"{statistic.summary}."
        )
    at = Evaluator(view, statistic.level(claim), statistic.kind(claim, view))
    return statistic.observations(claim, at)


def level_of(claim: Claim) -> str:
    """Return the level that a claim's names ask for."""
    entities = _entities(claim)
    if {"value", "layer"} & claim.names or {"token", "feature"} <= entities:
        return "cell"
    return next((one for one in ("token", "feature") if one in entities), "record")


def _entities(claim: Claim) -> set[str]:
    return {ENTITIES[name] for name in claim.names if name in ENTITIES}


def _attributes(claim: Claim) -> set[str]:
    nodes = [one for one in (*claim.arguments, claim.where, claim.by) if one is not None]
    return {n.attr for one in nodes for n in ast.walk(one) if isinstance(n, ast.Attribute)}


def _named(node: ast.expr) -> set[str]:
    """Return the names and attributes of an expression."""
    inner = list(ast.walk(node))
    return {n.attr for n in inner if isinstance(n, ast.Attribute)} | {
        n.id for n in inner if isinstance(n, ast.Name)
    }


_UNITS = {"log_prob": "nats", "effect": "nats", "settling_depth": "layers", "layer": "layers"}
"""Units of what has one."""


class Remaining:
    """Those that are kept of some entities, and an account of the others.

    Attributes:
        kept: Flags.
        excluded: Why others are left out, and how many.
    """

    def __init__(self, kept: NDArray[np.bool_]) -> None:
        """Begin with those that are there."""
        self.kept = kept
        self.excluded: dict[str, int] = {}

    def leave_out(self, which: NDArray[np.bool_], why: str) -> None:
        """Leave some out, those that are still in counted under a reason."""
        count = int(np.sum(which & self.kept))
        if count:
            self.excluded[why] = self.excluded.get(why, 0) + count
        self.kept = self.kept & ~which


class Filter(Remaining):
    """The entities that count, by `where` and by what is known, and an account of the others."""

    def __init__(self, claim: Claim, at: Evaluator) -> None:
        """Leave out what `where` does, and what `by` is not known of."""
        super().__init__(np.ones(at.size, dtype=bool))
        if claim.where is not None:
            holds = at.condition(claim.where)
            self.leave_out(~holds, f"not where {ast.unparse(claim.where)}")
        self.group: Values = np.full(at.size, "all", dtype=object)
        if claim.by is not None:
            values = at(claim.by)
            self.group[:] = [group_name(value) for value in values.tolist()]
            unknown = np.array([label is None for label in self.group], dtype=bool)
            self.leave_out(unknown, f"{ast.unparse(claim.by)} is not known")


def _chosen(claim: Claim, at: Evaluator, values: Values) -> Filter:
    """Return what counts of the values of a first argument, among what a second picks."""
    chosen = Filter(claim, at)
    if len(claim.arguments) > 1:
        holds = at.condition(claim.arguments[1])
        chosen.leave_out(~holds, f"not {ast.unparse(claim.arguments[1])}")
    chosen.leave_out(np.isnan(values), f"{ast.unparse(claim.arguments[0])} is not known")
    return chosen


class Largest(ClaimStatistic):
    """The share of tokens whose largest cell is one of those that a condition picks."""

    name = "largest"
    summary = "of each token's cells, does the largest fulfil the condition?"

    def level(self, claim: Claim) -> str:
        """Return the level of cells."""
        return "cell"

    def observations(self, claim: Claim, at: Evaluator) -> Observations:
        """Return one flag for each token, and the margin in the unit of the map."""
        fits = at.condition(claim.arguments[0])
        why = {n: m.copy() for n, m in at.unknown.items() if n.startswith("token.")}
        chosen = Filter(claim, at)
        cells = at.view.cells(at.kind)
        order = np.argsort(cells.token, kind="stable")
        _, starts = np.unique(cells.token[order], return_index=True)
        value, fits, kept = cells.value[order], fits[order], chosen.kept[order]
        per_token = _PerToken(starts, len(order))
        best = per_token.largest(np.where(fits & kept, value, -np.inf))
        other = per_token.largest(np.where(~fits & kept, value, -np.inf))
        count, fitting = per_token.sum(kept), per_token.sum(fits & kept)
        out = Remaining(count > 0)
        for name, missing in why.items():
            out.leave_out(per_token.all(missing[order]), f"{name} is not known")
        out.leave_out(per_token.any(np.isnan(value)), "a value is not known")
        out.leave_out(fitting == 0, "no cell fulfils the condition")
        out.leave_out(fitting == count, "every cell fulfils the condition")
        which = out.kept
        margin = best[which] - other[which]
        return Observations(
            values=(margin > 0).astype(np.float64),
            record=at.record[order][starts][which],
            group=_of_tokens(claim, chosen.group[order], kept, per_token)[which],
            is_share=True,
            unit="share of tokens",
            null=(fitting / np.maximum(count, 1))[which],
            support=margin,
            excluded=_tokens_left_out(chosen, at) | out.excluded,
            margin=margin,
            margin_unit="nats" if at.kind == "attribution" else "bits",
        )


def _of_tokens(
    claim: Claim, group: Values, kept: NDArray[np.bool_], per_token: "_PerToken"
) -> Values:
    """Return the group of each token, that of its cells that count.

    Raises:
        InputError: They are in several: then it is no group of tokens.
    """
    names, code = np.unique(group.astype(str), return_inverse=True)
    first = -per_token.largest(np.where(kept, -code, -len(names)))
    last = per_token.largest(np.where(kept, code, -1))
    if claim.by is not None and (first < last).any():
        raise InputError(
            f"{claim.statistic} looks at all cells of a token at once, so {ast.unparse(claim.by)!r}"
            " cannot group them; group by what a row or a record has, or take share(value > 0)."
        )
    return np.append(names, "").astype(object)[first]


def _tokens_left_out(chosen: Filter, at: Evaluator) -> dict[str, int]:
    """Return the cells that were left out as the tokens that they are of."""
    tokens = at.view.cells(at.kind).token
    lost = len(np.unique(tokens)) - len(np.unique(tokens[chosen.kept]))
    return {why: lost for why in list(chosen.excluded)[:1]} if lost else {}


class _PerToken:
    """Sums and maxima over the cells of each token, which stand one after the other."""

    def __init__(self, starts: NDArray[np.int64], size: int) -> None:
        self.starts, self.size = starts, size

    def largest(self, values: Values) -> Values:
        return np.asarray(np.maximum.reduceat(values, self.starts)) if self.size else values

    def sum(self, flags: NDArray[np.bool_]) -> NDArray[np.int64]:
        counted = flags.astype(np.int64)
        return np.asarray(np.add.reduceat(counted, self.starts)) if self.size else counted

    def all(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return ~self.any(~flags)

    def any(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return self.sum(flags) > 0


class Mean(ClaimStatistic):
    """The mean of a quantity, of those that a condition picks."""

    name = "mean"
    summary = "mean of a quantity, of what fulfils the condition"
    most = 2

    def observations(self, claim: Claim, at: Evaluator) -> Observations:
        """Return one number for each entity of the claim's level."""
        values = at.number(claim.arguments[0])
        chosen = _chosen(claim, at, values)
        kept = chosen.kept
        found = values[kept]
        centre = found.mean() if len(found) else 0.0
        # Only an effect could be none: a depth, a ratio or ln p of 0 is nothing to compare with.
        unit, names = _unit(claim.arguments[0], at), _named(claim.arguments[0])
        null = 0.0 if unit == "nats" and "log_prob" not in names else np.nan
        return Observations(
            found, at.record[kept], chosen.group[kept], False, unit,
            np.full(len(found), null), np.sign(centre) * found, chosen.excluded,
        )  # fmt: skip


class Share(ClaimStatistic):
    """The share of those that a second condition picks of which a first holds."""

    name = "share"
    summary = "share of which a condition holds, among what fulfils the second"
    most = 2

    def observations(self, claim: Claim, at: Evaluator) -> Observations:
        """Return one flag for each entity of the claim's level."""
        holds = at.flags(claim.arguments[0])
        chosen = _chosen(claim, at, holds)
        kept = chosen.kept
        return Observations(
            holds[kept], at.record[kept], chosen.group[kept], True, f"share of {at.level}s",
            np.full(int(kept.sum()), np.nan), holds[kept] - 0.5, chosen.excluded,
        )  # fmt: skip


class DifferenceOfMeans(ClaimStatistic):
    """The difference of the means of two groups of cells, taken within each record."""

    name = "difference"
    summary = "mean where the first condition holds minus mean where the second does, by record"
    fewest, most = 2, 3

    def level(self, claim: Claim) -> str:
        """Return the level of cells, unless a quantity of another is named."""
        return "cell" if len(claim.arguments) == 2 else level_of(claim)

    def observations(self, claim: Claim, at: Evaluator) -> Observations:
        """Return one number for each record and group."""
        quantity = claim.arguments[2] if len(claim.arguments) > 2 else ast.Name("value")
        values = at.number(quantity)
        first, second = (at.condition(one) for one in claim.arguments[:2])
        chosen = Filter(claim, at)
        chosen.leave_out(np.isnan(values), f"{ast.unparse(quantity)} is not known")
        kept, record = chosen.kept, at.record
        names, group = np.unique(chosen.group.astype(str), return_inverse=True)
        key = record * len(names) + group
        size = (int(record.max(initial=-1)) + 1) * len(names)

        def mean(which: NDArray[np.bool_]) -> Values:
            count = np.bincount(key[which & kept], minlength=size)
            total = np.bincount(key[which & kept], values[which & kept], minlength=size)
            with np.errstate(invalid="ignore"):
                return np.asarray(total / np.where(count, count, np.nan))

        found = mean(first) - mean(second)
        present = np.bincount(key[kept], minlength=size) > 0
        out = Remaining(present)
        out.leave_out(np.isnan(found), "a record has cells of one side only, or of none")
        at_key = np.flatnonzero(out.kept)
        differences = found[out.kept]
        centre = differences.mean() if len(differences) else 0.0
        labels = np.empty(len(at_key), dtype=object)
        labels[:] = [str(names[k % len(names)]) for k in at_key]
        return Observations(
            differences, at_key // max(1, len(names)), labels, False, _unit(quantity, at),
            np.zeros(len(at_key)), np.sign(centre) * differences, out.excluded,
        )  # fmt: skip


def _unit(node: ast.expr, at: Evaluator) -> str:
    """Return the unit of a quantity, where what it is made of says it; else none."""
    match node:
        case ast.Name(id="value"):
            return "nats" if at.kind == "attribution" else "bits"
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _UNITS.get(name, "")
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _unit(inner, at)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            one, other = _unit(left, at), _unit(right, at)
            return one if one == other else ""
        case ast.BinOp(left=inner, op=ast.Mult() | ast.Div(), right=ast.Constant()):
            return _unit(inner, at)
        case ast.BinOp(left=ast.Constant(), op=ast.Mult(), right=inner):
            return _unit(inner, at)
    return ""


CLAIM_STATISTICS: Registry[ClaimStatistic] = Registry(
    "statistic of a claim",
    "bathyscope.claim_statistics",
    (Largest(), Mean(), Share(), DifferenceOfMeans()),
)
"""The statistics of one number each; correlations and profiles have shapes of their own."""
