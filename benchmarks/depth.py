"""The depth map, settling depths and streaming beside a forward pass, the product, and peers.

    python -m benchmarks.depth --peers --output benchmarks/results/depth.json

The floor is the matrix product alone, layers × tokens × hidden_size × vocab_size, blocked, into
memory that is there already: once as PyTorch makes it, once as fast as bathyscope knows how to.
"""

import argparse
import random
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

import bathyscope as bs
from bathyscope.layers.depth_map import depth_map
from bathyscope.layers.divergence import jensen_shannon
from bathyscope.layers.last_layer import ROWS_PER_BLOCK
from bathyscope.layers.lazy_settling import settled_depths
from bathyscope.layers.lenses.norm import NormLens
from bathyscope.model.decoding import residual_stream
from bathyscope.model.products import FastProducts, linear_into
from bathyscope.model.sequences import Sequences, greedy
from bathyscope.model.tokens import Continuation
from benchmarks.memory import peak_memory
from benchmarks.ratios import Ratio, hand_over, machine, time_ratio
from benchmarks.turns import Times, Work, in_turns

PACKAGES = ("torch", "transformers", "deep-think-tokens", "numpy")
PROMPT_TOKENS, STREAMED_TOKENS = 8, 48

FORWARD = "forward pass"
HIDDEN = "forward pass without logits"
FLOOR = "product as PyTorch makes it"
FAST_FLOOR = "product as fast as we can"
MAP = "map"
RATIO_SUMS = "ratio only, arithmetic"
RATIO_PROSE = "ratio only, prose"
NAIVE = "naive logit lens"
PEER = "deep-think-tokens"
PLAIN = "plain decoding"
STREAM = "streaming"
WHOLE = "forward pass and map"


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


def naive(model: bs.LanguageModel, text: Continuation) -> None:
    """Do what one writes first: every layer's distribution whole, compared by the definition."""
    with torch.inference_mode():
        output = model.model(input_ids=ids_read(text), output_hidden_states=True)
        final = output.logits[0].softmax(-1)
        for state in output.hidden_states[1:-1]:
            logits = model.anatomy.unembedded(model.anatomy.normed(state[0]))
            jensen_shannon(logits.softmax(-1), final)


def deep_think_tokens(model: bs.LanguageModel, text: Continuation) -> None:
    """Run the package deep-think-tokens on the same text; its `detach` leaves hooks behind."""
    import deep_think_tokens as peer  # type: ignore[import-not-found]

    tracker = peer.add_deep_thinking_tokens_hooks(model.model)
    try:
        with torch.inference_mode():
            model.model(input_ids=ids_read(text))
        tracker.collect()
    finally:
        tracker.detach()


def ids_read(text: Continuation) -> torch.Tensor:
    """Return what the model reads, (1, tokens): the last token is only predicted."""
    return torch.tensor([text.prompt_ids + text.target_ids[:-1]])


def forward(model: bs.LanguageModel, text: Continuation) -> None:
    """Run the model once, logits included, with the products that all of bathyscope takes."""
    with torch.inference_mode(), FastProducts():
        model.model(input_ids=ids_read(text), use_cache=False)


def whole(model: bs.LanguageModel, text: Continuation) -> None:
    """Run the model and map its depths, as `bathyscope depth` does."""
    pieces = residual_stream(model, text)
    depth_map(model.anatomy, pieces, NormLens(), text.target_ids)


