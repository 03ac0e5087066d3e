import pytest
from hypothesis import given
from hypothesis import strategies as st

from bathyscope.core.errors import InputError
from bathyscope.prompt import Prompt


def test_marks_become_features() -> None:
    prompt = Prompt.marked("A: [[9 + 3 = 12]].\nB: [[7 x 5]]")
    assert prompt.text == "A: 9 + 3 = 12.\nB: 7 x 5"
    assert prompt.labels == ("9 + 3 = 12", "7 x 5")
    assert [prompt.text[a:b] for a, b in prompt.features] == list(prompt.labels)


@pytest.mark.parametrize(
    ("source", "text", "labels"),
    [
        (r"a \[[b]] c", "a [[b]] c", ()),
        (r"[[a \]] b]]", "a ]] b", ("a ]] b",)),
        (r"\\[[a]]", "\\a", ("a",)),
        (r"\\\[[a", r"\[[a", ()),
        (r"\frac{1}{2} x[y[0]] [[z]]", r"\frac{1}{2} x[y[0]] z", ("z",)),
        ("[[a]][[b]]", "ab", ("a", "b")),
        ("[[[a]]]", "[a]", ("[a",)),
        ("no mark", "no mark", ()),
    ],
)
def test_escapes(source: str, text: str, labels: tuple[str, ...]) -> None:
    prompt = Prompt.marked(source)
    assert prompt.text == text
    assert prompt.labels == labels


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("one\ntwo [[three", r"line 2 is never closed"),
        ("[[a [[b]]", r"line 1 is still open"),
        ("a [[]] b", r"holds nothing"),
    ],
)
def test_wrong_marks_are_named_with_their_line(source: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Prompt.marked(source)


def test_masking() -> None:
    prompt = Prompt.marked("a [[b]] c [[d]] e")
    assert prompt.masked([True, True]) == "a b c d e" == prompt.text
    assert prompt.masked([False, True]) == "a  c d e"
    assert prompt.masked([False, False], baseline="_") == "a _ c _ e"
    with pytest.raises(ValueError, match="is shorter than"):
        prompt.masked([True])


@pytest.mark.parametrize("spans", [((0, 0),), ((0, 9),), ((1, 3), (2, 4)), ((2, 3), (0, 1))])
def test_spans_that_make_no_sense_are_refused(spans: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(InputError):
        Prompt("abcd", spans)


@given(st.lists(st.tuples(st.text("ab[]\\ \n"), st.text("cd \n", min_size=1)), max_size=4))
def test_any_text_survives_escaping(parts: list[tuple[str, str]]) -> None:
    """Text with its backslashes and marks escaped comes back as it was."""

    def escaped(text: str) -> str:
        # Escaping every bracket pair needs the backslashes before it doubled.
        out, backslashes = "", 0
        index = 0
        while index < len(text):
            if text[index : index + 2] in ("[[", "]]"):
                out += "\\" * (backslashes + 1) + text[index : index + 2]
                backslashes, index = 0, index + 2
                continue
            backslashes = backslashes + 1 if text[index] == "\\" else 0
            out += text[index]
            index += 1
        return out

    # A letter between keeps a text's last bracket or backslash apart from the mark.
    source = "".join(f"{escaped(text)}.[[{feature}]]." for text, feature in parts)
    prompt = Prompt.marked(source)
    assert prompt.text == "".join(f"{text}.{feature}." for text, feature in parts)
    assert prompt.labels == tuple(feature for _, feature in parts)
