import pytest

from bathyscope.core.errors import InputError
from bathyscope.prompt.demonstrations import demonstrations

MMLU = "1?\nA. a\nB. b\nAnswer: B\n\n2?\nA. c\nB. d\nAnswer: A\n\n3?\nA. e\nB. f\nAnswer:"
MMLU_BLOCKS = ["1?\nA. a\nB. b\nAnswer: B\n\n", "2?\nA. c\nB. d\nAnswer: A\n\n"]


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
        # A label that closes a block, or stands in its middle: blank lines decide.
        (f"Choose.\n\n{MMLU}", MMLU_BLOCKS),
        (f"Choose.\n\nOne letter.\n\n{MMLU}", MMLU_BLOCKS),
        (MMLU, MMLU_BLOCKS),
        (
            f"Choose.\n\n{MMLU}".replace("\n", "\r\n"),
            [b.replace("\n", "\r\n") for b in MMLU_BLOCKS],
        ),
        (f"{MMLU} C\n\nAnd 4?", [*MMLU_BLOCKS, "3?\nA. e\nB. f\nAnswer: C\n\n"]),
        (
            "Be.\n\na?\nOptions: x\nAnswer: x\n\nb?\nOptions: y\nAnswer:",
            ["a?\nOptions: x\nAnswer: x\n\n"],
        ),
        ("Be.\n\na?\n\nx\nAnswer: x\n\nb?\n\ny\nAnswer:", ["a?\n\nx\nAnswer: x\n\n"]),
        ("a?\n\nx\nAnswer: x\n\nb?\n\ny\nAnswer:", ["a?\n\nx\nAnswer: x\n\n"]),
        # A label that opens the blocks below an instruction.
        ("Do.\n\nQ: a\nA: b\n\nQ: c\nA: d\n\nQ: e\nA:", ["Q: a\nA: b\n\n", "Q: c\nA: d\n\n"]),
        ("Do.\nQ: a\nA: b\n\nQ: c\nA: d\n\nQ: e\nA:", ["Q: a\nA: b\n\n", "Q: c\nA: d\n\n"]),
        ("Do.\n\nQ: a\nA: b\nmore\nQ: c\nA:", ["Q: a\nA: b\nmore\n"]),
        ("Q: a\n\npassage\n\nA: b\n\nQ: c\n\npassage\n\nA:", ["Q: a\n\npassage\n\nA: b\n\n"]),
        ("Input: a\nOutput: b\n\nInput: c\nOutput:", ["Input: a\nOutput: b\n\n"]),
        ("Tweet: a\nTweet: b\nTweet:", ["Tweet: a\n", "Tweet: b\n"]),
        # The open question lacks the label.
        ("Example 1: a\n\nExample 2: b\n\nNow: c", ["Example 1: a\n\n", "Example 2: b\n\n"]),
        ("Q: a\nA: b\n\nQ: c\nA: d\n\nNow e", ["Q: a\nA: b\n\n", "Q: c\nA: d\n\n"]),
        ("Q: a\nA: b\n\nQ: c\n\nA:", ["Q: a\nA: b\n\n"]),
        # Headings and numbers.
        (
            "# Task\nDo.\n\n## Example 1\na\n\n## Example 2\nb\n\n## Example 3\nc",
            ["## Example 1\na\n\n", "## Example 2\nb\n\n"],
        ),
        (
            "### Input\na\n### Output\nb\n### Input\nc\n### Output\n",
            ["### Input\na\n### Output\nb\n"],
        ),
        ("Do.\n1. a -> b\n2. c -> d\n3. e ->", ["1. a -> b\n", "2. c -> d\n"]),
        ("1) a\n\n2) c\n\n3) e", ["1) a\n\n", "2) c\n\n"]),
    ],
)
def test_demonstrations(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in demonstrations(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "1?\nAnswer: a\n2?\nAnswer: b\n3?\nAnswer:",
        "1?\nOptions: a\nAnswer: a\n2?\nOptions: b\nAnswer:",
        "1?\n\nAnswer: a\n\n2?\n\nAnswer: b\n\n3?\n\nAnswer:",
        "Do.\n\n1?\nAnswer: a\n\nhint\n\n2?\nAnswer: b\n\n3?\nAnswer:",
        "1?\nAnswer: a\n\n2?\n\nx\nAnswer:",
    ],
)
def test_where_nothing_decides_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"label '(Answer|Options)' is repeated"):
        demonstrations(text)
