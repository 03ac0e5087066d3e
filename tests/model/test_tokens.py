from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from bathyscope.core.errors import InputError, ModelError
from bathyscope.model.tokenizer import TransformersTokens
from bathyscope.model.tokens import visible
from bathyscope.prompt.units import units
from tests.conftest import byte_tokenizer
from tests.model.tokenizers import llama_like, metaspace, words_only

TOKENS = TransformersTokens(byte_tokenizer())


def sentencepiece_like(with_end: bool = False) -> PreTrainedTokenizerFast:
    """Return a tokenizer with pieces like ▁a and byte fallback, a start and maybe an end token."""
    pieces = [
        "<unk>",
        "<s>",
        "</s>",
        "▁",
        "a",
        "▁a",
        "b",
        *(f"<0x{byte:02X}>" for byte in range(256)),
    ]
    vocabulary = {piece: id for id, piece in enumerate(pieces)}
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary, merges=[("▁", "a")], byte_fallback=True, unk_token="<unk>")
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.add_special_tokens(["<s>", "</s>"])
    end = " </s>" if with_end else ""
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"<s> $A{end}", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")


def test_white_space_is_visible() -> None:
    axis = TOKENS.axis("token", TOKENS.encode(" a\n\t\r"))
    assert axis.labels == ("▁", "a", "⏎", "⇥", "␍")
    assert visible(" a b") == "▁a▁b"
    assert visible("a\x07b\u200dc\u2028é") == "a\\x07b\\u200dc\\u2028é"


def test_fragments_of_a_character_show_the_whole() -> None:
    axis = TOKENS.axis("token", TOKENS.encode("é=😀"))
    assert axis.labels == ("é 1/2", "é 2/2", "=", *(f"😀 {part}/4" for part in range(1, 5)))
    assert axis.spans == ((0, 1), (0, 1), (1, 2), *[(2, 3)] * 4)


def test_bytes_that_are_no_text_are_escaped() -> None:
    ids = TOKENS.encode("é")
    assert TOKENS.axis("token", ids[:1]).labels == ("\\xc3",)
    assert TOKENS.axis("token", (ids[1], *TOKENS.encode("a"))).labels == ("\\xa9", "a")


def test_special_tokens_keep_their_name() -> None:
    assert TOKENS.axis("token", (256, 257)).labels == ("<bos>", "<eos>")


def test_ids_beyond_the_tokenizer_have_a_label() -> None:
    assert TOKENS.axis("token", (999,)).labels == ("<999>",)


@given(st.text(max_size=20))
def test_labels_spell_the_text(text: str) -> None:
    axis = TOKENS.axis("token", TOKENS.encode(text))
    assert axis.spans is not None
    spelled = {span: text[span[0] : span[1]] for span in axis.spans}
    assert "".join(spelled[span] for span in sorted(spelled)) == text


@pytest.mark.filterwarnings("ignore:The prompt ends in a letter")
@given(st.text(max_size=10), st.text(min_size=1, max_size=10))
def test_prompt_and_continuation_are_split_at_the_boundary(prompt: str, target: str) -> None:
    continuation = TOKENS.continuation(prompt, target)
    assert TOKENS.decode(continuation.prompt_ids) == prompt
    assert TOKENS.decode(continuation.target_ids) == target


def test_a_token_over_the_boundary_belongs_to_the_target() -> None:
    tokens = TransformersTokens(sentencepiece_like())
    continuation = tokens.continuation("b ", "ab")
    assert tokens.axis("token", continuation.target_ids).labels == ("▁a", "b")
    assert tokens.axis("token", continuation.prompt_ids).labels == ("<s>", "b")
    assert tokens.under_another_prompt(continuation, "bb ") == tokens.encode("bb")
    assert tokens.under_another_prompt(continuation, "bb") == tokens.encode("bb")


@pytest.mark.filterwarnings("ignore:The prompt ends in a letter")
def test_an_end_token_is_not_put_behind_a_prompt() -> None:
    tokens = TransformersTokens(sentencepiece_like(with_end=True))
    assert tokens.encode("b") == (1, 6)
    assert tokens.encode("") == (1,)
    assert tokens.continuation("b", "b").target_ids == (6,)


