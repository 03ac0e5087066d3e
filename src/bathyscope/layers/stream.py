"""Tokens with their depths, while the model writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Unpack

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.settling import deep_layer, settling_depths
from bathyscope.layers.last_layer import LastLayerComparison
from bathyscope.layers.lenses.choice import note_beginning, open_lens
from bathyscope.layers.lenses.lens import Lens, read_states, stacked
from bathyscope.layers.settings import DepthOverrides, DepthSettings, require_no_map
from bathyscope.model.beginning import beginning_as
from bathyscope.model.continuing import batches, begun
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.logits import as_float
from bathyscope.model.sequences import Sequences, greedy
from bathyscope.model.whole import LAYERS, whole_model
from bathyscope.prompt import Prompt, text_of


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


@keywords_checked
def stream(
    model: LanguageModel,
    prompts: str | Prompt | Sequence[str],
    *,
    settings: DepthSettings | None = None,
    **overrides: Unpack[DepthOverrides],
) -> Iterator[StreamedToken]:
    """Have the model continue prompts greedily; yield every token as it comes.

    The tokens of the prompts are not counted. Prompts are continued side by side, where that was
    seen to change nothing, else those of one length.

    Args:
        model: A loaded model.
        prompts: One prompt, or several.
        settings: How depth is asked for; None takes the defaults.
        **overrides: Fields of the settings to replace.

    Yields:
        The new tokens, in the order of the sequences at each step, until all have ended.

    Raises:
        InputError: A prompt is empty or too long, or a setting is out of range: at the call, not
            at the first token.
    """
    chosen = DepthSettings.chosen(settings, overrides)
    require_no_map(chosen)
    whole_model(model, "A stream", LAYERS)
    model = beginning_as(model, chosen.begin)
    lens = open_lens(model, chosen.lens, chosen.translators)
    given = [prompts] if isinstance(prompts, str | Prompt) else list(prompts)
    texts = [text_of(chosen.text_asked(model.tokens, one)) for one in given]
    if not texts:
        raise InputError("There is no prompt to continue; give one or more.")
    encoded = [model.tokens.encode(text) for text in texts]
    model.require_context(max(map(len, encoded)) + chosen.max_new_tokens)
    if not all(encoded):
        raise InputError("The prompt is empty; give the model something to continue.")
    note_beginning(model, lens, encoded[0])
    return _written(model, encoded, lens, chosen)


def _written(
    model: LanguageModel,
    encoded: Sequence[tuple[int, ...]],
    lens: Lens,
    settings: DepthSettings,
) -> Iterator[StreamedToken]:
    deep_from = deep_layer(model.num_layers, settings.depth_fraction)
    comparison = LastLayerComparison(model.anatomy)
    written = [
        (batch.indices, begun(model, [encoded[i] for i in batch.indices], joined=batch.joined))
        for batch in batches(model, encoded, settings.max_new_tokens)
    ]
    for step in range(settings.max_new_tokens):
        tokens: list[StreamedToken] = []
        for indices, sequences in written:
            if step:
                sequences.advance()
            for own, id, divergences in _next_tokens(sequences, comparison, lens):
                label = model.tokens.axis("token", [id]).labels[0]
                depth = int(settling_depths(divergences[:, None], settings.threshold)[0])
                index = indices[own]
                tokens.append(
                    StreamedToken(index, id, label, divergences, depth, depth >= deep_from)
                )
        yield from sorted(tokens, key=lambda token: token.sequence)
        if all(all(sequences.ended) for _, sequences in written):
            return


def _next_tokens(
    sequences: Sequences, comparison: LastLayerComparison, lens: Lens
) -> list[tuple[int, int, FloatArray]]:
    """Choose the next token of a batch; return sequence, token id and divergences of each."""
    if not sequences.running:
        return []
    anatomy = sequences.model.anatomy
    rows, final = read_states(anatomy, lens, *stacked(sequences.states))
    compared = comparison.columns(rows, final)
    logits = as_float(anatomy.rescale(compared.last_logits))
    divergences = compared.bits.cpu().numpy()
    ids = sequences.choose(greedy, logits)
    return [
        (index, id, divergences[:, row].copy())
        for row, (index, id) in enumerate(zip(sequences.running, ids, strict=True))
    ]
