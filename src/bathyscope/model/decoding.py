"""Running a model piece by piece on a cache, so that memory does not grow with its activations."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import DynamicLayer

from bathyscope.core.progress import Progress, standard
from bathyscope.model.batches import alike
from bathyscope.model.device import fitting
from bathyscope.model.foreign import run
from bathyscope.model.forward import require_numbers
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.logits import logits_of
from bathyscope.model.memory import give_back
from bathyscope.model.past import cache_name, cache_of, empty_cache
from bathyscope.model.tokens import Continuation

TOKENS_PER_PIECE = 128
"""Tokens run at once: enough to keep a processor busy; all layers' states of them are held."""

# On an accelerator each piece reads all weights again, and more tokens than this hide that.
_MOST_TOKENS_PER_PIECE = 4096
# Of several short texts: as many as keep the matrix products full, within these bytes.
_TOKENS_PER_BATCH, _BYTES_OF_STATES = 512, 128 << 20


def residual_stream(
    model: LanguageModel, continuation: Continuation, progress: Progress = standard
) -> Iterator[list[Tensor]]:
    """Yield the residual stream where each continuation token is predicted, piece by piece.

    The same as `LanguageModel.hidden_states`, for texts of any length: beside the model's own
    cache of keys and values only one piece is held. A model whose cache cannot be continued (a
    running state, longrope beyond its original context) runs the text whole.

    Args:
        model: The model.
        continuation: The prompt, whose own tokens are not reported, and what follows it.
        progress: Told of the tokens run.

    Yields:
        For each piece, in order, one tensor (tokens, hidden_size) per layer, first to last.

    Raises:
        InputError: The prompt is empty, or the text is longer than the model's context.
    """
    model.require_readable(continuation)
    ids = continuation.prompt_ids + continuation.target_ids
    first, end = len(continuation.prompt_ids) - 1, len(ids) - 1
    size = size_of_pieces(model, end)
    if end <= size or not model.may_continue_a_cache(end):
        yield model.hidden_states(continuation)
        return
    cache: Any = empty_cache(model.model)
    for start in range(0, end, size):
        progress("run the model", start, end)
        stop = min(start + size, end)
        begin = min(max(start, first), stop)
        wanted = torch.arange(begin - start, stop - start, device=model.model.device)
        states, cache = _piece(model, ids[start:stop], wanted, cache)
        if not start:
            _reserve(cache, end)
        give_back()
        if len(wanted):
            yield states
    progress("run the model", end, end)


