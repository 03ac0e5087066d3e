"""A model that cannot look at some of its tokens: attention suppressed by the mask argument."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from bathyscope.core.errors import BathyscopeError, InputError, ModelError
from bathyscope.model.branches import Branch
from bathyscope.model.foreign import run, text_config
from bathyscope.model.forward import require_numbers
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.logits import as_float, logits_of, rounding, shared_vocabulary
from bathyscope.model.pass_cache import PassCache
from bathyscope.model.past import cache_name
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.sharing import longest_shareable, only_rounding

Masked = Tensor | dict[str, Tensor]
Form = Callable[[Tensor, int | None], Masked]
"""Takes which keys each query may see by the causal order and the suppression, bool
(queries, keys), and the width of the model's window; returns the mask argument."""

# Tokens of the probe, and which of them are suppressed in it.
_PROBE, _HIDDEN = 40, range(7, 13)


@dataclass(frozen=True)
class Suppressor:
    """Runs a text with some of its tokens invisible to later ones, in all layers and heads.

    Attributes:
        model: The model.
        form: How its mask argument says so; found by `suppressor`.
        window: How many tokens a windowed layer looks back; None where no layer is windowed.
        ids: The text.
        base: What attention needs of the whole text unsuppressed; None where the model does not go
            on from a cache, and every pass begins at the first token.
        states: The final, normed states at every position, (tokens, hidden_size).
    """

    model: LanguageModel
    form: Form
    window: int | None
    ids: Ids
    base: Branch | None
    states: Tensor

    def hidden(self, keys: range, first_query: int) -> Tensor:
        """Return the final states from a position on where the keys are invisible from it on.

        Args:
            keys: The positions that cannot be seen.
            first_query: The first position that does not see them; at least `keys.start`.

        Returns:
            Shape (tokens − first_query, hidden_size); what lies before is as it was.
        """
        if first_query >= len(self.ids):
            return self.states[:0]
        begin = 0 if self.base is None else first_query
        seen = _causal(begin, len(self.ids), self.states.device)
        later = torch.arange(begin, len(self.ids), device=seen.device) >= first_query
        seen[later, keys.start : keys.stop] = False
        mask = self.form(seen, self.window)
        states = _pass(self.model, self.ids, begin, mask, self.base)[0]
        return states[first_query - begin :]

    def logits(self, states: Tensor) -> Tensor:
        """Return the logits, at least float32, of final states (rows, hidden_size)."""
        with torch.inference_mode():
            return as_float(self.model.head.unembedded(states))


_FORMS: WeakKeyDictionary[Any, Form | str] = WeakKeyDictionary()


def suppressor(model: LanguageModel, ids: Ids) -> Suppressor:
    """Return what runs a text with tokens suppressed, in a model that was seen to obey.

    Once for each model a few tokens are tried: suppressing nothing must change nothing, and what
    the suppressed tokens are must not reach any later logits.

    Raises:
        ModelError: The model does not take such a mask, or does not obey it.
        InputError: The text is longer than its context.
    """
    model.require_context(len(ids))
    if model.model not in _FORMS:
        _FORMS[model.model] = _tried(model)
    form = _FORMS[model.model]
    if isinstance(form, str):
        raise ModelError(
            f"Attention cannot be suppressed in {type(model.model).__name__} "
            f"({model.provenance['name']}): {form}. Take the deletion reading, or a model whose "
            "attention reads the mask it is given (attn_implementation eager or sdpa)."
        )
    return _prepared(model, form, ids)


def _prepared(model: LanguageModel, form: Form, ids: Ids) -> Suppressor:
    window = _window(model)
    seen = _causal(0, len(ids), model.model.device)
    states, cache = _pass(model, ids, 0, form(seen, window), None)
    base = None if cache is None else cache.branches()[0]
    return Suppressor(model, form, window, ids, base, states)


def _tried(model: LanguageModel) -> Form | str:
    """Return the form of mask that the model obeys, or why there is none."""
    why = "it takes no mask of queries and keys"
    for form in _forms(model):
        try:
            wrong = _disobeys(model, form)
        except Exception as error:  # whatever a foreign forward pass makes of our mask
            cause = error.__cause__ if isinstance(error, BathyscopeError) else None
            why = f"it fails with a mask of queries and keys ({type(cause or error).__name__})"
            continue
        if wrong is None:
            return form
        why = wrong
    return why


