"""Speed of a model on this machine, and memory of its passes."""

from dataclasses import asdict, dataclass
from time import perf_counter

import torch

from bathyscope.model.foreign import run
from bathyscope.model.forest import Pass
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.logits import as_float, shared_vocabulary
from bathyscope.model.room import Room
from bathyscope.model.scoring import read

# Lengths of the texts that are timed. Attention makes a long text dearer than its tokens are.
_LENGTHS = (8, 136, 520)
_ROWS = 64


@dataclass(frozen=True)
class Rate:
    """Cost of passes: seconds, and bytes of keys and values.

    A pass takes `per_pass` + new tokens · `per_token` + pairs of tokens that meet in attention ·
    `per_pair`, and each row of logits `per_row`.
    """

    per_pass: float
    per_token: float
    per_pair: float
    per_row: float
    bytes_per_token: float

    def seconds(self, passes: list[Pass]) -> float:
        """Return the time of some passes."""
        return sum(
            self.per_pass
            + self.per_token * one.rows * one.new
            + self.per_pair * one.rows * one.new * (one.new + 2 * one.past)
            + self.per_row * one.scored
            for one in passes
        )


def rate_of(model: LanguageModel) -> Rate:
    """Return a model's rate, measured once on each machine for each number of threads."""
    threads = torch.get_num_threads()
    found: dict[str, float] = model.verdicts.of(
        f"rate on {threads} threads", lambda: asdict(_measured(model))
    )
    return Rate(**found)


def _measured(model: LanguageModel) -> Rate:
    limit = model.context_length
    lengths = [n if limit is None else min(n, max(2, limit * n // 544)) for n in _LENGTHS]
    few, some, many = (_pass_seconds(model, length) for length in lengths)
    a, b, c = lengths
    # A parabola through three points: per pass, per token, per pair.
    steep, steeper = (some - few) / max(1, b - a), (many - some) / max(1, c - b)
    per_pair = max(0.0, (steeper - steep) / max(1, c - a))
    per_token = max(0.0, steep - per_pair * (a + b))
    return Rate(
        per_pass=max(0.0, few - per_token * a - per_pair * a * a),
        per_token=per_token,
        per_pair=per_pair,
        per_row=_row_seconds(model),
        bytes_per_token=Room.of(model.model).per_token,
    )


def _pass_seconds(model: LanguageModel, length: int) -> float:
    ids = [[(7919 * (i + 1)) % shared_vocabulary(model.model) for i in range(length)]]
    input_ids = torch.tensor(ids, device=model.model.device)
    nowhere = torch.empty(0, 2, dtype=torch.long, device=input_ids.device)
    times = []
    for _ in range(3 if length < _LENGTHS[-1] else 1):
        begin = perf_counter()
        with torch.inference_mode(), model.head.states_at(nowhere):
            run(model.model, input_ids=input_ids, use_cache=True)
        if input_ids.is_cuda:
            torch.cuda.synchronize()
        times.append(perf_counter() - begin)
    return min(times)


def _row_seconds(model: LanguageModel) -> float:
    head = next(model.head.lm_head.parameters())
    states = torch.randn(_ROWS, head.shape[-1], device=head.device).to(head.dtype)
    ids = torch.zeros(_ROWS, dtype=torch.long, device=head.device)
    times = []
    for _ in range(2):
        begin = perf_counter()
        with torch.inference_mode():
            logits = as_float(model.head.unembedded(states))
            read(logits, logits.logsumexp(-1), ids).cpu()
        times.append(perf_counter() - begin)
    return min(times) / _ROWS
