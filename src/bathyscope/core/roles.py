"""Rules that give pieces of text a role: by a pattern, by words, or by a function of their own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from bathyscope.core.errors import InputError, first_sentence
from bathyscope.core.patterns import which_match
from bathyscope.core.registry import Registry

Matches = Callable[[Sequence[str]], Sequence[bool]]
"""Takes several texts and says of each whether it has the role."""


@dataclass(frozen=True)
class RoleRule:
    """A role with what decides whether a text has it.

    Attributes:
        name: What the role is called: letters, digits, spaces and underscores.
        matches: Decides, of several texts at once.
        summary: One line on it, for lists.
        written: It as NAME=PATTERN, where that says all of it; else None.
    """

    name: str
    matches: Matches
    summary: str = ""
    written: str | None = None

    def __post_init__(self) -> None:
        """Refuse a name that cannot be read: it becomes a label."""
        if not self.name.strip() or not self.name.isprintable():
            raise InputError(
                f"A role cannot be called {self.name!r}; name it by letters, digits, spaces and "
                "underscores."
            )

    @classmethod
    def of(cls, name: str, has_role: Callable[[str], bool], summary: str = "") -> "RoleRule":
        """Return a role that a function of one text decides."""
        return cls(name, lambda texts: [bool(has_role(text)) for text in texts], summary)

    @classmethod
    def words(cls, name: str, words: Iterable[str]) -> "RoleRule":
        """Return the role of certain texts; white space at their ends and case do not count."""
        known = frozenset(word.strip().casefold() for word in words)
        listed = ", ".join(sorted(known))
        return cls.of(name, lambda text: text.strip().casefold() in known, f"one of {listed}")

    @classmethod
    def pattern(cls, name: str, pattern: str) -> "RoleRule":
        """Return the role of texts in which a regular expression matches something.

        Raises:
            InputError: It is no regular expression, or does not come to an end.
        """
        which_match(pattern, [])
        matches = partial(which_match, pattern)
        return cls(name, matches, f"what {pattern} matches", f"{name}={pattern}")

    @classmethod
    def parsed(cls, text: str) -> "RoleRule":
        """Return a role from NAME=PATTERN, as it is given on the command line.

        Raises:
            InputError: It is not of that form.
        """
        name, sign, pattern = text.partition("=")
        if not sign or not pattern or not name.strip():
            raise InputError(
                f"A role is given as NAME=PATTERN, such as unit=^(km|m)$, not {text!r}."
            )
        return cls.pattern(name.strip(), pattern)


ROLE_RULES: Registry[RoleRule] = Registry("role", "bathyscope.roles")
"""Roles of users and of other packages; they come before the standard ones."""


@dataclass(frozen=True)
class RoleTable:
    """Roles in order: the first rule that fits counts, else the standard role.

    Attributes:
        rules: A user's own roles, in order.
        standard: Gives every text of a sequence the role it has otherwise.
    """

    rules: tuple[RoleRule, ...]
    standard: Callable[[Sequence[str]], Sequence[str]]

    def roles(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Return the role of each of several texts, which stand one after the other.

        Raises:
            InputError: A rule fails, or answers for another number of texts.
        """
        found = list(self.standard(texts))
        rules = {rule.name: rule for rule in (*self.rules, *ROLE_RULES.values())}
        for rule in reversed(rules.values()):
            for index, fits in enumerate(_answers(rule, texts)):
                if fits:
                    found[index] = rule.name
        return tuple(found)


def _answers(rule: RoleRule, texts: Sequence[str]) -> Sequence[bool]:
    try:
        answers = rule.matches(texts)
    except InputError:
        raise
    except Exception as error:  # a user's own function raises whatever it stumbles over
        raise InputError(
            f"The role {rule.name!r} fails ({type(error).__name__}: {first_sentence(error)}); "
            "correct what decides it."
        ) from error
    if len(answers) != len(texts):
        raise InputError(
            f"The role {rule.name!r} answers for {len(answers)} of {len(texts)} texts; it is to "
            "return True or False for each."
        )
    return answers
