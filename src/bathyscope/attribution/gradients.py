"""Gradient attribution: each target token's share at the embeddings of the prompt's tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bathyscope.attribution.gradient_methods import GRADIENT_METHODS, PATH_BASELINES, STEPS
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray, Span
from bathyscope.core.progress import Progress, standard
from bathyscope.model.gradients import (
    VALUES_OF,
    TokenGradients,
    Wanted,
    gradient_norms,
    gradient_products,
    require_embeddings,
)
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.path_gradients import num_batches, path_integrand
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.tokens import Continuation
from bathyscope.prompt import Prompt

STAGE = "gradients"

# A gap is worth a word when it is more than this share of what was to be explained.
_LARGE_GAP = 0.05


_AT_INPUT = {"saliency": gradient_norms, "input_x_gradient": gradient_products}


@dataclass(frozen=True)
class GradientEstimate:
    """Estimate of a gradient method for one continuation.

    Attributes:
        values: Shape (targets, features), in the unit of the method's quantity.
        token_values: Shape (targets, prompt tokens). On a path only tokens of features move, and
            the others have 0.
        token_spans: The characters of each prompt token; (0, 0) for special tokens.
        all: The value of each target token at the input, shape (targets,).
        none: The same with the features' tokens at the baseline; None where there is no path.
    """

    values: FloatArray
    token_values: FloatArray
    token_spans: tuple[Span, ...]
    all: FloatArray
    none: FloatArray | None = None

    @property
    def gap(self) -> FloatArray | None:
        """What a path was to explain less what the features got, (targets,); None without one."""
        return None if self.none is None else self.all - self.none - self.values.sum(1)

    def gap_in_words(self, unit: str = "nats") -> str | None:
        """Return a sentence on the completeness gap, or None where it is small."""
        gap = self.gap
        if gap is None or self.none is None:
            return None
        row = int(np.abs(gap).argmax())
        explained = float(np.abs(self.all - self.none).max())
        if abs(gap[row]) <= _LARGE_GAP * explained:
            return None
        return (
            f"The path has too few steps: at target token {row + 1} the values miss "
            f"{gap[row]:+.3g} {unit}, where the features together make up "
            f"{(self.all - self.none)[row]:+.3g}; take more steps, or a method that leaves out "
            "text."
        )


def gradient_attribution(
    model: LanguageModel,
    prompt: Prompt,
    continuations: Sequence[Continuation],
    method: str,
    of: str = "logprob",
    steps: int = STEPS,
    baseline: str = "zero",
    progress: Progress = standard,
) -> list[GradientEstimate]:
    """Attribute each target token to the prompt's tokens by gradients, summed into features.

    All target tokens of a continuation share one forward pass, and so do continuations that the
    model reads alike, such as several single next tokens. A token belongs to every feature whose
    characters it covers; one that reaches over two is divided by its characters in each.

    Args:
        model: The model.
        prompt: The prompt and its features.
        continuations: The targets after the whole prompt.
        method: A name in `GRADIENT_METHODS`.
        of: What is derived: "logprob" (nats), "logit" or "probability".
        steps: Points on the path of integrated gradients. On the embedded model 50 to 300 do not
            converge: see `GradientEstimate.gap`.
        baseline: Where that path begins, a name in `PATH_BASELINES`.
        progress: Told of every backward pass.

    Returns:
        One estimate for each continuation.

    Raises:
        InputError: A name is unknown, there is no feature or no token of one, a number of steps
            below 1, or a prompt that is empty or too long.
        ModelError: The model cannot be fed with embeddings.
    """
    _require(prompt, method, of, steps, baseline)
    spans = [_spans(model, prompt, continuation) for continuation in continuations]
    shares = [shares_of_tokens(own, prompt.features) for own in spans]
    for continuation in continuations:
        model.require_context(len(continuation.prompt_ids) + len(continuation.target_ids))
    require_embeddings(model)
    jobs = _jobs(continuations, shares)
    count = _Count(_passes(jobs, method, steps), progress)
    found: dict[int, GradientEstimate] = {}
    for (ids, moved), (wanted, members) in jobs.items():
        rows = list(wanted)
        read = _read(model, ids, moved, rows, method, of, steps, baseline, count.advance)
        for index, own in members.items():
            chosen = [rows.index(one) for one in own]
            tokens = read.tokens[chosen, : len(spans[index])]
            found[index] = GradientEstimate(
                values=tokens @ shares[index],
                token_values=tokens,
                token_spans=spans[index],
                all=read.all[chosen],
                none=None if read.none is None else read.none[chosen],
            )
    return [found[index] for index in range(len(continuations))]


def shares_of_tokens(spans: Sequence[Span], features: Sequence[Span]) -> FloatArray:
    """Return how much of each token's value each feature gets, shape (tokens, features).

    A row sums to 1 where the token covers any character of a feature, else to 0: what of a token
    lies outside all features goes with the part inside, and nothing is counted twice.

    Raises:
        InputError: A feature has no token.
    """
    overlaps = np.array(
        [
            [max(0, min(end, f_end) - max(start, f_start)) for f_start, f_end in features]
            for start, end in spans
        ],
        dtype=np.float64,
    ).reshape(len(spans), len(features))
    missing = np.flatnonzero(overlaps.sum(0) == 0)
    if len(missing):
        start, end = features[missing[0]]
        raise InputError(
            f"The feature at characters {start}..{end} has no token of its own before the target, "
            "so it has no gradient; choose a method that leaves out text, such as leave_one_out."
        )
    total = overlaps.sum(1, keepdims=True)
    shares: FloatArray = np.divide(overlaps, total, out=np.zeros_like(overlaps), where=total > 0)
    return shares


Jobs = dict[tuple[Ids, tuple[bool, ...]], tuple[dict[Wanted, None], dict[int, list[Wanted]]]]


def _jobs(continuations: Sequence[Continuation], shares: Sequence[FloatArray]) -> Jobs:
    """Gather what is wanted of each input: once whatever the number of those who want it."""
    jobs: Jobs = {}
    for index, (continuation, share) in enumerate(zip(continuations, shares, strict=True)):
        ids = continuation.prompt_ids + continuation.target_ids[:-1]
        moved = (*(share.sum(1) > 0).tolist(), *(False for _ in continuation.target_ids[:-1]))
        first = len(continuation.prompt_ids) - 1
        own = [(first + t, id) for t, id in enumerate(continuation.target_ids)]
        wanted, members = jobs.setdefault((ids, moved), ({}, {}))
        wanted.update(dict.fromkeys(own))
        members[index] = own
    return jobs


def _read(
    model: LanguageModel,
    ids: Ids,
    moved: tuple[bool, ...],
    wanted: list[Wanted],
    method: str,
    of: str,
    steps: int,
    baseline: str,
    advance: Callable[[], None],
) -> TokenGradients:
    at_input = _AT_INPUT.get(method)
    if at_input is not None:
        return at_input(model, ids, wanted, of, advance)
    return path_integrand(model, ids, wanted, of, moved, baseline, advance).integral(steps)


def _passes(jobs: Jobs, method: str, steps: int) -> int:
    """Return the number of backward passes."""
    path = GRADIENT_METHODS[method].follows_path
    return sum(
        len(wanted) * (num_batches(len(ids), steps) if path else 1)
        for (ids, _), (wanted, _) in jobs.items()
    )


def _spans(model: LanguageModel, prompt: Prompt, continuation: Continuation) -> tuple[Span, ...]:
    if not continuation.prompt_ids:
        raise InputError("The prompt is empty, so nothing predicts the first token.")
    return model.tokens.prompt_spans(prompt.text, continuation)


def _require(prompt: Prompt, method: str, of: str, steps: int, baseline: str) -> None:
    """Raise InputError for what can be seen to be wrong without a model."""
    names = (
        ("method", method, tuple(GRADIENT_METHODS)),
        ("value", of, tuple(VALUES_OF)),
        ("baseline of a path", baseline, PATH_BASELINES),
    )
    for what, name, known in names:
        if name not in known:
            raise InputError(f"The {what} {name!r} is not known; choose one of {', '.join(known)}.")
    if steps < 1:
        raise InputError(f"A path needs at least 1 step, not {steps}.")
    if not prompt.features:
        raise InputError("The prompt has no feature, so there is nothing to sum gradients into.")


class _Count:
    """Counts backward passes for those who listen."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.done, self.total, self.progress = 0, total, progress
        progress(STAGE, 0, total)

    def advance(self) -> None:
        """Note that another one is done."""
        self.done += 1
        self.progress(STAGE, self.done, self.total)
