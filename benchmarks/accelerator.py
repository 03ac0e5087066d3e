"""What maps cost on an accelerator, in units of the passes and products that nothing goes without.

Random weights of published shapes in bfloat16: time does not ask what a model has learned. Each
measurement stands alone, and what fails or does not fit is reported in its place, so that a short
loan of a device always brings something back: `benchmarks/accelerator.sh`.
"""

import argparse
import gc
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, StaticCache

import bathyscope as bs
from bathyscope.games.game import all_coalitions
from bathyscope.layers.kernels.fastest import fastest_rows
from bathyscope.layers.kernels.torch_rows import TorchRows
from bathyscope.layers.last_layer import LastLayerComparison
from bathyscope.model.decoding import residual_stream
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import shared_prefixes
from benchmarks.lenses import exact_within
from tests.families import byte_tokenizer

ROUNDS = 3
SYNCHRONISING = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaMemcpy")


@dataclass(frozen=True)
class Shape:
    """Sizes of a model, and of the text that it reads."""

    layers: int
    hidden: int
    inner: int
    heads: int
    key_heads: int
    vocab: int
    tokens: int


SHAPES = {
    "20B": Shape(48, 5120, 13_824, 40, 8, 200_000, 4096),
    "8B": Shape(32, 4096, 14_336, 32, 8, 128_256, 1024),
    "135M": Shape(30, 576, 1536, 9, 3, 49_152, 128),
    "tiny": Shape(3, 32, 64, 4, 2, 1031, 40),
}


