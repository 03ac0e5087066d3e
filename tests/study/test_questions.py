"""Orders of demonstrations tell place from content; keys tell questions from each other."""

import math
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from bathyscope.core.errors import InputError
from bathyscope.study.questions import StudyQuestion, orders, questions
from bathyscope.study.reading import StudyRecord

SHOTS = "Q: one\nA: [[1]]\n\nQ: two\nA: [[2]] and [[II]]\n\nQ: three\nA: none\n\nQ: four\nA:"


def asked(prompt: str, **settings: Any) -> list[StudyQuestion]:
    usual: dict[str, Any] = {"template": None, "target": None, "demonstrations": ()}
    usual |= {"features": "marked", "orders": 1, "seed": 0}
    chosen: Any = SimpleNamespace(**{**usual, **settings})
    return list(questions([StudyRecord("r", 1, {"prompt": prompt})], chosen))


def test_as_many_orders_as_demonstrations_put_each_at_every_place_once() -> None:
    found = orders(4, 4, seed=3)
    assert found[0] == (0, 1, 2, 3)
    for place in range(4):
        assert sorted(order[place] for order in found) == [0, 1, 2, 3]
    twelve = orders(4, 12, seed=3)
    assert len(set(twelve)) == 12 and twelve[:4] == found and twelve != orders(4, 12, seed=4)
    assert all(set(Counter(o[p] for o in twelve).values()) == {3} for p in range(4))
    assert len(set(orders(3, 6, seed=0))) == 6
    with pytest.raises(InputError, match="have 6 orders, not 7"):
        orders(3, 7, seed=0)


@pytest.mark.parametrize("count", [4, 5, 6])
def test_each_follows_every_other_equally_often(count: int) -> None:
    wanted = count * (1 + count % 2)
    found = orders(count, wanted, seed=0)
    pairs = Counter(pair for order in found for pair in pairwise(order))
    assert len(pairs) == count * (count - 1) and set(pairs.values()) == {wanted // count}


def test_first_and_last_place_come_apart_as_by_rotations_they_could_not() -> None:
    """Of any model: averaged over rotations, the first place does exactly what the last does."""

    def value(order: tuple[int, ...]) -> float:
        return math.sin(sum((place + 1) * 3**one for place, one in enumerate(order)))

    def apart(found: list[tuple[int, ...]]) -> float:
        return sum(value(order[:-1]) - value(order[1:]) for order in found)

    rotations = [(*range(shift, 4), *range(shift)) for shift in range(4)]
    assert abs(apart(rotations)) < 1e-12 < abs(apart(orders(4, 4, seed=0)))


def test_demonstrations_move_with_the_features_inside_of_them() -> None:
    first, second, third = asked(SHOTS, orders=3)
    assert [one.id for one in (first, second, third)] == ["r~1", "r~2", "r~3"]
    assert first.prompt is not None and first.prompt.labels == ("1", "2", "II")
    assert first.demonstration == (1, 2, 2) and first.order == (1, 2, 3)
    assert second.prompt is not None and second.order == (2, 3, 1)
    assert second.prompt.text == (
        "Q: two\nA: 2 and II\n\nQ: three\nA: none\n\nQ: one\nA: 1\n\nQ: four\nA:"
    )
    assert second.prompt.labels == ("2", "II", "1") and second.demonstration == (2, 2, 1)


def test_marked_parts_outside_of_demonstrations_are_what_is_moved() -> None:
    first, second = asked("Say [[a]], [[bb]] or [[c]]:", orders=2)
    assert first.prompt is not None and second.prompt is not None
    assert second.prompt.text == "Say bb, c or a:"
    assert second.prompt.labels == ("bb", "c", "a") and second.demonstration == (2, 3, 1)
    (failing,) = asked("no [[feature]] but one", orders=2)
    assert "no two demonstrations" in str(failing.problem)


def test_the_key_tells_everything_that_decides_and_nothing_else() -> None:
    (one,) = asked(SHOTS)
    keys = {
        one.key({"a": 1}),
        one.key({"a": 2}),
        asked(SHOTS + " ")[0].key({"a": 1}),
        asked(SHOTS.replace("[[1]]", "1"))[0].key({"a": 1}),
        *(other.key({"a": 1}) for other in asked(SHOTS, orders=2)),
    }
    assert len(keys) == 6
    assert one.key({"a": 1, "b": 2}) == asked(SHOTS)[0].key({"b": 2, "a": 1})


def test_a_record_without_a_prompt_says_so() -> None:
    chosen: Any = SimpleNamespace(template=None, target=None, features="marked", orders=1, seed=0)
    (one,) = questions([StudyRecord("r", 1, {})], chosen)
    assert "no field 'prompt'" in str(one.problem)
