import codecs
import json

import pytest

from bathyscope.core.errors import InputError
from bathyscope.core.text import decoded, number_of_records, plain, require_characters


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("é\nb".encode(), "é\nb"),
        (codecs.BOM_UTF8 + "é".encode(), "é"),
        ("é".encode("utf-16"), "é"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "é"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        ("a\ufeffb".encode(), "a\ufeffb"),
        (b"", ""),
    ],
)
def test_one_text_whatever_the_marks(content: bytes, text: str) -> None:
    assert decoded(content, "x") == text
    assert plain(plain(text)) == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ab\xff", "x is not UTF-8 text .* at byte 2"),
        ("é".encode("latin-1"), "at byte 0"),
        (codecs.BOM_UTF8 + b"\xc3", "UTF-8 text .* at byte 3"),
        (codecs.BOM_UTF16_LE + b"a", "UTF-16 text .* at byte 2"),
    ],
)
def test_other_bytes_are_named_with_their_place(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decoded(content, "x")


def test_half_a_surrogate_pair_is_named_with_its_place() -> None:
    require_characters("a😀", "prompt")
    with pytest.raises(InputError, match=r"The prompt .* character 1 stands \\ud83d"):
        require_characters("a\ud83d", "prompt")


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ('{"a": 1}\n{"b": "[["}\n', 2),
        ('{"prompt": "a"}', 1),
        ('{\n "prompt": "a"\n}', 1),
        ('[{"role": "user"}, {"role": "user"}]', 2),
        ("[1, 2]", 0),
        ("[[a]] b", 0),
        ("[]", 0),
        ('Write JSON.\n{"a": 1}', 0),
        ('{"q": 1, "a": 2}\n{"q": 2, "a":', 0),  # worked examples and an open question
        ("{" * 100_000, 0),
        ("", 0),
    ],
)
def test_records_are_told_from_text(text: str, records: int) -> None:
    assert number_of_records(text) == records
    assert number_of_records(json.dumps(text)) == 0