def size_of_pieces(model: LanguageModel, num_tokens: int) -> int:
    """Return in pieces of how many tokens a text is run.

    On a device they are even: for a rest of one token all weights would be read, too.
    """
    most = tokens_per_piece(model)
    if model.model.device.type == "cpu":
        return most
    return -(-num_tokens // -(-num_tokens // most))


def tokens_per_piece(model: LanguageModel) -> int:
    """Return how many tokens are run at once, so that the states of all layers fit."""
    weight = next(model.head.embed_tokens.parameters())
    bytes_each = (model.num_layers + 1) * weight.shape[-1] * weight.element_size()
    device = model.model.device
    return fitting(bytes_each, device, TOKENS_PER_PIECE, _MOST_TOKENS_PER_PIECE)


def residual_streams(
    model: LanguageModel, continuations: Mapping[int, Continuation], progress: Progress = standard
) -> Iterator[tuple[int, Iterator[list[Tensor]]]]:
    """Yield what `residual_stream` does of several texts, short ones from common passes.

    Rows are padded behind, in the future of every token that counts; where that was seen to change
    a model's numbers all the same, each text has a pass of its own.

    Args:
        model: The model.
        continuations: Prompts and what follows them, by any index.
        progress: Told of the tokens run.

    Yields:
        Indices and the pieces of their states; a text's pieces are to be read before the next.
    """
    lengths = {
        index: len(one.prompt_ids) + len(one.target_ids) - 1 for index, one in continuations.items()
    }
    together, piece = model.why_not_batched is None, tokens_per_piece(model)
    short = [index for index, n in lengths.items() if together and n <= piece]
    most = _tokens_per_batch(model)
    for batch in alike([lengths[index] for index in short], most):
        indices = [short[own] for own in batch]
        states = _of_batch(model, [continuations[index] for index in indices])
        for index, own in zip(indices, states, strict=True):
            yield index, iter([own])
    for index in continuations.keys() - set(short):
        yield index, residual_stream(model, continuations[index], progress)


def _tokens_per_batch(model: LanguageModel) -> int:
    """Return how many tokens' states of all layers are held at once."""
    each: int = model.num_layers * model.hidden_size * model.model.dtype.itemsize
    on_processor = max(TOKENS_PER_PIECE, min(_TOKENS_PER_BATCH, _BYTES_OF_STATES // each))
    return fitting(each, model.model.device, on_processor, _MOST_TOKENS_PER_PIECE)


def _of_batch(model: LanguageModel, texts: list[Continuation]) -> list[list[Tensor]]:
    """Return the states of some short texts, layer by layer, from one pass."""
    ids = [text.prompt_ids + text.target_ids[:-1] for text in texts]
    longest, device = max(map(len, ids)), model.model.device
    input_ids = torch.tensor([one + one[-1:] * (longest - len(one)) for one in ids], device=device)
    counts = [len(text.target_ids) for text in texts]
    places = torch.tensor(
        [
            (row, len(text.prompt_ids) - 1 + token)
            for row, text in enumerate(texts)
            for token in range(len(text.target_ids))
        ],
        device=device,
    )
    nowhere = torch.empty(0, 2, dtype=torch.long, device=device)
    anatomy = model.anatomy
    with anatomy.recording(places[:, 1], places[:, 0]) as states, anatomy.states_at(nowhere):
        logits_of(model.model, input_ids)
    require_numbers(states[-1], model.model)
    layers = (torch.split(layer, counts) for layer in states)
    return [list(own) for own in zip(*layers, strict=True)]


class _ReservedLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values of one layer in memory that was set aside for the whole text.

    Grown by concatenation they would be moved with every piece, each time to a larger place, and
    the holes left behind add up.
    """

    def __init__(self, keys: Tensor, values: Tensor, num_tokens: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.lazy_initialization(keys, values)
        self._places = [
            given.new_empty(*given.shape[:-2], num_tokens, given.shape[-1])
            for given in (keys, values)
        ]
        self._filled = 0
        self.update(keys, values)

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Put keys and values behind those already there; return all of them."""
        start, self._filled = self._filled, self._filled + key_states.shape[-2]
        for place, given in zip(self._places, (key_states, value_states), strict=True):
            place[..., start : self._filled, :] = given
        self.keys, self.values = (place[..., : self._filled, :] for place in self._places)
        return self.keys, self.values


def _reserve(cache: Any, num_tokens: int) -> None:
    """Give the layers of a begun cache that grow with the text the place they will need."""
    layers = getattr(cache, "layers", [])
    for index, layer in enumerate(layers):
        if type(layer) is not DynamicLayer or layer.keys is None or layer.values is None:
            continue  # windows are bounded already
        with torch.inference_mode():
            layers[index] = _ReservedLayer(layer.keys, layer.values, num_tokens)


def _piece(
    model: LanguageModel, ids: tuple[int, ...], wanted: Tensor, cache: Any
) -> tuple[list[Tensor], Any]:
    """Run some tokens after those in the cache; return the states wanted, and the cache."""
    input_ids = torch.tensor([ids], device=model.model.device)
    nowhere = torch.empty(0, 2, dtype=torch.long, device=model.model.device)
    anatomy = model.anatomy
    with anatomy.recording(wanted) as states, anatomy.states_at(nowhere), torch.inference_mode():
        past = {cache_name(model.model): cache}
        output = run(model.model, input_ids=input_ids, checked=True, use_cache=True, **past)
    require_numbers(states[-1], model.model)
    return states, cache_of(output)
