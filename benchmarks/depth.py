"""How long the depth map takes, beside what it could take: ratios of one run, as JSON.

    python -m benchmarks.depth --output depth.json

Contenders take turns, round after round, on the same hidden states; a ratio is the median over
the rounds, so that a machine that is busy with other things distorts all of them alike. The floor
is the matrix product alone: layers × tokens × hidden_size × vocab_size, blocked, into memory that
is there already.
"""

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import bathyscope as bs
from bathyscope.layers.depth_map import depth_map
from bathyscope.layers.divergence import jensen_shannon
from bathyscope.layers.lazy_settling import settle
from bathyscope.layers.lens import LENSES
from bathyscope.model.decoding import residual_stream
from bathyscope.model.sequences import Sequences, greedy
from bathyscope.model.tokens import Continuation
from benchmarks.report import hand_over

PROMPT_TOKENS = 8


def arithmetic(seed: int = 1) -> str:
    """Return worked sums and word problems, endless enough for every length measured here."""
    draw = random.Random(seed)
    parts = []
    for _ in range(1500):
        a, b = draw.randint(2, 99), draw.randint(2, 99)
        parts.append(
            draw.choice(
                [
                    f"{a} + {b} = {a + b}. ",
                    f"{a} x {b} = {a * b}. ",
                    f"Question: Tom has {a} apples and buys {b} more. How many has he?\n"
                    f"Answer: {a} + {b} = {a + b}.\n",
                ]
            )
        )
    return "".join(parts)


def natural() -> str:
    """Return plain prose, repeated where more is needed than there is."""
    return (Path(__file__).parent / "prose.txt").read_text(encoding="utf-8") * 12


def continuation(model: bs.LanguageModel, text: str, tokens: int) -> Continuation:
    """Return the beginning of a text: a short prompt and so many tokens."""
    ids = model.tokens.encode(text)
    return Continuation(ids[:PROMPT_TOKENS], ids[PROMPT_TOKENS : PROMPT_TOKENS + tokens], None)


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds that work takes: with one core its own seconds, whoever else is busy."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    gc.collect()
    begin = clock()
    work()
    return clock() - begin


def naive(model: bs.LanguageModel, text: Continuation) -> None:
    """Do what one writes first: every layer's distribution whole, compared by the definition."""
    ids = torch.tensor([text.prompt_ids + text.target_ids[:-1]])
    with torch.inference_mode():
        output = model.model(input_ids=ids, output_hidden_states=True)
        final = output.logits[0].softmax(-1)
        for state in output.hidden_states[1:-1]:
            logits = model.anatomy.unembedded(model.anatomy.normed(state[0]))
            jensen_shannon(logits.softmax(-1), final)


def deep_think_tokens(model: bs.LanguageModel, text: Continuation) -> None:
    """Run the package deep-think-tokens on the same text.

    Give it a model of its own: its `detach` leaves hooks behind, which slow every later pass.
    """
    import deep_think_tokens as peer  # type: ignore[import-not-found]

    tracker = peer.add_deep_thinking_tokens_hooks(model.model)
    try:
        ids = torch.tensor([text.prompt_ids + text.target_ids[:-1]])
        with torch.inference_mode():
            model.model(input_ids=ids)
        tracker.collect()
    finally:
        tracker.detach()