def random_llama(shape: Shape, device: torch.device, dtype: torch.dtype) -> LanguageModel:
    """Return a model of a shape, its weights drawn where they are needed."""
    config = LlamaConfig(
        vocab_size=shape.vocab,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_heads,
        max_position_embeddings=2 * shape.tokens + 1024,
        tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            model = LlamaForCausalLM(config).eval()
    finally:
        torch.set_default_dtype(before)
    return LanguageModel(model, byte_tokenizer())


def seconds(work: Callable[[], Any], device: torch.device) -> float:
    """Return the median time of a few runs, after one that warms up."""
    found = []
    for _ in range(ROUNDS + 1):
        _wait(device)
        began = time.perf_counter()
        work()
        _wait(device)
        found.append(time.perf_counter() - began)
    return statistics.median(found[1:])


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def text_of(count: int) -> str:
    """Return so many letters, a token each."""
    return "".join(chr(97 + (i * i + i // 7) % 26) for i in range(count))


def depth(shape: Shape, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """Measure the depth map and settling depths against a forward pass and the bare product."""
    model = random_llama(shape, device, dtype)
    response = text_of(shape.tokens)
    continuation = model.tokens.continuation("a:", response)
    comparison = LastLayerComparison(model.anatomy)
    rows = comparison.rows_per_block
    states = torch.randn(rows, shape.hidden, device=device, dtype=dtype)
    times = -(-shape.layers * shape.tokens // rows)

    def forward() -> None:
        for _ in residual_stream(model, continuation):
            pass

    def product() -> None:
        for _ in range(times):
            comparison.project(states)

    found: dict[str, Any] = {
        "forward_s": seconds(forward, device),
        "product_s": seconds(product, device),
        "rows_per_block": rows,
    }
    comparison.release()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
    found["map_s"] = seconds(lambda: bs.depth(model, "a:", response=response), device)
    if device.type == "cuda":
        found["map_bytes_above_model"] = torch.cuda.max_memory_allocated(device) - before
    found["settle_s"] = seconds(lambda: bs.settle(model, "a:", response=response), device)
    floor = found["forward_s"] + found["product_s"]
    found["map / (forward + product), goal 1.5"] = found["map_s"] / floor
    found["settle / forward, goal 0.75"] = found["settle_s"] / found["forward_s"]
    return found


def exactness(shape: Shape, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """Measure how far the fastest way through rows of logits is from torch's in float64."""
    torch.manual_seed(1)
    logits = torch.randn(64, shape.vocab, device=device) * 3
    q, token = torch.randn(8, shape.vocab, device=device) * 3, torch.arange(64, device=device) % 8
    logits[:8] = q + 0.01 * logits[:8]
    found: dict[str, Any] = {}
    for given in (torch.float32, dtype):
        bits = []
        x, last = logits.to(given), q.to(given)
        for way, kind in (
            (fastest_rows(given, device), given),
            (TorchRows(torch.device("cpu")), torch.float64),
        ):
            there = device if kind == given else torch.device("cpu")
            share = torch.empty(
                last.shape, dtype=torch.promote_types(kind, torch.float32), device=there
            )
            nats = torch.empty(8, dtype=torch.float64, device=there)
            own = torch.empty(64, dtype=torch.float64, device=there)
            way.predictions(last.to(there, kind), share, nats)
            way.divergences(x.to(there, kind, copy=True), token.to(there), share, nats, own)
            bits.append(own.cpu())
            found.setdefault("way", type(way).__name__)
        found[f"largest_error_bits_{given}".replace("torch.", "")] = float(
            (bits[0] - bits[1]).abs().max()
        )
    return found


def attribution(shape: Shape, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """Measure exact Shapley values of eight demonstrations against one padded pass."""
    model = random_llama(shape, device, dtype)
    demonstrations = "".join(f"[[{text_of(shape.tokens // 10)}]]\n" for _ in range(8))
    prompt = bs.Prompt.marked(demonstrations + "\nQ: abc A:")

    def ours() -> None:
        bs.attribute(model, prompt, " d")

    found: dict[str, Any] = {"shapley_s": seconds(ours, device)}
    ids = torch.tensor([model.tokens.encode(prompt.text)] * 4, device=device)
    sequences = [
        model.tokens.encode(prompt.masked(present)) for present in all_coalitions(8).tolist()
    ]
    tree = sum(edge.num_tokens for edge in shared_prefixes(sequences, [1] * len(sequences)))

    def padded() -> None:
        with torch.inference_mode():
            model.model(ids, use_cache=False, logits_to_keep=1)

    found["tree_tokens"] = tree
    found["padded_s"] = seconds(padded, device) * tree / ids.numel()
    found["shapley / padded pass over as many tokens, goal 1.5"] = (
        found["shapley_s"] / found["padded_s"]
    )
    if device.type == "cuda":
        found |= _profiled(ours)
    return found


def _profiled(work: Callable[[], Any]) -> dict[str, Any]:
    """Return the share of matrix products in the device's time, launches and synchronisations."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
        work()
    events = found.key_averages()
    kernels = [event for event in events if event.self_device_time_total > 0]
    total = sum(event.self_device_time_total for event in kernels) or 1
    products = sum(
        event.self_device_time_total
        for event in kernels
        if any(word in event.key.lower() for word in ("gemm", "cutlass", "nvjet", "cublas"))
    )
    return {
        "share of device time in products, goal 0.6": products / total,
        "launches": sum(event.count for event in events if "LaunchKernel" in event.key),
        "synchronisations": sum(e.count for e in events if e.key.startswith(SYNCHRONISING)),
    }


def streaming(shape: Shape, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """Measure a stream with depths against decoding by transformers on a static cache."""
    model = random_llama(shape, device, dtype)
    count = min(128, shape.tokens)
    ids = torch.tensor([model.tokens.encode(text_of(64))], device=device)

    def plain() -> None:
        cache = StaticCache(model.model.config, max_cache_len=64 + count)
        model.model.generate(
            ids,
            past_key_values=cache,
            max_new_tokens=count,
            min_new_tokens=count,
            do_sample=False,
        )

    def ours() -> None:
        for _ in bs.stream(model, text_of(64), max_new_tokens=count):
            pass

    found = {"stream_s": seconds(ours, device), "static_cache_s": seconds(plain, device)}
    found["stream / static cache, goal 1.3"] = found["stream_s"] / found["static_cache_s"]
    return found


def jacobian(shape: Shape, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """Return how many passages an exact Jacobian lens is fitted on in two minutes, in float32."""
    model = random_llama(shape, device, torch.float32)
    return exact_within(model, [text_of(50 * shape.hidden)], minutes=2.0)[0]


MEASUREMENTS: dict[str, tuple[Callable[..., dict[str, Any]], str]] = {
    "exactness": (exactness, "20B"),
    "depth": (depth, "20B"),
    "attribution": (attribution, "8B"),
    "streaming": (streaming, "8B"),
    "jacobian": (jacobian, "135M"),
}


def measured(shape: str | None, device: torch.device, dtype: torch.dtype, output: Path) -> None:
    """Run all measurements; the file is written after each, for the loan may end at any time."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor()
    found: dict[str, Any] = {"device": name, "torch": torch.__version__, "dtype": str(dtype)}
    for key, (measure, usual) in MEASUREMENTS.items():
        began = time.perf_counter()
        chosen = shape or usual
        try:
            found[key] = {"shape": chosen} | measure(SHAPES[chosen], device, dtype)
        except Exception as error:
            found[key] = {"shape": chosen, "failed": f"{type(error).__name__}: {error}"}
        found[key]["measured_in_s"] = time.perf_counter() - began
        output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(key, json.dumps(found[key]), flush=True)
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument(
        "--shape", choices=sorted(SHAPES), help="the same for all; each has its own"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", default="bfloat16")
    given = parser.parse_args()
    dtype = getattr(torch, given.dtype)
    measured(given.shape, torch.device(given.device), dtype, given.output)


if __name__ == "__main__":
    main()
