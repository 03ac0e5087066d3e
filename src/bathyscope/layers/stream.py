"""Tokens with their depths, while the model writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.settling import deep_layer, settling_depths
from bathyscope.layers.last_layer import Comparison
from bathyscope.layers.lens import Lens, open_lens, read_states
from bathyscope.model.continuing import begun
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.logits import as_float
from bathyscope.model.sequences import Sequences, greedy, of_equal_length


@dataclass(frozen=True)
class StreamedToken:
    """A token the model has just written, and how deep it was decided.

    Attributes:
        sequence: Which of the prompts it continues, from 0.
        token_id: Its id.
        label: Its display text.
        divergences: Its column of the depth map: bits, layers 1 to num_layers − 1.
        settling_depth: Layer at which it settled, 1..num_layers.
        deep: Whether that is layer ⌈ρ·L⌉ or later.
    """

    sequence: int
    token_id: int
    label: str
    divergences: FloatArray
    settling_depth: int
    deep: bool


def stream(
    model: LanguageModel,
    prompts: str | Sequence[str],
    *,
    lens: str = "norm",
    translators: str | Path | None = None,
    threshold: float = 0.5,
    depth_fraction: float = 0.85,
    max_new_tokens: int = 64,
) -> Iterator[StreamedToken]:
    """Have the model continue prompts greedily; yield every token as it comes.

    The tokens of the prompts are not counted. Prompts of one length are continued in one batch.

    Args:
        model: A loaded model.
        prompts: One prompt, or several.
        lens: How intermediate layers are read: "norm", "raw" or "tuned" (`layers.lens`).
        translators: File of the tuned lens.
        threshold: g, in bits.
        depth_fraction: ρ.
        max_new_tokens: Longest continuation.

    Yields:
        The new tokens, in the order of the sequences at each step, until all have ended.

    Raises:
        InputError: A prompt is empty or too long, or an option is out of range: at the call, not
            at the first token.
    """
    read, deep_from = (
        open_lens(model, lens, translators).read,
        deep_layer(model.num_layers, depth_fraction),
    )
    settling_depths(np.zeros((1, 1)), threshold)
    if max_new_tokens < 1:
        raise InputError(f"At least 1 new token must be allowed, not {max_new_tokens}.")
    texts = [prompts] if isinstance(prompts, str) else list(prompts)
    if not texts:
        raise InputError("There is no prompt to continue; give one or more.")
    encoded = [model.tokens.encode(text) for text in texts]
    model.require_context(max(map(len, encoded), default=0) + max_new_tokens)
    if not all(encoded):
        raise InputError("The prompt is empty; give the model something to continue.")
    return _written(model, encoded, read, threshold, deep_from, max_new_tokens)


def _written(
    model: LanguageModel,
    encoded: Sequence[tuple[int, ...]],
    read: Lens,
    threshold: float,
    deep_from: int,
    max_new_tokens: int,
) -> Iterator[StreamedToken]:
    comparison = Comparison(model.anatomy)
    batches = [
        (indices, begun(model, [encoded[index] for index in indices]))
        for indices in of_equal_length(encoded)
    ]
    for step in range(max_new_tokens):
        tokens: list[StreamedToken] = []
        for indices, sequences in batches:
            if step:
                sequences.advance()
            for own, id, divergences in _next_tokens(sequences, comparison, read):
                label = model.tokens.axis("token", [id]).labels[0]
                depth = int(settling_depths(divergences[:, None], threshold)[0])
                index = indices[own]
                tokens.append(
                    StreamedToken(index, id, label, divergences, depth, depth >= deep_from)
                )
        yield from sorted(tokens, key=lambda token: token.sequence)
        if all(all(sequences.ended) for _, sequences in batches):
            return


def _next_tokens(
    sequences: Sequences, comparison: Comparison, read: Lens
) -> list[tuple[int, int, FloatArray]]:
    """Choose the next token of a batch; return sequence, token id and divergences of each."""
    if not sequences.running:
        return []
    anatomy = sequences.model.anatomy
    rows, final = read_states(anatomy, read, sequences.states)
    compared = comparison.columns(rows, final)
    logits = as_float(anatomy.rescale(compared.last_logits))
    divergences = compared.bits.cpu().numpy()
    ids = sequences.choose(greedy, logits)
    return [
        (index, id, divergences[:, row].copy())
        for row, (index, id) in enumerate(zip(sequences.running, ids, strict=True))
    ]
