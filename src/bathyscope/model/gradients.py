"""Gradients of the values of some tokens at the embeddings of the prompt's tokens."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from bathyscope.core.errors import ModelError
from bathyscope.core.heatmap import FloatArray
from bathyscope.model.device import bytes_allowed
from bathyscope.model.foreign import boundary, run, text_config
from bathyscope.model.forward import require_numbers, require_rows
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.logits import as_float, logits_of, rounding
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.way_back import require_way_back

Wanted = tuple[int, int]
"""A position whose prediction is read, and the token id that is predicted."""

VALUES_OF: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "logprob": lambda own, logits: own - logits.logsumexp(-1),
    "logit": lambda own, logits: own,
    "probability": lambda own, logits: (own - logits.logsumexp(-1)).exp(),
}
"""From a token's logit (n,) and all logits (n, vocab_size) to what is derived: ln p in nats, the
logit, or p."""

# Rows of the vocabulary's width that are held at once.
_ROWS_OF_LOGITS = 256


@dataclass(frozen=True)
class TokenGradients:
    """Share of each token of the input in the wanted values.

    Attributes:
        tokens: Shape (wanted, tokens), float64.
        all: The values at the input, shape (wanted,).
        none: The values at the baseline, shape (wanted,); None where there is none.
    """

    tokens: FloatArray
    all: FloatArray
    none: FloatArray | None = None


def gradient_norms(
    model: LanguageModel, ids: Ids, wanted: Sequence[Wanted], of: str, advance: Callable[[], None]
) -> TokenGradients:
    """Return the L2 norm of the gradient at each token's embedding.

    Args:
        model: The model.
        ids: Tokens of the input.
        wanted: What is derived; one forward pass serves all, one backward pass each.
        of: A name in `VALUES_OF`.
        advance: Called after each backward pass.
    """
    embeddings = embedded(model, ids)[None]
    values, found = derived(
        model, embeddings, wanted, of, lambda gradients: gradients.norm(dim=-1), advance
    )
    return TokenGradients(found[:, 0], values[:, 0])


def gradient_products(
    model: LanguageModel, ids: Ids, wanted: Sequence[Wanted], of: str, advance: Callable[[], None]
) -> TokenGradients:
    """Return gradient · embedding of each token, summed over the hidden dimension.

    Arguments as of `gradient_norms`.
    """
    embeddings = embedded(model, ids)[None]
    values, found = derived(
        model, embeddings, wanted, of, lambda gradients: (gradients * embeddings).sum(-1), advance
    )
    return TokenGradients(found[:, 0], values[:, 0])


def require_embeddings(model: LanguageModel) -> None:
    """Refuse a model whose predictions do not follow from the embeddings of its tokens alone.

    Raises:
        ModelError: Fed with its own embeddings it fails or predicts something else.
    """
    weight = model.head.embed_tokens.weight
    ids = tuple((7919 * (i + 1)) % len(weight) for i in range(5))  # type: ignore[arg-type]
    expected = logits_of(model.model, torch.tensor([ids], device=model.model.device))
    require_numbers(expected, model.model)
    embeddings = embedded(model, ids)[None]
    require_way_back(model.model, embeddings)
    why = "gives other predictions when fed with the embeddings of its tokens"
    try:
        with torch.no_grad():
            found = run(model.model, inputs_embeds=embeddings, use_cache=False).logits
    except ModelError as error:
        cause = type(error.__cause__).__name__
        found, why = None, f"does not take embeddings in place of tokens ({cause})"
    if found is None or not float((found - expected).float().abs().max()) <= rounding(expected):
        raise ModelError(
            f"{type(model.model).__name__} {why}, so gradients at its embeddings would not "
            "explain it; choose a method that leaves out text, such as leave_one_out."
        )


def derived(
    model: LanguageModel,
    embeddings: Tensor,
    wanted: Sequence[Wanted],
    of: str,
    reduce: Callable[[Tensor], Tensor],
    advance: Callable[[], None],
) -> tuple[FloatArray, FloatArray]:
    """Return values (wanted, rows) and reduced gradients (wanted, rows, tokens).

    Args:
        model: The model.
        embeddings: Inputs, shape (rows, tokens, hidden_size).
        wanted: What is derived in every row.
        of: A name in `VALUES_OF`.
        reduce: From the gradients, shaped as the embeddings, to one number for each token.
        advance: Called after each backward pass.
    """
    together = _targets_together(model, embeddings.shape[0] * embeddings.shape[1])
    with frozen(model.model), torch.enable_grad():
        if together == 1:
            values, found = _one_by_one(model, embeddings, wanted, of, reduce, advance)
        else:
            parts = [wanted[first : first + together] for first in range(0, len(wanted), together)]
            pairs = [_side_by_side(model, embeddings, part, of, reduce, advance) for part in parts]
            values, found = (torch.cat(each) for each in zip(*pairs, strict=True))
    values, found = values.cpu().double(), found.cpu().double()
    require_numbers(values, model.model)
    return values.numpy(), found.numpy()


def _one_by_one(
    model: LanguageModel,
    embeddings: Tensor,
    wanted: Sequence[Wanted],
    of: str,
    reduce: Callable[[Tensor], Tensor],
    advance: Callable[[], None],
) -> tuple[Tensor, Tensor]:
    """Return what `derived` does from one pass, and a way back for each value.

    On a processor nothing is faster: side by side the passes forward would be added.
    """
    embeddings = embeddings.detach().clone().requires_grad_()
    count, found = len(wanted), []
    states = _states(model, embeddings, _places(embeddings, wanted))
    values, seeds = _values_and_seeds(model, states.detach(), wanted, of)
    for index in range(count):
        # Each row's value depends on that row alone: one way back serves all rows.
        seed = torch.zeros_like(seeds)
        seed[index::count] = seeds[index::count]
        found.append(reduce(_back(model, states, embeddings, seed, index + 1 < count)))
        advance()
    return values.reshape(-1, count).T, torch.stack(found)


def _side_by_side(
    model: LanguageModel,
    embeddings: Tensor,
    wanted: Sequence[Wanted],
    of: str,
    reduce: Callable[[Tensor], Tensor],
    advance: Callable[[], None],
) -> tuple[Tensor, Tensor]:
    """Return what `derived` does from one pass there and back, each value on rows of its own.

    A device is not kept busy by the few tokens of one text, and asked once it waits once.
    """
    count = len(wanted)
    rows = embeddings.detach().repeat_interleave(count, 0).requires_grad_()
    places = [(row, wanted[row % count][0]) for row in range(len(rows))]
    states = _states(model, rows, places)
    values, seeds = _values_and_seeds(model, states.detach(), wanted, of)
    found = reduce(_back(model, states, rows, seeds, False))
    for _ in wanted:
        advance()
    return values.reshape(-1, count).T, found.reshape(-1, count, found.shape[-1]).transpose(0, 1)


def _back(
    model: LanguageModel, states: Tensor, embeddings: Tensor, seed: Tensor, again: bool
) -> Tensor:
    """Return the gradient at the embeddings, at least float32; `again` where others follow."""
    with boundary(model.model, "on its way back"):
        (gradients,) = torch.autograd.grad(states, embeddings, seed, retain_graph=again)
    return gradients.to(torch.promote_types(gradients.dtype, torch.float32))


def _targets_together(model: LanguageModel, num_tokens: int) -> int:
    """Return how many values are derived side by side, each on so many tokens of its own."""
    allowed = bytes_allowed(model.model.device)
    if allowed is None:
        return 1
    config = text_config(model.model)
    hidden = int(config.hidden_size)
    inner = int(getattr(config, "intermediate_size", None) or 4 * hidden)
    # What each layer keeps of a token for the way back.
    each = config.num_hidden_layers * (12 * hidden + 4 * inner) * model.model.dtype.itemsize
    return max(1, int(allowed // (each * num_tokens)))


def values_at(
    model: LanguageModel, embeddings: Tensor, wanted: Sequence[Wanted], of: str
) -> FloatArray:
    """Return values (wanted, rows) without any gradient."""
    states = _states(model, embeddings, _places(embeddings, wanted))
    found = _values_and_seeds(model, states, wanted, of)[0].cpu().double()
    require_numbers(found, model.model)
    values: FloatArray = found.reshape(-1, len(wanted)).T.numpy()
    return values


def _places(embeddings: Tensor, wanted: Sequence[Wanted]) -> list[tuple[int, int]]:
    """Return rows and wanted positions, row after row."""
    return [(row, position) for row in range(len(embeddings)) for position, _ in wanted]


def _states(model: LanguageModel, embeddings: Tensor, places: Sequence[tuple[int, int]]) -> Tensor:
    """Return the final states at places, (places, hidden)."""
    with model.head.states_at(torch.tensor(places, device=embeddings.device)) as kept:
        # A family may change what it is given in place, which the leaf of a way back may not be.
        run(model.model, inputs_embeds=embeddings.clone(), use_cache=False)
    return kept[0]


def _values_and_seeds(
    model: LanguageModel, states: Tensor, wanted: Sequence[Wanted], of: str
) -> tuple[Tensor, Tensor]:
    """Return the value of each state, and its gradient at that state.

    The logits end here: kept until the way back they would take the vocabulary's width for every
    wanted token.
    """
    ids = torch.tensor([id for _, id in wanted], device=states.device)
    ids = ids.repeat(len(states) // len(wanted))
    values: list[Tensor] = []
    seeds: list[Tensor] = []
    for first in range(0, len(states), _ROWS_OF_LOGITS):
        part = slice(first, first + _ROWS_OF_LOGITS)
        with torch.enable_grad():
            own_states = states[part].detach().requires_grad_()
            logits = as_float(model.head.unembedded(own_states))
            value = VALUES_OF[of](logits.gather(-1, ids[part, None])[:, 0], logits)
            seeds += torch.autograd.grad(value.sum(), own_states)
        values.append(value.detach())
    return torch.cat(values), torch.cat(seeds)


def embedded(model: LanguageModel, ids: Ids) -> Tensor:
    """Return the embeddings of some tokens as the model takes them, shape (tokens, hidden)."""
    input_ids = torch.tensor(ids, device=model.model.device)
    require_rows(model.model, max(ids, default=0))
    with torch.no_grad():
        found: Tensor = model.head.embed_tokens(input_ids)
    return found.detach()


@contextmanager
def frozen(model: torch.nn.Module) -> Iterator[None]:
    """Have no weight keep a gradient, so that the way back costs activations only."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    for weight in trained:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in trained:
            weight.requires_grad_(True)
