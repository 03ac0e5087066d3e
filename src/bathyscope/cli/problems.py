"""`bathyscope problems`: problems with known answers, one JSON record a line."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bathyscope.cli.machines import print_json

if TYPE_CHECKING:
    from bathyscope.problems.problem import Problem

Number = Annotated[int, typer.Option("--n", "-n", help="How many.")]
Seed = Annotated[int, typer.Option(help="Where the random numbers begin.")]


def arithmetic(
    n: Number = 100,
    seed: Seed = 0,
    kinds: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…",
            help="Only these: gain (+), loss (-), groups (*), share (/), gain-and-loss, "
            "groups-and-gain. [default: all but share]",
        ),
    ] = None,
) -> None:
    """Make word problems of one or two steps, with worked solutions."""
    from bathyscope.problems.arithmetic import USUAL, arithmetic_problems

    chosen = USUAL if kinds is None else [kind.strip() for kind in kinds.split(",")]
    _print(arithmetic_problems(n, seed=seed, kinds=chosen))


def read(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines, or one JSON list.")],
    shape: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="How it is laid out. [default: by its fields]"),
    ] = None,
) -> None:
    """Read problems laid out as GSM8K, SVAMP, MultiArith or AQuA.

    All are printed alike.
    """
    from bathyscope.problems.reading import read_problems

    _print(read_problems(file, shape=shape))


def gym(
    dataset: Annotated[
        str, typer.Argument(metavar="NAME", help="A generator of reasoning-gym, e.g. chain_sum.")
    ],
    n: Number = 100,
    seed: Seed = 0,
) -> None:
    """Make problems with reasoning-gym, where it is installed.

    That is by pip install 'bathyscope[gym]'.
    """
    from bathyscope.problems.gym import gym_problems

    _print(gym_problems(dataset, n, seed=seed))


def _print(problems: "Iterable[Problem]") -> None:
    for problem in problems:
        print_json(problem.to_record())
