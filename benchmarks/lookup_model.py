"""A model made by hand that looks variables up, one hop or two: which steps it needs is known.

Three layers of attention without any training. Tokens are words: names, digits, `=`, `.`. Every
token gets a block of the residual stream for what it is, for where it stands, and for what layers
find for it, so that each head is one line:

1. what stands one and two tokens before;
2. at `=`: the token behind `NAME =` of the statement about the name before it;
3. the same for what layer 2 found: the second hop.

The unembedding reads digits out of what layers 2 and 3 found. Attention is sharp, not infinitely
so: `SHARPNESS` nats between what is looked for and everything else.
"""

from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

NAMES, DIGITS = "abcdfghkmnpqrtuvwxyz", "0123456789"
WORDS = ("<start>", "Facts", ":", "So", "=", "+", ".", *NAMES, *DIGITS)
POSITIONS = 96
SHARPNESS, LOUDNESS = 30.0, 7.0

_V = len(WORDS)
_BLOCKS = {"token": 0, "one": _V, "two": 2 * _V, "first": 3 * _V, "second": 4 * _V, "place": 5 * _V}
_WIDTH = 5 * _V + POSITIONS + (5 * _V + POSITIONS) % 2
_HEAD = _WIDTH // 2


def lookup_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of one token a word; `<start>` stands before every text."""
    from tokenizers.processors import TemplateProcessing

    words = {word: id for id, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<start>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="<start> $A", special_tokens=[("<start>", 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<start>")


def lookup_model() -> GPT2LMHeadModel:
    """Return the model, in float32."""
    config = GPT2Config(
        vocab_size=_V, n_positions=POSITIONS, n_embd=_WIDTH, n_layer=3, n_head=2,
        n_inner=4, bos_token_id=0, eos_token_id=0, tie_word_embeddings=False,
    )  # fmt: skip
    model: GPT2LMHeadModel = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_(1.0 if ".ln_" in name and name.endswith("weight") else 0.0)
        model.transformer.ln_f.weight.fill_(1.0)
        body: Any = model.transformer
        body.wte.weight[:, :_V] = torch.eye(_V)
        body.wpe.weight[:, _BLOCKS["place"] : _BLOCKS["place"] + POSITIONS] = torch.eye(POSITIONS)
        for head, (back, block) in enumerate(((1, "one"), (2, "two"))):
            _look_back(body.h[0].attn, head, back, block)
        _look_up(body.h[1].attn, "one", "first")
        _look_up(body.h[2].attn, "first", "second")
        digits = [WORDS.index(digit) for digit in DIGITS]
        for block in ("first", "second"):
            for digit in digits:
                model.lm_head.weight[digit, _BLOCKS[block] + digit] = LOUDNESS / _scale(5)
    return model


def _scale(ones: int) -> float:
    """Return by how much a layer norm enlarges a state of so many ones."""
    mean = ones / _WIDTH
    return float((mean * (1 - mean) + 1e-5) ** -0.5)


def _look_back(attention: Any, head: int, back: int, block: str) -> None:
    """Have a head of the first layer copy the token some places before into a block."""
    at, scale = head * _HEAD, _scale(2)
    sharp = SHARPNESS * _HEAD**0.5 / scale**2
    place = _BLOCKS["place"]
    for position in range(POSITIONS):
        attention.c_attn.weight[place + position, at + position] = sharp
        if position + back < POSITIONS:
            attention.c_attn.weight[place + position, _WIDTH + at + position + back] = 1.0
    _copy(attention, at, block, scale)


def _look_up(attention: Any, asked: str, block: str) -> None:
    """Have the first head of a layer copy the token behind `NAME =` of the name in a block."""
    ones = 4 if block == "first" else 5
    scale = _scale(ones)
    sharp = SHARPNESS * _HEAD**0.5 / scale**2
    for word in range(_V):
        attention.c_attn.weight[_BLOCKS[asked] + word, word] = sharp
        attention.c_attn.weight[_BLOCKS["two"] + word, _WIDTH + word] = 1.0
    attention.c_attn.bias[_V] = sharp * scale  # what stands behind "=", whatever is asked for
    attention.c_attn.weight[_BLOCKS["one"] + WORDS.index("="), _WIDTH + _V] = 1.0
    _copy(attention, 0, block, scale)


def _copy(attention: Any, at: int, block: str, scale: float) -> None:
    for word in range(_V):
        attention.c_attn.weight[word, 2 * _WIDTH + at + word] = 1.0
        attention.c_proj.weight[at + word, _BLOCKS[block] + word] = 1 / scale
