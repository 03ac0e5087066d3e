from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bathyscope.description.markdown import as_text, code, escaped, listed


def on_one_line(text: str) -> str:
    marks = {"\n": "⏎", "\r": "␍", "\t": "⇥"}
    return "".join(
        marks.get(c, c if c.isprintable() else c.encode("unicode_escape").decode()) for c in text
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_label_is_shown_as_it_is(text: str) -> None:
    """Inline code survives a Markdown parser, whatever a token contains."""
    inline = MarkdownIt("commonmark").parseInline(f"x {code(text)} y")[0].children
    assert inline is not None
    assert [token.content for token in inline if token.type == "code_inline"] == [on_one_line(text)]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_name_is_shown_as_it_is(text: str) -> None:
    inline = MarkdownIt("commonmark").parseInline(f"x{escaped(text)}y")[0].children
    assert inline is not None and {token.type for token in inline} <= {"text", "text_special"}
    assert "".join(token.content for token in inline) == f"x{on_one_line(text)}y"


def test_an_empty_label_has_words() -> None:
    assert code("") == "(nothing)"


def test_lists_say_how_many_more_there_are() -> None:
    assert listed(["a", "b"], most=2) == "a, b"
    assert listed(["a", "b", "c"], str.upper, most=2) == "A, B and 1 more"
    assert listed(["a"] * 1003, most=2, between="; ") == "a; a; and 1,001 more"


def test_text_has_no_marks() -> None:
    markdown = "# A `b*`\n\nOne \\*two\\*.\n\n## C\n\n- d\n- e `f`\n"
    assert as_text(markdown) == "A “b*”\nOne *two*.\n\nC\nd\ne “f”\n"
