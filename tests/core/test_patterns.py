import time

import pytest

from bathyscope.core.errors import InputError
from bathyscope.core.patterns import all_matches
from bathyscope.prompt import Prompt
from bathyscope.thinking.answer_rules.rules import extractor


def test_matches_with_their_groups() -> None:
    assert all_matches("(a)|(b)", "xabé") == [
        [(1, 2), (1, 2), (-1, -1)],
        [(2, 3), (-1, -1), (2, 3)],
    ]
    assert all_matches("^é$", "a\n😀\né", lines=True) == [[(4, 5)]]
    assert all_matches("^é$", "a\né") == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a|aa)+$", "a" * 60 + "b"),  # matches for ages
        ("(a{1,30000}){1,30000}b", "a" * 1000),  # where a timeout of the library is not heard
        ("(?:(?:x{1000}){1000}){1000}", "x"),  # never finishes compiling
        ("(?R)a", "a" * 40),  # fills the memory
    ],
)
def test_catastrophic_patterns_end(pattern: str, text: str) -> None:
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"did not come to an end (within 2 sec|in 2 GiB)"):
        all_matches(pattern, text, seconds=2)
    assert time.monotonic() - begun < 20


def test_very_many_matches_are_refused() -> None:
    assert len(all_matches(".", "x" * 100_000)) == 100_000
    with pytest.raises(InputError, match="matches more than 100,000 times"):
        all_matches(".", "x" * 100_001)


def test_no_pattern_is_refused_wherever_one_is_given() -> None:
    for refused in (lambda: Prompt.segmented("a", "regex:("), lambda: extractor("regex:(")):
        with pytest.raises(InputError, match="is no regular expression"):
            refused()


def test_the_pattern_of_an_answer_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    find = extractor("regex:(a|aa)+$")
    assert find("baa") == "aa" or find("baa") == "a"
    monkeypatch.setattr(all_matches, "__kwdefaults__", {"lines": False, "seconds": 2.0})
    with pytest.raises(InputError, match="within 2 seconds"):
        find("a" * 60 + "b")
