"""Problems made at random: their solutions compute, and a seed means what it meant."""

import hashlib
import re

import pytest

import bathyscope as bs
from bathyscope.problems.arithmetic import KINDS

_STEP = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+)")
_DO = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
}


def test_every_step_of_a_solution_computes_and_the_last_one_is_the_answer() -> None:
    seen: dict[str, int] = dict.fromkeys(KINDS, 0)
    for problem in bs.arithmetic_problems(400, seed=1, kinds=KINDS):
        assert problem.solution is not None
        steps = _STEP.findall(problem.solution)
        assert "".join(operator for _, operator, _, _ in steps) == problem.tags["operators"]
        assert len(steps) == problem.tags["steps"]
        for left, operator, right, result in steps:
            assert _DO[operator](int(left), int(right)) == int(result), problem
        assert steps[-1][3] == problem.answer and int(problem.answer) > 0
        given = set(re.findall(r"\d+", problem.question))
        assert given == {  # nothing appears from nowhere, nothing is left out
            number
            for place, (left, _, right, _) in enumerate(steps)
            for number in (left, right)
            if place == 0 or number != steps[place - 1][3] or number in given
        }
        assert problem.question.endswith("?")
        seen[str(problem.tags["kind"])] += 1
    assert min(seen.values()) > 40


def test_a_seed_means_what_it_meant_in_the_published_measurements() -> None:
    questions = [problem.question for problem in bs.arithmetic_problems(200, seed=0)]
    digest = hashlib.sha256("\n".join(questions).encode()).hexdigest()
    assert digest == "dd9e74dff27cfd097effd55e951f278159c59878623032fa2516602b883e9e2b"


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    longer = bs.arithmetic_problems(20, seed=3)
    assert longer[:7] == bs.arithmetic_problems(7, seed=3) != bs.arithmetic_problems(7, seed=4)
    assert len({problem.id for problem in longer}) == 20


@pytest.mark.parametrize(
    ("n", "kinds", "sentence"),
    [
        (0, KINDS, "at least 1"),
        (-3, KINDS, "at least 1"),
        (5, ["gian"], "did you mean 'gain'"),
        (5, [], "choose some of gain"),
    ],
)
def test_what_cannot_be_made_is_refused(n: int, kinds: list[str], sentence: str) -> None:
    with pytest.raises(bs.InputError, match=sentence):
        bs.arithmetic_problems(n, kinds=kinds)
