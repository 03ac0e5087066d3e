"""Roles of a user's own come first; the others stay what they are."""

import pytest

from bathyscope.core.errors import InputError
from bathyscope.core.roles import ROLE_RULES, RoleRule
from bathyscope.prompt.roles import role_table

TEXTS = ["the", " 8", "+", "km", " km\n", "a.b", "", "ab"]


def test_own_roles_come_before_the_standard_ones_and_the_first_that_fits_counts() -> None:
    unit = RoleRule.pattern("unit", r"^\s*km")
    mine = RoleRule.words("mine", ["KM", "+"])
    assert role_table([unit, mine]).roles(TEXTS) == (
        "word", "digit", "mine", "unit", "unit", "word", "space", "word",
    )  # fmt: skip
    assert role_table([mine, unit]).roles(TEXTS)[3] == "mine"


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (r"^ab$", [7]),
        (r"a.b", [5]),  # and not the a of one text with the b of another
        (r"[\s\S]{2,5}\n", [4]),
        (r"e|b$", [0, 5, 7]),
    ],
)
def test_a_pattern_matches_inside_one_text(pattern: str, fits: list[int]) -> None:
    answers = RoleRule.pattern("role", pattern).matches(TEXTS)
    assert [index for index, one in enumerate(answers) if one] == fits


def test_registered_roles_are_everybodys() -> None:
    rule = ROLE_RULES.register(RoleRule.of("short", lambda text: len(text) == 2))
    try:
        assert role_table().roles(TEXTS)[3] == "short"
    finally:
        del ROLE_RULES._known[rule.name]


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: RoleRule.parsed("unit"), "NAME=PATTERN"),
        (lambda: RoleRule.parsed("=x"), "NAME=PATTERN"),
        (lambda: RoleRule.parsed("unit=("), "no regular expression"),
        (lambda: role_table([RoleRule.of("r", lambda t: bool(1 / 0))]).roles(["a"]), "'r' fails"),
        (lambda: role_table([RoleRule("r", lambda _: [True])]).roles(["a", "b"]), "1 of 2"),
    ],
)
def test_what_cannot_be_used_is_said(make, complaint: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=complaint):
        make()
