import pytest

import bathyscope as bs
from bathyscope.core.heatmap import Span
from bathyscope.prompt.labels import distinct
from bathyscope.prompt.notes import notes
from tests.conftest import tiny


def pairs(text: str) -> list[Span]:
    """Tokens of two characters, from the beginning."""
    return [(i, min(i + 2, len(text))) for i in range(0, len(text), 2)]


def characters(text: str) -> list[Span]:
    return [(i, i + 1) for i in range(len(text))]


def test_nothing_to_note() -> None:
    assert notes(bs.Prompt.marked("a [[b]] c [[d]]"), characters) == ()


def test_white_space_and_repetition() -> None:
    found = notes(bs.Prompt.marked("[[12]] a [[ \n]] b [[12]]"), characters)
    assert found == (
        "Feature 2 (' \\n'): white space only; measured like any other.",
        "Features 1 ('12') and 3 ('12'): the same text; told apart by position.",
    )
    assert notes(bs.Prompt.segmented("a b a", "words"), characters) == ()


def test_many_are_counted_not_listed() -> None:
    (found,) = notes(bs.Prompt.marked("[[a]] " * 9), characters)
    assert "5 ('a') and 4 more" in found


@pytest.mark.parametrize(
    ("source", "cut", "merges"),
    [
        ("ab[[cd]]ef", False, False),  # edges between tokens; the rest is ab|ef
        ("a[[bc]]d", True, True),  # inside ab and cd; the rest is ad
        ("a[[bc]]", True, False),
        ("ab[[c]]def", True, False),
        ("a [[bc]]. d", False, False),
        (" [[b.]]", False, False),  # a shared space is no cut worth a word
    ],
)
def test_edges_inside_tokens_and_neighbours_that_merge(
    source: str, cut: bool, merges: bool
) -> None:
    found = " ".join(notes(bs.Prompt.marked(source), pairs))
    assert ("lies inside a token" in found) == cut
    assert ("becomes one token" in found) == merges
    assert "becomes one token" not in " ".join(notes(bs.Prompt.marked(source), pairs, False))


def test_features_that_merge_their_neighbours_are_named_together() -> None:
    found = " ".join(notes(bs.Prompt.marked("a[[bc]]de[[fg]]h"), pairs))
    assert "Features 1 ('bc') and 2 ('fg'): without one of them the text on both sides" in found


def test_double_brackets_of_code_are_noted() -> None:
    code = bs.Prompt.marked("transpose([[1, 2], [3, 4]]) [[a[0]]] [[(b)]]")
    assert code.labels == ("1, 2], [3, 4", "a[0", "(b)")
    found = " ".join(notes(code, characters))
    assert "Features 1 ('1, 2], [3, 4') and 2 ('a[0'): square brackets that do not match" in found
    assert notes(bs.Prompt.marked("[[a[0] ]] \\[[1], [2]]"), characters) == ()


@pytest.mark.parametrize(
    ("source", "counted"),
    [("transpose([[1, 2], [3, 4]])", "the marked part"), ("[[a]] [[b]]", "the 2 marked parts")],
)
def test_marks_that_restrict_other_features_are_noted_in_the_library(
    source: str, counted: str
) -> None:
    prompt = bs.Prompt.segmented(source, "words")
    assert "[[" not in prompt.text
    assert prompt.notes[0].startswith(f"The features are words inside {counted} only;")
    for run in (bs.attribute(tiny("llama"), prompt, "y"), bs.depth(tiny("llama"), prompt, "y")):
        assert run.notes.count(prompt.notes[0]) == 1


def test_labels_are_told_apart() -> None:
    assert distinct(["a", "b", "a"]) == ("#1 a", "b", "#2 a")


def test_attribution_notes_and_numbers() -> None:
    prompt = bs.Prompt.marked("x [[12]] [[\n]] [[12]]")
    run = bs.attribute(tiny("llama"), prompt, "y")
    assert [note.partition(":")[0] for note in run.notes] == [
        "Feature 2 ('\\n')",
        "Features 1 ('12') and 3 ('12')",
    ]
    assert run.heatmap.columns.labels == ("#1 12", "⏎", "#2 12")


@pytest.mark.real
def test_what_the_embedded_tokenizer_joins(smollm: bs.LanguageModel) -> None:
    found = notes(bs.Prompt.marked("What is un[[believ]]able today"), smollm.tokens.spans)
    assert any(note.startswith("Feature 1 ('believ'): without it") for note in found)
    tokens = bs.Prompt.segmented("The café of Paris 12", "tokens", smollm.tokens.spans)
    assert "".join(tokens.labels) == tokens.text
    assert " Paris" in tokens.labels
