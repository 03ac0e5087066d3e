"""Documents as people have them: files, folders, headings, and what is no text."""

from pathlib import Path

import pytest

import bathyscope as bs
from bathyscope.citation.context import ContextPassage, paragraphs, passages
from bathyscope.core.noting import noting


def test_paragraphs_and_their_headings() -> None:
    text = "# Title\n\nOne.\nTwo.\n \n\nPart\n\nSub\n\nThree is long.\n\nLast line"
    assert [*paragraphs(text)] == [
        "# Title\nOne.\nTwo.",
        "Part\nSub\nThree is long.",
        "Last line",
    ]
    assert [*paragraphs("")] == []


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes("\ufeffB one.\r\n\r\nB two.".encode())
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "c.md").write_text("C.")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / ".hidden").write_text("No.")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("No.")
    with noting() as notes:
        found = passages(tmp_path)
    assert found == (
        ContextPassage("C.", "a/c.md"),
        ContextPassage("B one.", "b.txt"),
        ContextPassage("B two.", "b.txt"),
    )
    assert sorted(one.partition(" ")[0] for one in notes) == ["latin.txt", "picture.png"]
    assert passages(tmp_path / "b.txt")[0] == ContextPassage("B one.", "b.txt")


def test_passages_may_be_given_themselves() -> None:
    assert passages([" One. ", "", "Two."]) == (ContextPassage("One."), ContextPassage("Two."))


@pytest.mark.parametrize("name", ["none.txt", "empty.txt", "bytes.txt", "folder", "a\0b"])
def test_what_is_no_context_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xff")
    (tmp_path / "folder").mkdir()
    with pytest.raises(bs.InputError) as caught:
        passages(tmp_path / name)
    assert "\n" not in str(caught.value)
    with pytest.raises(bs.InputError, match="no passage"):
        passages([])