@pytest.mark.filterwarnings("ignore:The prompt ends in a letter")
def test_pieces_with_byte_fallback_are_joined() -> None:
    tokens = TransformersTokens(sentencepiece_like())
    labels = tokens.axis("token", tokens.continuation("b", "é a").target_ids).labels
    assert labels == ("é 1/2", "é 2/2", "▁a")


@pytest.mark.parametrize(
    ("prompt", "target", "one"),
    [
        ("The answer", "is", "answeris"),
        ("The answer", "42", "answer42"),
        ("Ответ", "да", "Ответда"),
        ("Η απάντηση", "ναι", "απάντησηναι"),
        ("답은", "네", "답은네"),
        ("a" * 30, "b" * 30, "a" * 12 + "b" * 12),
    ],
)
def test_a_target_that_goes_on_with_a_word_is_noted(prompt: str, target: str, one: str) -> None:
    (said,) = TOKENS.where_they_meet(prompt, TOKENS.continuation(prompt, target))
    assert said.startswith("The prompt ends in a letter and the target has no space before it")
    assert f"reads {one!r} as one word" in said


@pytest.mark.parametrize(
    ("prompt", "target"),
    [
        ("The answer", " is"),
        ("The answer ", "is"),
        ("The answer", "."),
        ("The answer:", "is"),
        ("It is 4", "2"),
        ("It is 4", "apples"),
        ("", "is"),
        ("答え", "は"),
        ("答案是", "对"),
        ("Tokyo", "東京"),
        ("東京", "Tokyo"),
    ],
)
def test_a_target_that_begins_a_word_is_not_noted(prompt: str, target: str) -> None:
    assert TOKENS.where_they_meet(prompt, TOKENS.continuation(prompt, target)) == ()


def test_an_empty_target_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        TOKENS.continuation("a", "")


def test_a_tokenizer_without_offsets_is_refused() -> None:
    class Slow:
        is_fast = False

    slow: Any = Slow()
    with pytest.raises(ModelError, match="offsets"):
        TransformersTokens(slow)


@pytest.mark.parametrize(
    ("tokenizer", "dropped"),
    [
        (llama_like(), " "),
        (llama_like(strip=False), ""),
        (metaspace(), " "),
        (words_only(), " "),
        (byte_tokenizer(), ""),
    ],
)
@pytest.mark.parametrize("target", [" I, a, b. 3, 4", " a 3", " é a", " ab b"])
def test_spans_are_of_the_text_that_is_kept(
    tokenizer: PreTrainedTokenizerFast, dropped: str, target: str
) -> None:
    if tokenizer("é" + target)[0].ids.count(tokenizer.unk_token_id or 0) and "é" in target:
        pytest.skip("the vocabulary has no such character")
    tokens = TransformersTokens(tokenizer)
    ids = tokens.continuation("b", target).target_ids
    axis, text = tokens.axis("token", ids), tokens.spelled(ids)
    assert axis.spans is not None
    for label, (start, end) in zip(axis.labels, axis.spans, strict=True):
        assert label.split(" ")[0] == visible(text[start:end])
    assert axis.spans[-1][1] == len(text)
    assert tokens.decode(ids)[:1] != " " or not dropped, "nothing is dropped in decoding"


@pytest.mark.parametrize(
    ("tokenizer", "target", "words"),
    [
        (llama_like(), " I, a, b. 3, 4", ["I,", "a,", "b.", "3,", "4"]),
        (metaspace(), " I, a, b. 3, 4", ["I,", "a,", "b.", "3,", "4"]),
        (words_only(), " ab a b", ["ab", "a", "b"]),
    ],
)
def test_words_of_tokens_are_those_of_the_text(
    tokenizer: PreTrainedTokenizerFast, target: str, words: list[str]
) -> None:
    tokens = TransformersTokens(tokenizer)
    ids = tokens.continuation("b", target).target_ids
    found = units(tokens.axis("token", ids), tokens.spelled(ids))
    assert found["word"]["labels"] == words