def _forms(model: LanguageModel) -> tuple[Form, ...]:
    """Return the ways in which models take a mask, the likeliest first."""
    if _window(model) is None:
        return (_plain,)
    kinds = set(getattr(text_config(model.model), "layer_types", None) or ())
    return (_by_kind, _windowed) if len(kinds) > 1 else (_windowed, _by_kind)


def _window(model: LanguageModel) -> int | None:
    window: int | None = getattr(text_config(model.model), "sliding_window", None)
    return window


def _plain(seen: Tensor, window: int | None) -> Tensor:
    return seen[None, None]


def _windowed(seen: Tensor, window: int | None) -> Tensor:
    assert window is not None
    keys = torch.arange(seen.shape[1], device=seen.device)
    queries = keys[-seen.shape[0] :]
    return (seen & (queries[:, None] - keys < window))[None, None]


def _by_kind(seen: Tensor, window: int | None) -> dict[str, Tensor]:
    return {
        "full_attention": _plain(seen, window),
        "sliding_attention": _windowed(seen, window),
    }


def _causal(begin: int, end: int, device: Any) -> Tensor:
    keys = torch.arange(end, device=device)
    return keys[begin:, None] >= keys


def _additive(seen: Tensor, dtype: torch.dtype) -> Tensor:
    if not bool(seen.any(-1).all()):
        raise InputError(
            "A passage is longer than the window of the model's layers, so that tokens inside it "
            "would see nothing at all; divide the response into shorter steps."
        )
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill(
        ~seen, torch.finfo(dtype).min
    )


def _pass(
    model: LanguageModel, ids: Ids, begin: int, seen: Masked, base: Branch | None
) -> tuple[Tensor, PassCache | None]:
    """Run a text from a position on; return the final states there, and the cache if any."""
    device, dtype = model.model.device, model.model.dtype
    mask = (
        {kind: _additive(one, dtype) for kind, one in seen.items()}
        if isinstance(seen, dict)
        else _additive(seen, dtype)
    )
    cache: PassCache | None = None
    options: dict[str, Any] = {"use_cache": False}
    if base is not None or model.may_continue_a_cache(len(ids)):
        past, kept = (None, len(ids)) if base is None else (base.cut(begin), 0)
        cache = PassCache([past], [kept], len(ids) - begin, device)
        options = {"use_cache": True, cache_name(model.model): cache}
    positions = torch.arange(begin, len(ids), device=device)
    places = torch.stack([torch.zeros_like(positions), positions - begin], dim=1)
    with torch.inference_mode(), model.head.states_at(places) as states:
        run(
            model.model,
            input_ids=torch.tensor([ids[begin:]], device=device),
            attention_mask=mask,
            position_ids=positions[None],
            **options,
        )
    require_numbers(states[0], model.model)
    return states[0], cache


def _disobeys(model: LanguageModel, form: Form) -> str | None:
    """Return how a model does not obey a form of mask; None where it does."""
    limits = (model.context_length, longest_shareable(model.model))
    count = min([_PROBE, *(limit - 1 for limit in limits if limit is not None)])
    if count <= _HIDDEN.stop + 1:
        return "its context is too short to try it"
    vocab_size = shared_vocabulary(model.model)
    ids = tuple((7919 * (i + 1)) % vocab_size for i in range(count))
    others = tuple((id + 1 + i) % vocab_size if i in _HIDDEN else id for i, id in enumerate(ids))
    own = logits_of(model.model, torch.tensor([ids], device=model.model.device))[0]
    scale = max(1.0, float(own.abs().max()))
    plain = _prepared(model, form, ids)
    change = (plain.logits(plain.states) - own).cpu().double() / scale
    if not only_rounding(change, model.model.dtype):
        return (
            "with a mask of queries and keys that hides nothing its logits change by "
            f"{float(change.abs().max()) * scale:.2g}"
        )
    found = [
        one.logits(one.hidden(_HIDDEN, _HIDDEN.stop))
        for one in (plain, _prepared(model, form, others))
    ]
    reached = float((found[0] - found[1]).abs().max())
    if reached > rounding(own):
        return f"what was suppressed still reaches later logits (they change by {reached:.2g})"
    return None
