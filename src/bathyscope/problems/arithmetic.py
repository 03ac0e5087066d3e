"""Word problems of one or two steps, made at random, with worked solutions."""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bathyscope.core.errors import InputError, advice
from bathyscope.core.keywords import keywords_checked
from bathyscope.problems.problem import Problem

NAMES = ("Tom", "Mia", "Ben", "Eva", "Sam", "Lea")
THINGS = ("apples", "books", "coins", "cards", "shells", "stamps")


class _Drawn(NamedTuple):
    """Numbers of a problem; a is 5 to 40, b 2 to 20, c 2 to 4."""

    name: str
    thing: str
    a: int
    b: int
    c: int


class _Worded(NamedTuple):
    """A problem before it is numbered."""

    question: str
    answer: int
    solution: str


def _gain(d: _Drawn) -> _Worded:
    total = d.a + d.b
    return _Worded(
        f"{d.name} has {d.a} {d.thing} and gets {d.b} more. How many {d.thing} has {d.name}?",
        total,
        f"{d.name} has {d.a} + {d.b} = {total} {d.thing}.",
    )


def _loss(d: _Drawn) -> _Worded:
    total = d.a + d.b
    return _Worded(
        f"{d.name} has {total} {d.thing} and gives {d.b} away. How many {d.thing} are left?",
        d.a,
        f"{d.name} has {total} - {d.b} = {d.a} {d.thing} left.",
    )


def _groups(d: _Drawn) -> _Worded:
    total = d.c * d.b
    return _Worded(
        f"{d.name} has {d.c} boxes with {d.b} {d.thing} each. How many {d.thing} has {d.name}?",
        total,
        f"{d.name} has {d.c} * {d.b} = {total} {d.thing}.",
    )


def _gain_and_loss(d: _Drawn) -> _Worded:
    between = d.a + d.b
    return _Worded(
        f"{d.name} has {d.a} {d.thing}, gets {d.b} more and loses {d.c}. "
        f"How many {d.thing} are left?",
        between - d.c,
        f"First {d.name} has {d.a} + {d.b} = {between} {d.thing}. "
        f"Then {between} - {d.c} = {between - d.c} {d.thing} are left.",
    )


def _groups_and_gain(d: _Drawn) -> _Worded:
    bought = d.c * d.b
    return _Worded(
        f"{d.name} buys {d.c} bags with {d.b} {d.thing} each and already has {d.a}. "
        f"How many {d.thing} has {d.name} in all?",
        d.a + bought,
        f"In the bags are {d.c} * {d.b} = {bought} {d.thing}. "
        f"In all {d.name} has {d.a} + {bought} = {d.a + bought} {d.thing}.",
    )


def _share(d: _Drawn) -> _Worded:
    total = d.b * d.c
    return _Worded(
        f"{d.name} shares {total} {d.thing} equally among {d.c} children. "
        f"How many {d.thing} does each child get?",
        d.b,
        f"Each child gets {total} / {d.c} = {d.b} {d.thing}.",
    )


_KINDS: dict[str, tuple[str, Callable[[_Drawn], _Worded]]] = {
    "gain": ("+", _gain),
    "loss": ("-", _loss),
    "groups": ("*", _groups),
    "gain-and-loss": ("+-", _gain_and_loss),
    "groups-and-gain": ("*+", _groups_and_gain),
    "share": ("/", _share),
}
"""Name of a kind, its operators in the order of the solution, and what words it."""

KINDS = tuple(_KINDS)
"""The kinds of problems by name."""

USUAL = KINDS[:-1]
"""The kinds that are made where none are named: those of the published measurements."""


@keywords_checked
def arithmetic_problems(n: int, *, seed: int = 0, kinds: Sequence[str] = USUAL) -> list[Problem]:
    """Word problems made at random, each with its answer and worked solution.

    The same seed gives the same problems, and a longer list begins with the shorter one. Among
    many, questions may repeat: there are some tens of thousands of different ones.

    Args:
        n: How many.
        seed: Where the random numbers begin.
        kinds: Of these kinds, each as likely: `gain` (+), `loss` (-), `groups` (*), `share` (/),
            `gain-and-loss` (+-), `groups-and-gain` (*+).

    Returns:
        Problems with the tags `kind`, `operators` (those of the solution, in its order) and
        `steps` (how many).

    Raises:
        InputError: n is less than 1, or a kind is not known.
    """
    if n < 1:
        raise InputError(f"{n} problems cannot be made; ask for at least 1.")
    if not kinds:
        raise InputError(f"No kind of problem is named; choose some of {', '.join(KINDS)}.")
    for kind in kinds:
        if kind not in _KINDS:
            raise InputError(f"The kind of problem {kind!r} is not known; {advice(kind, KINDS)}.")
    draw = random.Random(seed)
    return [_problem(draw, f"arithmetic-{seed}-{number}", kinds) for number in range(1, n + 1)]


def _problem(draw: random.Random, name: str, kinds: Sequence[str]) -> Problem:
    drawn = _Drawn(
        draw.choice(NAMES),
        draw.choice(THINGS),
        draw.randint(5, 40),
        draw.randint(2, 20),
        draw.randint(2, 4),
    )
    kind = draw.choice(kinds)
    operators, word = _KINDS[kind]
    worded = word(drawn)
    tags: dict[str, str | int] = {"kind": kind, "operators": operators, "steps": len(operators)}
    return Problem(name, worded.question, str(worded.answer), worded.solution, tags)
