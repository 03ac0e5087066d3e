"""A stream is refused at the call, before its first token is asked for."""

import pytest

import bathyscope as bs
from tests.conftest import tiny


@pytest.mark.parametrize(
    "wrong",
    [
        {"lens": "bogus"},
        {"threshold": 2.0},
        {"depth_fraction": 0.0},
        {"max_new_tokens": 0},
        {"max_new_tokens": 10**6},
        {"prompts": ""},
        {"prompts": []},
    ],
)
def test_it_is_refused_at_the_call(wrong: dict[str, object]) -> None:
    given: dict[str, object] = {"prompts": "8 + 5 ="} | wrong
    prompts = given.pop("prompts")
    with pytest.raises(bs.InputError):
        bs.stream(tiny("llama"), prompts, **given)  # type: ignore[arg-type]