def product(model: bs.LanguageModel, tokens: int, *, fast: bool) -> Work:
    """Return the matrix products alone."""
    weight = model.anatomy.lm_head.weight
    assert isinstance(weight, torch.Tensor)
    rows = torch.randn(ROWS_PER_BLOCK, weight.shape[1])
    out = torch.empty(ROWS_PER_BLOCK, len(weight))

    def multiply() -> None:
        with torch.inference_mode():
            for _ in range(-(-(model.num_layers - 1) * tokens // ROWS_PER_BLOCK)):
                if fast:
                    linear_into(rows, weight, None, out)
                else:
                    torch.mm(rows, weight.T, out=out)

    return multiply


def decode(model: bs.LanguageModel, prompt: str) -> None:
    """Write some tokens without a look into them."""
    sequences = Sequences(model, [model.tokens.encode(prompt)])
    for step in range(STREAMED_TOKENS):
        if step:
            sequences.advance()
        sequences.choose(greedy)


def on_states(
    model: bs.LanguageModel, text: Continuation, work: Callable[[list[list[torch.Tensor]]], Any]
) -> Work:
    """Return work on a text's hidden states, which are computed once, before it is timed."""
    held = list(residual_stream(model, text))
    return lambda: work([list(piece) for piece in held])


def contestant(tokens: int, name: str) -> Work:
    """Return one of what is timed, on texts of so many tokens."""
    model, lens = bs.load(), NormLens()
    sums, prose = (continuation(model, text, tokens) for text in (arithmetic(), natural()))
    start = arithmetic()[:200]

    def mapped(pieces: list[list[torch.Tensor]]) -> object:
        return depth_map(model.anatomy, pieces, lens, sums.target_ids)

    def settled(text: Continuation, pieces: list[list[torch.Tensor]]) -> object:
        return settled_depths(model.anatomy, pieces, lens, 0.5, text.target_ids)

    preparations: dict[str, Callable[[], Work]] = {
        FORWARD: lambda: partial(forward, model, sums),
        HIDDEN: lambda: lambda: len(list(residual_stream(model, sums))),
        FLOOR: lambda: product(model, tokens, fast=False),
        FAST_FLOOR: lambda: product(model, tokens, fast=True),
        MAP: lambda: on_states(model, sums, mapped),
        RATIO_SUMS: lambda: on_states(model, sums, partial(settled, sums)),
        RATIO_PROSE: lambda: on_states(model, prose, partial(settled, prose)),
        NAIVE: lambda: partial(naive, model, sums),
        PEER: lambda: partial(deep_think_tokens, model, sums),
        PLAIN: lambda: partial(decode, model, start),
        STREAM: lambda: lambda: len(list(bs.stream(model, start, max_new_tokens=STREAMED_TOKENS))),
        WHOLE: lambda: partial(whole, model, prose),
    }
    return preparations[name]()


def compare(times: dict[str, Times], peers: bool) -> list[Ratio]:
    """Return the ratios of what was timed in the same rounds; goals are the most they should be."""
    both = times[HIDDEN].and_then(times[MAP])
    pairs = [
        (MAP, times[MAP], FLOOR, 1.5),
        (MAP, times[MAP], FAST_FLOOR, None),
        (WHOLE, both, NAIVE, 1 / 3.5),
        (RATIO_SUMS, times[RATIO_SUMS], FORWARD, 1.0),
        (RATIO_PROSE, times[RATIO_PROSE], FORWARD, 1.6),
        (RATIO_SUMS, times[RATIO_SUMS], HIDDEN, None),
        (RATIO_PROSE, times[RATIO_PROSE], HIDDEN, None),
        (STREAM, times[STREAM], PLAIN, 1.5),
    ]
    if peers:
        pairs.append((WHOLE, both, PEER, 1 / 5))
    return [
        time_ratio(f"{name} / {other}", ours, times[other], goal)
        for name, ours, other, goal in pairs
    ]


def growth(lengths: list[int]) -> dict[str, float]:
    """Return the seconds of forward pass and map of texts of some lengths, one turn each."""
    return {
        str(tokens): in_turns(partial(contestant, tokens), [WHOLE], 1)[0][WHOLE].wall[0]
        for tokens in lengths
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", type=int, nargs="*", default=[256, 1024, 4096])
    parser.add_argument("--threads", type=int, help="cores to use; default: all")
    parser.add_argument("--peers", action="store_true", help="needs the extra `bench`")
    parser.add_argument("--output", type=Path, help="also write the numbers as JSON")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    names = [FORWARD, HIDDEN, FLOOR, FAST_FLOOR, MAP, RATIO_SUMS, RATIO_PROSE, NAIVE]
    names += [PLAIN, STREAM, *([PEER] if options.peers else [])]
    times, _ = in_turns(partial(contestant, options.tokens), names, options.rounds)
    ratios = compare(times, options.peers)
    facts: dict[str, Any] = {
        "machine": machine(PACKAGES),
        "tokens": options.tokens,
        "rounds": options.rounds,
        "peak_memory_mb": {
            str(tokens): peak_memory(partial(contestant, tokens), WHOLE)
            for tokens in options.growth[-1:]
        },
        "growth_seconds": growth(options.growth),
        "times": {name: asdict(found) for name, found in times.items()},
    }
    print(f"peak memory {facts['peak_memory_mb']} MB, seconds {facts['growth_seconds']}")
    hand_over(facts, ratios, options.output)


if __name__ == "__main__":
    main()
