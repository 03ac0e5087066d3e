import pytest

from bathyscope.prompt.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith paid $3.50. Then he left.", ["Dr. Smith paid $3.50.", "Then he left."]),
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ('"Is it?" she asked.', ['"Is it?" she asked.']),
        ("J. Smith and John F. Kennedy met. Yes.", ["J. Smith and John F. Kennedy met.", "Yes."]),
        ("We chose plan B. Then we left.", ["We chose plan B.", "Then we left."]),
        ("See No. 5. He said no. Then", ["See No. 5.", "He said no.", "Then"]),
        (
            "In the U.S. Congress, e.g. The House. Ok",
            ["In the U.S. Congress, e.g. The House.", "Ok"],
        ),
        ("1. First thing. 2. Second.\n3. Third", ["1. First thing.", "2. Second.", "3. Third"]),
        ("It was 12. Then 13", ["It was 12.", "Then 13"]),
        ("Wait... What?! Yes! (He did.) No", ["Wait...", "What?!", "Yes!", "(He did.)", "No"]),
        ("今日は晴れ。明日は雨！本当？", ["今日は晴れ。", "明日は雨！", "本当？"]),
        ("他说：“走。”然后离开", ["他说：“走。”", "然后离开"]),
        ("नमस्ते। आप कैसे हैं।", ["नमस्ते।", "आप कैसे हैं।"]),
        ("Q: How many?\nA: 12\n\nof them", ["Q: How many?", "A: 12", "of them"]),
        ("a hard\nwrapped line. Next", ["a hard\nwrapped line.", "Next"]),
        ("no end", ["no end"]),
        (" \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected
