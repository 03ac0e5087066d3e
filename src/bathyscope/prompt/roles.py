"""Roles of tokens and features, by their text alone: every one has exactly one."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

from bathyscope.core.heatmap import Axis
from bathyscope.core.roles import RoleRule, RoleTable
from bathyscope.prompt.expressions import expressions
from bathyscope.prompt.labels import of_label


class Role(StrEnum):
    """Role of a piece of text in a calculation or a sentence. The first that fits counts.

    A `*`, `/`, `-` or `x` calculates only between numbers or brackets; elsewhere it is a
    punctuation mark or a word.
    """

    NEWLINE = "newline"  # white space with a line break
    SPACE = "space"  # other white space, or nothing
    OTHER = "other"  # <special tokens>, escapes of what cannot be seen, emoji, marks alone
    CURRENCY = "currency"  # $ € £, alone
    EQUALS = "equals"  # = ≈, alone
    OPERATOR = "operator"  # + − × ÷, alone; and * / - x ^ between numbers
    EXPRESSION = "expression"  # 9 + 3 = 12: nothing but arithmetic
    PHRASE = "phrase"  # letters and white space within
    WORD = "word"  # a letter in it
    DIGIT = "digit"  # a digit in it and no letter: 8, 16,000, $50, 12/05
    PUNCTUATION = "punctuation"  # marks and symbols: . ) }, $\\


_EQUALS = frozenset("=≈≃≅")
_OPERATORS = frozenset("+−×÷±∕⁄")
_BETWEEN_NUMBERS = frozenset({"-", "–", "/", "*", "**", "·", "⋅", "∙", "^", "x", "X"})
_SPECIAL = re.compile(r"<[^<>\s]+>|(?:\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))+")
_LINE_BREAKS = "\n\r\u2028\u2029"
_CLOSING, _OPENING = (")", "]", "}", "%"), ("(", "[", "{")


def axis_roles(axis: Axis, across: Axis, provenance: Mapping[str, Any]) -> tuple[Role, ...] | None:
    """Return the role of every entry of an axis, or None where its entries are not pieces of text.

    Tokens are read from their labels; of two tokens compared, `▁/ | ▁x`, the first counts.
    Features are read from the prompt, where they have a place in it. Columns of a plain table
    count as features where its rows are tokens.

    Args:
        axis: The axis.
        across: The map's other axis.
        provenance: The map's, with the prompt that features are spans of.
    """
    if _noun(axis) == "token":
        return roles([of_label(label.split(" | ")[0]) for label in axis.labels])
    if _noun(axis) == "feature" or (_noun(axis) == "column" and _noun(across) == "token"):
        prompt = provenance.get("prompt")
        if axis.spans is None or not isinstance(prompt, str):
            return roles(axis.labels)
        return roles([prompt[start:end] for start, end in axis.spans])
    return None


def roles(texts: Sequence[str]) -> tuple[Role, ...]:
    """Return the role of each of several texts, which stand one after the other."""
    alone = [_alone(text) for text in texts]
    solid = [i for i, role in enumerate(alone) if role not in (Role.NEWLINE, Role.SPACE)]
    found = list(alone)
    for place, index in enumerate(solid):
        if alone[index] is None:
            before = solid[place - 1] if place else None
            after = solid[place + 1] if place + 1 < len(solid) else None
            calculates = (
                before is not None
                and (alone[before] is Role.DIGIT or texts[before].strip().endswith(_CLOSING))
                and (
                    after is None
                    or alone[after] in (Role.DIGIT, Role.CURRENCY)
                    or texts[after].strip().startswith(_OPENING)
                )
            )
            found[index] = Role.OPERATOR if calculates else _in_a_sentence(texts[index])
    return tuple(role for role in found if role is not None)


TEMPLATE = RoleRule.words("template", ("the", "is", "."))
"""Template words: what holds a sentence together, as arXiv 2602.13517 names them."""


def role_table(rules: Sequence[RoleRule] = ()) -> RoleTable:
    """Return the roles above, behind a user's own."""
    return RoleTable(tuple(rules), roles)


@lru_cache(maxsize=1 << 16)  # the tokens of a thousand answers are few different ones
def _alone(text: str) -> Role | None:
    """Return the role of a text, or None where it depends on what stands around it."""
    bare = text.strip()
    if not bare:
        return Role.NEWLINE if any(mark in text for mark in _LINE_BREAKS) else Role.SPACE
    if _SPECIAL.fullmatch(bare):
        return Role.OTHER
    if all(unicodedata.category(character) == "Sc" for character in bare):
        return Role.CURRENCY
    if _EQUALS.issuperset(bare):
        return Role.EQUALS
    if bare in _OPERATORS:
        return Role.OPERATOR
    if bare in _BETWEEN_NUMBERS:
        return None
    return Role.EXPRESSION if _is_expression(bare) else _in_a_sentence(bare)


def _in_a_sentence(text: str) -> Role:
    bare = text.strip()
    if any(map(str.isalpha, bare)):
        return Role.PHRASE if re.search(r"\s", bare) else Role.WORD
    if any(map(str.isnumeric, bare)):
        return Role.DIGIT
    kinds = {unicodedata.category(character) for character in bare if not character.isspace()}
    marks = all(kind[0] == "P" or kind in ("Sc", "Sk", "Sm") for kind in kinds)
    return Role.PUNCTUATION if marks else Role.OTHER


def _is_expression(text: str) -> bool:
    """Tell whether arithmetic is all that a text says."""
    found = expressions(text)
    rest = list(text)
    for start, end in found:
        rest[start:end] = " " * (end - start)
    return bool(found) and not any(map(str.isalnum, rest))


def _noun(axis: Axis) -> str:
    return axis.name.casefold().rpartition(" ")[2]
