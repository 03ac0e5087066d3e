"""Keywords of the public verbs: a misspelt one is refused with the nearest right one."""

import inspect

import pytest

import bathyscope as bs
from bathyscope.core.keywords import keywords_of

VERBS = [name for name in bs.__all__ if inspect.isfunction(getattr(bs, name))]
TAKING = [
    (verb, keyword)
    for verb in VERBS
    for keyword in keywords_of(inspect.unwrap(getattr(bs, verb)))
    if len(keyword) > 3  # of shorter ones nothing is near
]


@pytest.mark.parametrize(("verb", "keyword"), TAKING)
def test_a_misspelt_keyword_names_the_nearest(verb: str, keyword: str) -> None:
    typo = keyword[:2] + keyword[3] + keyword[2] + keyword[4:]  # two letters changed places
    typo = keyword + keyword[-1] if typo == keyword else typo
    with pytest.raises(bs.InputError, match=f"'{typo}' is not known to {verb}; did you mean '"):
        getattr(bs, verb)(**{typo: None})


def test_the_fields_of_settings_are_among_them() -> None:
    for found in (("attribute", "budget"), ("think", "keep"), ("draw", "palette")):
        assert found in TAKING
    assert {"describe", "view", "draw", "figure", "load", "rerun"} <= {verb for verb, _ in TAKING}