def floor(model: bs.LanguageModel, tokens: int) -> Callable[[], None]:
    """Return the matrix products alone."""
    weight = model.anatomy.lm_head.weight
    assert isinstance(weight, torch.Tensor)
    rows = torch.randn(480, weight.shape[1])
    out = torch.empty(480, weight.shape[0])
    blocks = -(-(model.num_layers - 1) * tokens // 480)

    def multiply() -> None:
        with torch.inference_mode():
            for _ in range(blocks):
                torch.mm(rows, weight.T, out=out)

    return multiply


def contenders(model: bs.LanguageModel, tokens: int, peers: bool) -> dict[str, Callable[[], Any]]:
    """Return what is timed against each other."""
    sums, prose = (continuation(model, text, tokens) for text in (arithmetic(), natural()))
    held = {name: list(residual_stream(model, t)) for name, t in (("s", sums), ("p", prose))}

    def pieces(name: str) -> list[list[torch.Tensor]]:
        return [list(piece) for piece in held[name]]

    anatomy, lens = model.anatomy, LENSES["norm"]
    found: dict[str, Callable[[], Any]] = {
        "forward": lambda: list(residual_stream(model, sums)),
        "floor": floor(model, tokens),
        "map": lambda: depth_map(anatomy, pieces("s"), lens, sums.target_ids),
        "ratio_only_arithmetic": lambda: settle(anatomy, pieces("s"), lens, 0.5),
        "ratio_only_prose": lambda: settle(anatomy, pieces("p"), lens, 0.5),
        "naive": lambda: naive(model, sums),
    }
    if peers:
        own = bs.load()
        found["deep_think_tokens"] = lambda: deep_think_tokens(own, sums)
    return found


def streaming(model: bs.LanguageModel, tokens: int) -> dict[str, Callable[[], Any]]:
    """Return decoding with and without a look into each token."""
    prompt = arithmetic()[:200]

    def plain() -> None:
        sequences = Sequences(model, [model.tokens.encode(prompt)])
        for step in range(tokens):
            if step:
                sequences.advance()
            sequences.choose(greedy)

    return {
        "plain": plain,
        "stream": lambda: list(bs.stream(model, prompt, max_new_tokens=tokens)),
    }


def rounds(work: dict[str, Callable[[], Any]], count: int) -> dict[str, list[float]]:
    """Return seconds of each contender, which take turns."""
    for run in work.values():
        run()  # once for nothing: memory and threads are made
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(count):
        for name, run in work.items():
            seconds[name].append(timed(run))
    return seconds


def median_ratio(seconds: dict[str, list[float]], one: str, other: str) -> float:
    """Return the median over the rounds of one contender's time over another's."""
    pairs = zip(seconds[one], seconds[other], strict=True)
    return round(statistics.median(a / b for a, b in pairs), 3)


def peak_memory(model: bs.LanguageModel, tokens: int) -> float:
    """Return MB that a map of so many tokens needs above what was there before (Linux only)."""
    text = continuation(model, natural(), tokens)
    gc.collect()

    def status(field: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field))

    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before = status("VmRSS")
    pieces = residual_stream(model, text)
    depth_map(model.anatomy, pieces, LENSES["norm"], text.target_ids)
    return round((status("VmHWM") - before) * 1024 / 1e6, 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", type=int, nargs="*", default=[256, 1024, 4096])
    parser.add_argument("--threads", type=int, help="cores to use; default: all")
    parser.add_argument("--peers", action="store_true", help="needs the extra `bench`")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    model = bs.load()
    largest = max(options.growth, default=0)
    report: dict[str, Any] = {
        "tokens": options.tokens,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "peak_memory_mb": {str(largest): peak_memory(model, largest)} if largest else {},
    }
    seconds = rounds(contenders(model, options.tokens, options.peers), options.rounds)
    stream = rounds(streaming(model, 48), options.rounds)
    ratios = {
        "map / floor": median_ratio(seconds, "map", "floor"),
        "naive / (forward + map)": round(
            statistics.median(
                n / (f + m)
                for n, f, m in zip(
                    seconds["naive"], seconds["forward"], seconds["map"], strict=True
                )
            ),
            3,
        ),
        "ratio only, arithmetic / forward": median_ratio(
            seconds, "ratio_only_arithmetic", "forward"
        ),
        "ratio only, prose / forward": median_ratio(seconds, "ratio_only_prose", "forward"),
        "stream / plain decoding": median_ratio(stream, "stream", "plain"),
    }
    if options.peers:
        ratios["deep-think-tokens / (forward + map)"] = round(
            statistics.median(
                p / (f + m)
                for p, f, m in zip(
                    seconds["deep_think_tokens"], seconds["forward"], seconds["map"], strict=True
                )
            ),
            3,
        )
    growth = {}
    for tokens in options.growth:
        text = continuation(model, natural(), tokens)
        growth[str(tokens)] = timed(
            lambda text=text: depth_map(
                model.anatomy, residual_stream(model, text), LENSES["norm"], text.target_ids
            )
        )
    report |= {"ratios": ratios, "seconds": seconds | stream, "growth_seconds": growth}
    hand_over(report, options.output)


if __name__ == "__main__":
    main()
