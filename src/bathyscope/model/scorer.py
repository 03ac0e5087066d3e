"""The door for other backends: the four things that attribution by log-probabilities asks for.

Whatever can say what probability a text gives to its continuation can be attributed: a server, a
runtime of another format, a model of one's own. `LanguageModel` is the scorer for transformers.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError, ModelError
from bathyscope.core.progress import Progress, standard
from bathyscope.core.registry import working
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.scores import Scores, Standing
from bathyscope.model.tokens import Continuation, Tokens

Deliver = Callable[[int, Scores], None]
"""Takes the index of a prompt and the scores of its continuation."""

_MEMBERS = ("tokens", "provenance", "generate", "score")
# Above 0 by more than this, ln p was not rounded: it is no logarithm of a probability.
_ROUNDING = 1e-3


class Scorer(Protocol):
    """A causal language model as attribution by log-probabilities sees it."""

    @property
    def tokens(self) -> Tokens:
        """Its tokenizer."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where it came from, as plain JSON values: at least `name` and `dtype`, as texts.

        With a `revision` or a `sha256` evaluations can be kept between runs, and a run is computed
        again on the same model only.
        """

    def generate(
        self, prompt: str, max_new_tokens: int, progress: Progress = standard
    ) -> Continuation:
        """Continue a prompt greedily, the most probable token each time.

        Returns:
            The prompt's ids as `tokens` encodes it, at least one new id, and None as text.
        """

    def score(
        self,
        prompts: Sequence[Ids],
        targets: Sequence[Ids],
        deliver: Deliver,
        batch_tokens: int | None = None,
        standing: Collection[int] = (),
    ) -> None:
        """Score forced continuations.

        Args:
            prompts: Token ids of each prompt; at least one id each. Many begin alike.
            targets: For each prompt the token ids of its continuation.
            deliver: To be called once for each prompt with its index and its scores, in any
                order, as soon as they are known.
            batch_tokens: Most tokens to be computed at once; None leaves the choice.
            standing: Indices of the prompts after which it is also asked how the tokens stand
                among all; a model that cannot tell leaves it out.
        """


def scored(
    model: Scorer,
    prompts: Sequence[Ids],
    targets: Sequence[Ids],
    deliver: Deliver,
    batch_tokens: int | None = None,
    standing: Collection[int] = (),
) -> None:
    """Have a model score continuations and hand on what it says, checked; arguments as of `score`.

    Raises:
        InputError: A prompt has no token, or the model is another's and fails.
        ModelError: It delivers something that is no ln p of these tokens, or not all.
    """
    require_tokens(prompts)
    missing = set(range(len(prompts)))

    def take(index: int, scores: Scores) -> None:
        if index not in missing:
            raise ModelError(
                f"{_name(model)} delivers scores of prompt {index}, which are not waited for: each "
                f"of the {len(prompts)} prompts has its own once, from 0."
            )
        own = _checked(model, scores, len(targets[index]))
        missing.discard(index)
        deliver(index, own)

    with working("model", model):
        model.score(prompts, targets, take, batch_tokens, standing)
    if missing:
        raise ModelError(
            f"{_name(model)} delivers no scores of {len(missing)} of {len(prompts)} prompts; "
            "`score` has to call `deliver` once for each."
        )


def require_tokens(prompts: Sequence[Ids]) -> None:
    """Raise InputError where a prompt has no token, so that nothing predicts what follows."""
    if not all(prompts):
        raise InputError(
            "With every feature absent the prompt has no token left, so the first target "
            "token would have nothing before it; keep some text outside the features, or "
            "give a --baseline."
        )


def written(
    model: Scorer, prompt: str, max_new_tokens: int, progress: Progress = standard
) -> Continuation:
    """Return what a model writes after a prompt, checked.

    Raises:
        InputError: There is no room for it, or the model is another's and fails.
        ModelError: It wrote nothing.
    """
    with working("model", model):
        found = model.generate(prompt, max_new_tokens, progress)
    if not found.target_ids:
        raise ModelError(
            f"{_name(model)} writes nothing after the prompt; name the continuation yourself."
        )
    return found


def require_scorer(model: object) -> None:
    """Raise InputError where something is given as a model that cannot be attributed.

    A record of it has to be possible too: its provenance is plain JSON with a name and a dtype.
    """
    name = type(model).__name__
    lacking = [member for member in _MEMBERS if not hasattr(model, member)]
    if lacking:
        raise InputError(
            f"What is given as a model is a {name}, which has no {', '.join(lacking)}; load it "
            "with bathyscope.load, or wrap it: a scorer has tokens, provenance, generate and score."
        )
    record: Any = getattr(model, "provenance")  # noqa: B009 : nothing is known of its class yet
    try:
        json.dumps(dict(record), allow_nan=False)
        texts = all(isinstance(record[key], str) and record[key] for key in ("name", "dtype"))
    except (TypeError, ValueError, KeyError):
        texts = False
    if not texts:
        raise InputError(
            f"The provenance of {name} cannot be recorded; give plain JSON values, among them "
            "'name' and 'dtype' as texts."
        )


def _name(model: Scorer) -> str:
    return type(model).__name__


def _checked(model: Scorer, scores: Scores, count: int) -> Scores:
    """Return the scores of so many tokens as arrays.

    Raises:
        ModelError: They are no ln p, or not of so many.
    """
    stand = scores.standing
    ours = Scores(
        _array(model, "log_probs", scores.log_probs, count),
        None if scores.logits is None else _array(model, "logits", scores.logits, count),
        None
        if stand is None
        else Standing(
            _array(model, "ranks", stand.ranks, count, np.int64),
            _array(model, "greedy_ids", stand.greedy_ids, count, np.int64),
            _array(model, "greedy_log_probs", stand.greedy_log_probs, count),
        ),
    )
    largest = float(np.max(ours.log_probs))
    if not largest <= _ROUNDING:
        raise ModelError(
            f"{_name(model)} delivers a log-probability of {largest:g}; ln p is a number, 0 at "
            "most."
        )
    return ours


def _array(
    model: Scorer, name: str, values: object, count: int, dtype: type = np.float64
) -> NDArray[Any]:
    array: NDArray[Any] = np.asarray(values, dtype=dtype)
    if array.shape != (count,):
        raise ModelError(
            f"{_name(model)} delivers {name} of shape {array.shape} for {count} tokens; one number "
            "for each is expected."
        )
    return array
