"""A model made by hand that looks variables up, one hop or two: which steps it needs is known.

Three layers of attention without any training. Tokens are words with the space before them: names,
digits, `=`; and `.`. Every token gets a block of the residual stream for what it is, for where it
stands, and for what layers find for it, so that each head is one line:

1. what stands one and two tokens before;
2. at `=`: the token behind `NAME =` of the statement about the name before it; at `So`: the name
   that is asked for, which stands behind `Find`;
3. at `=`: the same for what layer 2 found: the second hop.

The unembedding reads digits out of what layers 2 and 3 found at `=`, and everywhere else what may
follow a word, so that the model also writes: statements about names at random, then `So NAME =`
and what it has looked up. Attention is sharp, not infinitely so: `SHARPNESS` nats between what is
looked for and everything else.
"""

from math import log
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

NAMES, DIGITS = "abcdfghkmnpqrtuvwxyz", "0123456789"
WORDS = ("<start>", "Find", ":", "So", "=", "+", ".", *NAMES, *DIGITS)
POSITIONS = 160
SHARPNESS, LOUDNESS, GRAMMAR = 30.0, 7.0, 30.0
ENDING = 0.25
"""How often `So` follows a statement, where another one could."""

_V = len(WORDS)
_BLOCKS = {
    block: at * _V
    for at, block in enumerate(("token", "one", "two", "first", "second", "asked", "place"))
}
_WIDTH = 6 * _V + POSITIONS + (6 * _V + POSITIONS) % 2
_HEAD = _WIDTH // 2


def lookup_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of one token a word; the token `<start>` stands before every text."""
    from tokenizers.processors import TemplateProcessing

    bare = ("<start>", ".", ":")
    words = {word if word in bare else f"Ġ{word}": id for id, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<start>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
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
        _look_for_the_question(body.h[1].attn)
        _look_up(body.h[2].attn, "first", "second")
        _read_out(model.lm_head.weight)
    return model


def _read_out(weight: torch.Tensor) -> None:
    """Have digits follow "=" as they were found, and every other word as statements have it."""
    size = _scale(5)
    names, digits = ([WORDS.index(word) for word in words] for words in (NAMES, DIGITS))
    for digit in digits:
        for block in ("first", "second"):
            weight[digit, _BLOCKS[block] + digit] = LOUDNESS / size
    equals, stop, so = map(WORDS.index, ("=", ".", "So"))
    for name in names:
        weight[name, _BLOCKS["asked"] + name] = GRAMMAR / size
        weight[equals, name] = GRAMMAR / size
        for before in (stop, WORDS.index(":")):
            weight[name, before] = GRAMMAR / size
    # What follows "=" ends a statement: more than enough for a name to have no second "=".
    weight[stop, _BLOCKS["one"] + equals] = 2 * GRAMMAR / size
    weight[so, stop] = (GRAMMAR + log(len(names) * ENDING / (1 - ENDING))) / size


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


def _look_for_the_question(attention: Any) -> None:
    """Have the second head of a layer copy, at "So", the token behind "Find"."""
    scale = _scale(4)
    sharp = SHARPNESS * _HEAD**0.5 / scale**2
    attention.c_attn.weight[WORDS.index("So"), _HEAD] = sharp
    attention.c_attn.weight[_BLOCKS["one"] + WORDS.index("Find"), _WIDTH + _HEAD] = 1.0
    _copy(attention, _HEAD, "asked", scale)


def _copy(attention: Any, at: int, block: str, scale: float) -> None:
    for word in range(_V):
        attention.c_attn.weight[word, 2 * _WIDTH + at + word] = 1.0
        attention.c_proj.weight[at + word, _BLOCKS[block] + word] = 1 / scale
