"""Text cut into sequences: to learn from, to be judged by, or to go through from end to end."""

from collections.abc import Sequence
from typing import NamedTuple

from bathyscope.core.errors import InputError
from bathyscope.model.beginning import TOKENIZER, beginning
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids


class Split(NamedTuple):
    """Sequences of token ids, all of one length."""

    training: list[Ids]
    held_out: list[Ids]


def split(model: LanguageModel, texts: Sequence[str], length: int, held_out: float) -> Split:
    """Cut texts into sequences, each beginning as the tokenizer begins a text.

    What is left at the end of a text and does not fill a sequence is dropped.

    Args:
        model: Whose tokenizer and context count.
        texts: The texts.
        length: Tokens of a sequence.
        held_out: Share of each text's sequences, the last ones, that is held out; one sequence at
            least of all texts together.

    Raises:
        InputError: The texts are too short, or a sequence is longer than the model's context.
    """
    model.require_context(length)
    before = model.tokens.encode("")
    room = length - len(before)
    if room < 1:
        raise InputError(
            f"A sequence of {length} tokens holds no text: the tokenizer begins each with "
            f"{len(before)} of its own (--sequence-length)."
        )
    training: list[Ids] = []
    kept: list[Ids] = []
    tokens = 0
    for text in texts:
        ids = model.tokens.encode(text)[len(before) :]
        tokens += len(ids)
        full = [before + ids[i : i + room] for i in range(0, len(ids) - room + 1, room)]
        first = len(full) - round(held_out * len(full))
        training += full[:first]
        kept += full[first:]
    if not kept:
        training, kept = training[:-1], training[-1:]
    if not training or not kept:
        raise InputError(
            f"The text has {tokens} tokens; a lens needs two sequences of {length} at least, one "
            "to learn from and one to be judged by; give more text or a smaller --sequence-length."
        )
    return Split(training, kept)


def passages(model: LanguageModel, text: str, length: int, begin: str = TOKENIZER) -> list[Ids]:
    """Cut a text into passages that follow one another, each beginning as a text begins.

    Args:
        model: Whose tokenizer and context count.
        text: The text.
        length: Most tokens of a passage, with what stands before its text.
        begin: A name in `model.beginning.BEGINNINGS`.

    Raises:
        InputError: A passage is longer than the model's context, or the tokenizer knows no token
            that begins a text.
    """
    if model.context_length is not None and length > model.context_length:
        raise InputError(
            f"A passage has {length} tokens at most, but the model's context ends at "
            f"{model.context_length}; give a smaller --sequence-length."
        )
    before = beginning(model, begin)
    room = length - len(before)
    ids = model.tokens.encode(text)[len(model.tokens.encode("")) :]
    return [before + ids[start : start + room] for start in range(0, len(ids), room)]
