"""Settings by keyword: what is no setting is refused with the nearest that is one."""

import pytest

import bathyscope as bs
from tests.conftest import tiny

PROMPT = bs.Prompt.marked("[[a]] [[b]]:")


@pytest.mark.parametrize(
    ("wrong", "nearest"), [("metod", "method"), ("budgets", "budget"), ("baselin", "baseline")]
)
def test_the_nearest_setting_is_named(wrong: str, nearest: str) -> None:
    with pytest.raises(bs.InputError, match=f"no setting {wrong!r}; did you mean {nearest}"):
        bs.attribute(tiny("llama"), PROMPT, "c", **{wrong: 1})
    with pytest.raises(bs.InputError, match=f"did you mean {nearest}"):
        bs.evaluate(tiny("llama"), PROMPT, "c", methods=["shapley"], **{wrong: 1})


def test_where_none_is_near_all_are_named() -> None:
    with pytest.raises(bs.InputError, match="choose of method, of"):
        bs.attribute(tiny("llama"), PROMPT, "c", zzzzzz=1)


def test_interactions_are_another_question() -> None:
    with pytest.raises(bs.InputError, match=r"bathyscope\.interact"):
        bs.attribute(tiny("llama"), PROMPT, "c", method="interactions")
