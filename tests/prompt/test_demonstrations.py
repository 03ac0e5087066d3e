import pytest

from bathyscope.prompt.demonstrations import demonstrations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Q: a\nA: b\nQ: c\nA:", ["Q: a\nA: b\n"]),
        ("Q: a\nA: b\n\nQ: c\nA: d\n\nQ: e", ["Q: a\nA: b\n\n", "Q: c\nA: d\n\n"]),
        ("Q: a\r\nA: b\r\n\r\nQ: c\r\nA:", ["Q: a\r\nA: b\r\n\r\n"]),
        ("Be brief.\n\nQ: a\n\nA: b\n\nQ: c\n\nA:", ["Q: a\n\nA: b\n\n"]),
        ("Translate.\nEnglish: a\nFrench: b\nEnglish: c", ["English: a\nFrench: b\n"]),
        ("Example 1: x\ny\n\nExample 2: z", ["Example 1: x\ny\n\n"]),
        ("### Input:\na\n### Output:\nb\n### Input:\nc", ["### Input:\na\n### Output:\nb\n"]),
        ("**Q:** a\n**A:** b\n\n**Q:** c", ["**Q:** a\n**A:** b\n\n"]),
        ("问：一\n答：二\n问：三\n答：", ["问：一\n答：二\n"]),
        ("one\n\ntwo\n \nopen", ["one\n\n", "two\n \n"]),
        ("one\n\nopen\n\n", ["one\n\n"]),
        ("Q: only one\nA:", []),
        ("http://a\nhttp://b", []),
        ("", []),
    ],
)
def test_demonstrations(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in demonstrations(text)] == expected
