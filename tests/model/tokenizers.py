"""Small tokenizers of the kinds that models come with."""

from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def wrapped(tokenizer: Tokenizer, **names: Any) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def around(tokenizer: Tokenizer, before: list[str], after: list[str]) -> Tokenizer:
    """Have a tokenizer put special tokens before and behind every text."""
    tokenizer.add_special_tokens(list(dict.fromkeys(before + after)))
    ids = [(name, tokenizer.token_to_id(name)) for name in dict.fromkeys(before + after)]
    words = " ".join([*before, "$A", *after])
    pair = " ".join([*before, "$A", *after[:1], "$B", *after])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=words, pair=pair, special_tokens=ids
    )
    return tokenizer


def digits_only(before: list[str], after: list[str]) -> PreTrainedTokenizerFast:
    """Return a tokenizer that drops what is no digit or sign of arithmetic: no unknown token."""
    vocabulary = {character: id for id, character in enumerate("0123456789+-=")}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.decoder = decoders.Fuse()
    return wrapped(around(tokenizer, before, after))


def words_only(normalizer: Any = None, unknown: bool = True) -> PreTrainedTokenizerFast:
    """Return a tokenizer like BERT's: words and their ends, white space dropped."""
    pieces = ["[UNK]", "a", "b", "##a", "##b", "e", ".", "`", '"', "한"]
    vocabulary = {piece: id for id, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]" if unknown else "none"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return wrapped(around(tokenizer, ["[CLS]"], ["[SEP]"]))


def llama_like(strip: bool = True, before: bool = True) -> PreTrainedTokenizerFast:
    """Return a tokenizer like Llama-2's: ▁ put before every text, and stripped in decoding."""
    pieces = ["<unk>", "<s>", "</s>", *BYTES, *"▁abI,.345", "▁a", "▁I", "▁b", "▁3"]
    vocabulary = {piece: id for id, piece in enumerate(pieces)}
    merges = [("▁", piece[1]) for piece in pieces if len(piece) == 2 and piece[0] == "▁"]
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, byte_fallback=True, unk_token="<unk>")
    )
    prepend = [normalizers.Prepend("▁")] if before else []
    tokenizer.normalizer = normalizers.Sequence([*prepend, normalizers.Replace(" ", "▁")])
    ends = [decoders.Strip(" ", 1, 0)] if strip else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *ends]
    )
    return wrapped(around(tokenizer, ["<s>"], []), bos_token="<s>", eos_token="</s>")


def metaspace() -> PreTrainedTokenizerFast:
    """Return a tokenizer whose ▁ is the pre-tokenizer's, dropped at the beginning in decoding."""
    pieces = ["<unk>", *"▁abI,.345", "▁a", "▁I", "▁b", "▁3"]
    vocabulary = {piece: id for id, piece in enumerate(pieces)}
    merges = [("▁", piece[1]) for piece in pieces if len(piece) == 2 and piece[0] == "▁"]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    return wrapped(around(tokenizer, ["<s>"], ["</s>"]))
