"""Tokens with their depths, while the model writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.layers.last_layer import Comparison
from bathyscope.layers.lens import open_lens, read_states
from bathyscope.layers.settling import deep_layer, settling_depths
from bathyscope.model.anatomy import as_float
from bathyscope.model.continuing import begun
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.sequences import greedy


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

    The tokens of the prompts are not counted. Several prompts are continued side by side, padded
    on the left and masked.

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
        InputError: A prompt is empty or too long, or an option is out of range.
    """
    read, deep_from = (
        open_lens(model, lens, translators).read,
        deep_layer(model.num_layers, depth_fraction),
    )
    if max_new_tokens < 1:
        raise InputError(f"At least 1 new token must be allowed, not {max_new_tokens}.")
    texts = [prompts] if isinstance(prompts, str) else list(prompts)
    encoded = [model.tokens.encode(text) for text in texts]
    model.require_context(max(map(len, encoded), default=0) + max_new_tokens)
    sequences, comparison = begun(model, encoded), Comparison(model.anatomy)
    for step in range(max_new_tokens):
        if step:
            sequences.advance()
        rows, final = read_states(model.anatomy, read, sequences.states)
        bits, _, projected = comparison.columns(rows, final)
        logits = as_float(model.anatomy.rescale(projected))
        divergences = bits.cpu().numpy()
        depths = settling_depths(divergences, threshold)
        new = zip(sequences.running, sequences.choose(greedy, logits), strict=True)
        for row, (index, id) in enumerate(new):
            label = model.tokens.axis("token", [id]).labels[0]
            depth = int(depths[row])
            column = divergences[:, row].copy()
            yield StreamedToken(index, id, label, column, depth, depth >= deep_from)
        if all(sequences.ended):
            return
