from importlib import resources
from json import loads

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.prompt import Prompt
from bathyscope.prompt.pattern import matches
from bathyscope.prompt.segmenters import SEGMENTERS, feature_names
from bathyscope.prompt.subwords import token_features
from bathyscope.prompt.words import words


@pytest.mark.parametrize("name", ["division", "multiplication"])
def test_the_demo_s_expressions_are_what_its_authors_marked(name: str) -> None:
    document = resources.files("bathyscope.demo").joinpath(f"{name}.json").read_text("utf-8")
    source = loads(document)["prompt"]
    marked = Prompt.marked(source)
    found = Prompt.segmented(source, "expressions")
    assert (found.text, found.features) == (marked.text, marked.features)
    blocks = Prompt.segmented(source, "demonstrations")
    assert len(blocks.features) == len(marked.features) == 5
    assert "".join(blocks.labels) + blocks.text[blocks.features[-1][1] :] == marked.text


def test_words() -> None:
    text = "The capital  of France,\n我爱你。 日本"
    expected = ["The", "capital", "of", "France,", "我", "爱", "你。", "日", "本"]
    assert [text[start:end] for start, end in words(text)] == expected


@pytest.mark.parametrize("name", [*SEGMENTERS, "tokens"])
@given(
    text=st.text("ab 1+=Q:A.\n\r\t。é字", max_size=40)
    | st.text(st.characters(exclude_characters="\U0010ffff"), max_size=40)
)
def test_any_text_is_cut_without_loss(name: str, text: str) -> None:
    _require_whole(name, text)


@pytest.mark.parametrize("pattern", ["[a-z]+|(?=x)", "^.*$", r"\s", "é|[^a]"])
@pytest.mark.parametrize("text", ["ab 1+=Q\nxé字", "\n\r\n", "😀a\u0301"])
def test_any_text_is_cut_without_loss_by_a_pattern(pattern: str, text: str) -> None:
    _require_whole(f"regex:{pattern}", text)


def _require_whole(name: str, text: str) -> None:
    """Spans are ordered and inside (Prompt checks), kept text and features make the whole."""

    def each_character(text: str) -> list[Span]:
        return [(0, 0), *((i, i + 1) for i in range(len(text)) if not text[i].isspace())]

    source = text.replace("[[", "[").replace("]]", "]")
    try:
        prompt = Prompt.segmented(source, name, each_character)
    except InputError:
        return
    assert prompt.segmenter == name
    assert prompt.masked([True] * len(prompt.labels)) == prompt.text
    gap = "\U0010ffff"  # a character that the text is unlikely to hold
    kept = prompt.masked([False] * len(prompt.labels), gap).split(gap)
    pieces = zip(kept, [*prompt.labels, ""], strict=True)
    assert "".join(piece + label for piece, label in pieces) == prompt.text


def test_other_segmenters_stay_inside_marks_and_escapes_keep_working() -> None:
    prompt = Prompt.segmented(r"one [[two 2]] \[[three]]", "words")
    assert prompt.labels == ("two", "2")
    assert prompt.text == "one two 2 [[three]]"
    assert Prompt.segmented(r"one \[[three]]", "words").labels == ("one", "[[three]]")


@pytest.mark.parametrize("name", [name for name in feature_names() if "regex" not in name])
def test_nothing_found_is_one_sentence_with_the_way_out(name: str) -> None:
    with pytest.raises(InputError, match=r"^(No |The prompt has no ).*choose other features") as e:
        Prompt.segmented(" \n ", name, lambda _: ())
    assert f" {name}," not in str(e.value).partition("features: ")[2]


def test_names_that_are_not_known() -> None:
    with pytest.raises(InputError, match="'phrases' are not known; choose one of marked, "):
        Prompt.segmented("a", "phrases")
    with pytest.raises(InputError, match="need a tokenizer"):
        Prompt.segmented("a", "tokens")


def test_patterns() -> None:
    assert matches("ab\nab", "^a|x*") == [(0, 1), (3, 4)]
    with pytest.raises(InputError, match="no regular expression: missing"):
        matches("a", "(")
    with pytest.raises(InputError, match="is empty"):
        Prompt.segmented("a", "regex:")
    with pytest.raises(InputError, match=r"Nothing in the prompt matches 'b'"):
        Prompt.segmented("a", "regex:b")
    with pytest.raises(InputError, match=r"did not come to an end within 0.05 seconds"):
        matches("a" * 4000 + "b", r"(a|aa)+$", seconds=0.05)


def test_tokens_share_bytes_and_own_the_space_before_them() -> None:
    # <bos>, "a", two tokens of the bytes of é, "b" without the space in its span
    spans = [(0, 0), (0, 1), (1, 2), (1, 2), (3, 4)]
    assert token_features("aé b", spans) == [(0, 1), (1, 2), (2, 4)]
    assert token_features("a?b", [(0, 1), (2, 3)]) == [(0, 1), (2, 3)]
