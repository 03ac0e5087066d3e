"""Speed of a model on this machine, and memory of its passes."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter, process_time

import torch

from bathyscope.core.forecast import Forecast
from bathyscope.model.foreign import run
from bathyscope.model.forest import Pass
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.logits import as_float, shared_vocabulary
from bathyscope.model.room import Room, peak_bytes
from bathyscope.model.scoring import read

# Lengths of the texts that are timed. Attention makes a long text dearer than its tokens are.
_LENGTHS = (8, 136, 520)
_ROWS = 64
# Tokens of the pass by which it is seen how fast the machine is just now, and how often it is run.
_LOOK, _LOOKS = 64, 3
# What takes less is not worth the look.
_SECONDS_WORTH_A_LOOK = 2.0


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

    def seconds(self, passes: Sequence[Pass]) -> float:
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
        f"work on {threads} threads", lambda: asdict(_measured(model))
    )
    return Rate(**found)


def writing(lengths: Sequence[int], num_new: int) -> list[Pass]:
    """Return the passes in which answers are written side by side, each as long as it may be.

    The prompts are read in one pass; every token but the last then has one of its own.

    Args:
        lengths: Tokens of each prompt; there may be none.
        num_new: Tokens that each answer may have; none where 0.
    """
    if not lengths or not num_new:
        return []
    rows, longest = len(lengths), max(lengths)
    read = Pass(rows, longest, 0, rows, 0, kept=rows * longest)
    return [read, *going_on(rows, longest, num_new - 1)]


def going_on(rows: int, longest: int, count: int) -> list[Pass]:
    """Return the passes in which so many tokens of each text are run, counted half-way through."""
    return [Pass(rows, 1, longest + count // 2, rows, rows * (longest + count))] * count


def cost_of(
    model: LanguageModel, rate: Rate, passes: Sequence[Pass], evaluations: int | None = None
) -> Forecast:
    """Return what some passes cost where nothing else runs; tokens with their padding."""
    tokens = sum(one.rows * one.new for one in passes)
    peak = peak_bytes(model.model, passes, rate.bytes_per_token)
    return Forecast(tokens, rate.seconds(passes), peak, evaluations)


def by_the_clock(model: LanguageModel, rate: Rate, forecast: Forecast) -> Forecast:
    """Return a forecast whose seconds are those of the clock, as fast as the machine is just now.

    A rate leaves out what other programs do; a short pass, timed by the clock, shows what they
    leave. What takes a moment only is not worth it.
    """
    if forecast.seconds < _SECONDS_WORTH_A_LOOK:
        return forecast
    length = _within(model, _LOOK)
    times = _timed(_pass(model, length), _LOOKS, perf_counter)
    slower = statistics.median(times) / rate.seconds([Pass(1, length, 0, 0, 0)])
    least = forecast.least
    if least is not None:
        least = replace(least, seconds=least.seconds * slower)
    return replace(forecast, seconds=forecast.seconds * slower, least=least)


def work_seconds(work: Callable[[], object], device: torch.device, times: int = 3) -> float:
    """Return how long some work takes of a machine's own, the least of several times.

    On a processor its time counts and not the clock's, which other programs push on.
    """
    if device.type != "cpu":
        return min(_timed(work, times, perf_counter))
    return min(_timed(work, times, process_time)) / torch.get_num_threads()


def _timed(work: Callable[[], object], times: int, clock: Callable[[], float]) -> list[float]:
    work()  # weights come into memory, and what is made once is made
    found = []
    for _ in range(times):
        begin = clock()
        work()
        found.append(clock() - begin)
    return found


def _measured(model: LanguageModel) -> Rate:
    a, b, c = lengths = [_within(model, length) for length in _LENGTHS]
    few, some, many = (_pass_seconds(model, length) for length in lengths)
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


def _within(model: LanguageModel, length: int) -> int:
    """Return a length for which the model's context has room, in proportion to others."""
    limit = model.context_length
    return length if limit is None else min(length, max(2, limit * length // 544))


def _pass_seconds(model: LanguageModel, length: int) -> float:
    times = 3 if length < _LENGTHS[-1] else 1
    return work_seconds(_pass(model, length), model.model.device, times)


def _pass(model: LanguageModel, length: int) -> Callable[[], None]:
    """Return a pass over a text of some length as work."""
    ids = [[(7919 * (i + 1)) % shared_vocabulary(model.model) for i in range(length)]]
    input_ids = torch.tensor(ids, device=model.model.device)
    nowhere = torch.empty(0, 2, dtype=torch.long, device=input_ids.device)

    def work() -> None:
        with torch.inference_mode(), model.head.states_at(nowhere):
            run(model.model, input_ids=input_ids, use_cache=True)
        if input_ids.is_cuda:
            torch.cuda.synchronize()

    return work


def _row_seconds(model: LanguageModel) -> float:
    head = next(model.head.lm_head.parameters())
    states = torch.randn(_ROWS, head.shape[-1], device=head.device).to(head.dtype)
    ids = torch.zeros(_ROWS, dtype=torch.long, device=head.device)

    def work() -> None:
        with torch.inference_mode():
            logits = as_float(model.head.unembedded(states))
            read(logits, logits.logsumexp(-1), ids).cpu()

    return work_seconds(work, head.device, 2) / _ROWS
