from bathyscope.core.heatmap import Axis
from bathyscope.prompt.units import units


def axis(pieces: list[str]) -> tuple[Axis, str]:
    text, spans = "", []
    for piece in pieces:
        spans.append((len(text), len(text) + len(piece)))
        text += piece
    return Axis("target token", tuple(pieces), spans=tuple(spans)), text


def test_tokens_become_words_and_sentences() -> None:
    tokens, text = axis([" $", "16", ",", "000", " /", " ", "0", ".", "8", ".", " Th", "us", "\n"])
    found = units(tokens, text)
    assert found["word"]["of"] == [0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 3, 3, 3]
    assert found["word"]["labels"] == ["$16,000", "/", "0.8.", "Thus"]
    assert found["sentence"]["of"] == [0] * 10 + [1] * 3
    assert found["sentence"]["labels"] == ["$16,000 / 0.8.", "Thus"]


def test_white_space_goes_with_what_follows_but_not_over_a_line() -> None:
    tokens, text = axis(["\n", " ", "a", " ", " ", "b", "\n", " ", "\n", "c", " "])
    assert units(tokens, text)["word"]["of"] == [0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2]


def test_a_unit_that_changes_nothing_is_left_out() -> None:
    words, text = axis(["one", " two", " three"])
    assert list(units(words, text)) == ["sentence"]


def test_parts_with_text_between_them_say_that_something_is_left_out() -> None:
    text = "Two plus 3 is five. Then 7."
    parts = Axis("feature", ("Two", "3", "7"), spans=((0, 3), (9, 10), (25, 26)))
    assert units(parts, text)["sentence"] == {"of": [0, 0, 1], "labels": ["Two … 3", "7"]}


def test_pieces_of_one_character_stay_together() -> None:
    tokens = Axis("target token", ("é 1/2", "é 2/2", "a"), spans=((0, 1), (0, 1), (1, 2)))
    assert units(tokens, "éa")["word"] == {"of": [0, 0, 0], "labels": ["éa"]}


def test_an_axis_without_places_has_no_units() -> None:
    assert units(Axis("layer", ("1", "2")), "") == {}
    assert units(Axis("target token", (" ", "  "), spans=((0, 1), (1, 3))), "   ") == {}
