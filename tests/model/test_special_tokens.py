"""What a tokenizer puts around a text, and what it leaves out of it."""

from typing import Any

import pytest
from tokenizers import normalizers

from bathyscope.core.errors import InputError
from bathyscope.model.tokenizer import TransformersTokens
from tests.model.tokenizers import digits_only, llama_like, metaspace, words_only

AROUND = [
    (["<s>"], []),
    (["<s>", "<en>"], []),
    ([], ["</s>"]),
    (["<s>"], ["</s>", "<end>"]),
    (["<s>", "<en>"], ["<en>", "</s>"]),
    (["<s>", "<s>"], ["<s>"]),
    ([], []),
]


@pytest.mark.parametrize(("before", "after"), AROUND)
def test_a_vocabulary_without_letters_keeps_its_last_token(
    before: list[str], after: list[str]
) -> None:
    tokenizer: Any = digits_only(before, after)
    assert not tokenizer("a", add_special_tokens=False)["input_ids"], "a has a token after all"
    tokens = TransformersTokens(tokenizer)
    prepended = tuple(tokenizer.convert_tokens_to_ids(before))
    whole = (1, 2, 10, 3, 4, 12)
    assert tokens.encode("12+34=") == prepended + whole
    assert tokens.encode("") == prepended
    continuation = tokens.continuation("12+34=", "46")
    assert continuation.prompt_ids == prepended + whole
    assert continuation.target_ids == (4, 6)
    assert tokens.under_another_prompt(continuation, "") == prepended
    assert tokens.spans("1+2") == ((0, 1), (1, 2), (2, 3))


def test_special_tokens_in_the_text_are_the_text() -> None:
    tokenizer: Any = digits_only(["<s>", "<en>"], ["</s>"])
    tokens = TransformersTokens(tokenizer)
    start, language, end = tokenizer.convert_tokens_to_ids(["<s>", "<en>", "</s>"])
    assert tokens.encode("<s><en>1") == (start, language, 1)
    assert tokens.encode("1</s>") == (start, language, 1, end)
    assert tokens.encode("</s>") == (start, language, end)
    assert tokens.continuation("1", "2</s>").target_ids == (2, end)
    assert tokens.continuation("<s><en>1</s>", "2").prompt_ids == (start, language, 1, end)
    assert tokens.spans("1</s>") == ((0, 1), (1, 5))


@pytest.mark.parametrize(
    ("prompt", "target", "named"),
    [
        ("What is 12+34=", "46", "drops 6 of the 16"),
        ("12+34=", "46 apples", "'aples'"),
        ("1×2", "3", "'×'"),
    ],
)
def test_characters_that_are_dropped_are_named(prompt: str, target: str, named: str) -> None:
    tokenizer = digits_only(["<s>"], [])
    assert len(tokenizer(prompt + target)["input_ids"]) < 1 + len(prompt + target)
    with pytest.raises(InputError, match="no token for") as caught:
        TransformersTokens(tokenizer).continuation(prompt, target)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("normalizer", "text"),
    [
        (None, "a  b\n"),
        (normalizers.NFC(), "\u1112\u1161\u11ab a"),  # three letters become one
        (normalizers.Replace("``", '"'), "``a``"),
        (normalizers.BertNormalizer(), "e\u0301 a\x00b\u200d"),
        (normalizers.Lowercase(), "A B"),
    ],
)
def test_what_a_normaliser_changes_is_not_dropped(
    normalizer: normalizers.Normalizer | None, text: str
) -> None:
    tokenizer = words_only(normalizer)
    encoding = tokenizer(text)[0]
    covered = {place for start, end in encoding.offsets for place in range(start, end)}
    assert covered != set(range(len(text)))
    assert (
        len(TransformersTokens(tokenizer).encode(text)) == encoding.special_tokens_mask.count(0) + 1
    )


@pytest.mark.parametrize("tokenizer", [llama_like(), metaspace(), words_only()])
def test_the_end_is_left_out_in_every_kind_of_tokenizer(tokenizer: object) -> None:
    tokens = TransformersTokens(tokenizer)
    assert tokens.decode(tokens.encode("a b")[-1:]).strip() == "b"
    assert len(tokens.encode("")) == 1


def test_a_failing_tokenizer_is_one_sentence() -> None:
    tokens = TransformersTokens(words_only(unknown=False))
    assert len(tokens.encode("a")) == 2
    with pytest.raises(InputError, match="cannot read the text 'z'"):
        tokens.encode("z")


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InputError, match=r"at character 1 stands \\udcff"):
        TransformersTokens(llama_like()).encode("a\udcff")
