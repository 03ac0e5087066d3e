"""What maps cost on an accelerator, in units of the passes and products that nothing goes without.

Random weights of published shapes: time does not ask what a model has learned. Each measurement
yields what it has found as soon as it has it, so that what is cut off has not been in vain.
"""

import copy
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch.autograd import DeviceType
from transformers import LlamaConfig, LlamaForCausalLM, StaticCache

import bathyscope as bs
from bathyscope.games.game import all_coalitions
from bathyscope.layers.last_layer import LastLayerComparison
from bathyscope.layers.lazy_settling import settled_depths
from bathyscope.layers.lenses.choice import open_lens
from bathyscope.model import gradients as of_embeddings
from bathyscope.model.decoding import residual_stream
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import shared_prefixes
from bathyscope.model.sequences import Choose, Sampler, Sequences, greedy
from benchmarks.lenses import exact_within
from tests.families import byte_tokenizer

ROUNDS = 3
# Matrix products as the libraries name their kernels; those inside fused attention are not counted.
_PRODUCTS = ("gemm", "cutlass", "nvjet", "cublas")
_SYNCHRONISING = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaMemcpy")

Facts = Iterator[dict[str, Any]]


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


@dataclass(frozen=True)
class Setting:
    """What a measurement is told.

    Attributes:
        shape: Of the model.
        device: Where it lies.
        dtype: Of its weights.
        seconds: How long the measurement may take.
    """

    shape: Shape
    device: torch.device
    dtype: torch.dtype
    seconds: float

    def model(self) -> LanguageModel:
        """Return a random model, the last one where that has this shape, place and type."""
        return kept_llama(self.shape, self.device, self.dtype)


SHAPES = {
    "70B": Shape(80, 8192, 28_672, 64, 8, 128_256, 4096),
    "20B": Shape(48, 5120, 13_824, 40, 8, 200_000, 4096),
    "8B": Shape(32, 4096, 14_336, 32, 8, 128_256, 1024),
    "1B": Shape(16, 2048, 8192, 32, 8, 128_256, 512),
    "135M": Shape(30, 576, 1536, 9, 3, 49_152, 128),
    "tiny": Shape(3, 32, 64, 4, 2, 1031, 40),
}


def config_of(shape: Shape) -> LlamaConfig:
    """Return the configuration of a shape."""
    return LlamaConfig(
        vocab_size=shape.vocab,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_heads,
        max_position_embeddings=2 * shape.tokens + 1024,
        tie_word_embeddings=False,
    )


def random_llama(shape: Shape, device: torch.device, dtype: torch.dtype) -> LanguageModel:
    """Return a model of a shape, its weights drawn where they are needed."""
    config = config_of(shape)
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            model = LlamaForCausalLM(config).eval()
    finally:
        torch.set_default_dtype(before)
    return LanguageModel(model, byte_tokenizer())


kept_llama = lru_cache(maxsize=1)(random_llama)


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


def depth(given: Setting) -> Facts:
    """Measure the depth map and settling depths against a forward pass and the bare product."""
    model, device = given.model(), given.device
    response = text_of(given.shape.tokens)
    continuation = model.tokens.continuation("a:", response)
    comparison = LastLayerComparison(model.anatomy)
    rows = comparison.rows_per_block
    states = torch.randn(rows, given.shape.hidden, device=device, dtype=given.dtype)
    times = -(-given.shape.layers * given.shape.tokens // rows)

    def forward() -> None:
        for _ in residual_stream(model, continuation):
            pass

    def product() -> None:
        for _ in range(times):
            comparison.project(states)

    passing, multiplying = seconds(forward, device), seconds(product, device)
    yield {"forward_s": passing, "product_s": multiplying, "rows_per_block": rows}
    comparison.release()
    before = 0
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
    mapping = seconds(lambda: bs.depth(model, "a:", response=response), device)
    if device.type == "cuda":
        yield {"GB above the model": (torch.cuda.max_memory_allocated(device) - before) / 1e9}
    yield {"map_s": mapping, "map / (forward + product)": mapping / (passing + multiplying)}
    pieces, lens = list(residual_stream(model, continuation)), open_lens(model, "norm")

    def settle() -> None:
        settled_depths(model.anatomy, pieces, lens, 0.5, continuation.target_ids)

    settling = seconds(settle, device)
    yield {"settle_s": settling, "settle / forward": settling / passing}


def attribution(given: Setting) -> Facts:
    """Measure exact Shapley values of eight demonstrations against one padded pass."""
    model, device = given.model(), given.device
    demonstrations = "".join(f"[[{text_of(given.shape.tokens // 10)}]]\n" for _ in range(8))
    prompt = bs.Prompt.marked(demonstrations + "\nQ: abc A:")

    def ours() -> None:
        bs.attribute(model, prompt, " d")

    spent = seconds(ours, device)
    ids = torch.tensor([model.tokens.encode(prompt.text)] * 4, device=device)
    sequences = [
        model.tokens.encode(prompt.masked(present)) for present in all_coalitions(8).tolist()
    ]
    tree = sum(edge.num_tokens for edge in shared_prefixes(sequences, [1] * len(sequences)))

    def padded() -> None:
        with torch.inference_mode():
            model.model(ids, use_cache=False, logits_to_keep=1)

    whole = seconds(padded, device) * tree / ids.numel()
    yield {
        "shapley_s": spent,
        "tree_tokens": tree,
        "padded_s": whole,
        "shapley / padded": spent / whole,
    }
    if device.type == "cuda":
        yield _profiled(ours)


def _profiled(work: Callable[[], Any]) -> dict[str, Any]:
    """Return the share of matrix products in the device's time, launches and synchronisations."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
        work()
    events = found.key_averages()
    return {
        "share of products": share_of_products(events),
        "launches": sum(event.count for event in events if "LaunchKernel" in event.key),
        "synchronisations": sum(e.count for e in events if e.key.startswith(_SYNCHRONISING)),
    }


def share_of_products(events: Iterable[Any]) -> float:
    """Return the share of matrix products in the time of all kernels.

    An operator of torch counts the time of the kernels that it launches as its own, too: only what
    ran on the device itself is taken.
    """
    kernels = [event for event in events if event.device_type == DeviceType.CUDA]
    total = sum(event.self_device_time_total for event in kernels)
    products = sum(
        event.self_device_time_total
        for event in kernels
        if any(word in event.key.lower() for word in _PRODUCTS)
    )
    return products / total if total else 0.0


def gradients(given: Setting) -> Facts:
    """Measure gradients of sixteen targets together against one after the other."""
    model, device = given.model(), given.device
    ids = tuple(model.tokens.encode(text_of(min(256, given.shape.tokens))))
    wanted = [(len(ids) - 2 - index, ids[index]) for index in range(16)]

    def norms(targets: list[tuple[int, int]]) -> None:
        of_embeddings.gradient_norms(model, ids, targets, "logprob", lambda: None)

    with patch.object(of_embeddings, "_back", wraps=of_embeddings._back) as back:
        norms(wanted)
        yield {"ways back / targets": back.call_count / len(wanted)}
    together = seconds(lambda: norms(wanted), device)
    yield {"together_s": together}
    singly = seconds(lambda: [norms([one]) for one in wanted], device)
    yield {"singly_s": singly, "together / one by one": together / singly}


def sampling(given: Setting) -> Facts:
    """Measure sixteen sampled sequences against sixteen greedy ones."""
    model, device = given.model(), given.device
    ids, count = tuple(model.tokens.encode(text_of(64))), min(32, given.shape.tokens // 4)

    def written(choose: Choose) -> None:
        sequences = Sequences(model, [ids] * 16, look=False)
        for _ in range(count):
            sequences.choose(choose)
            sequences.advance()

    plain = seconds(lambda: written(greedy), device)
    drawn = seconds(lambda: written(Sampler(range(16), 0.7)), device)
    yield {"greedy_s": plain, "sampled_s": drawn, "sampled / greedy": drawn / plain}


def streaming(given: Setting) -> Facts:
    """Measure a stream with depths against decoding by transformers on a static cache."""
    count = min(128, given.shape.tokens // 4)
    own = _streamed(given, count)
    yield {"tokens": count, "stream_s": own}
    theirs = _decoded(given, count, disable_compile=True)
    yield {"static_cache_s": theirs, "stream / static cache": own / theirs}


def compiled(given: Setting) -> Facts:
    """Measure a stream against the same decoding compiled, which transformers does on CUDA only."""
    if given.device.type == "cuda":
        count = min(64, given.shape.tokens // 4)
        own = _streamed(given, count)
        theirs = _decoded(given, count, disable_compile=False)
        yield {"compiled_s": theirs, "stream / compiled static cache": own / theirs}


def _streamed(given: Setting, count: int) -> float:
    """Return the seconds that so many tokens with their depths take."""
    model = given.model()

    def ours() -> None:
        for _ in bs.stream(model, text_of(64), max_new_tokens=count):
            pass

    return seconds(ours, given.device)


def _decoded(given: Setting, count: int, disable_compile: bool) -> float:
    """Return the seconds that so many tokens take transformers on a static cache."""
    model = given.model()
    ids = torch.tensor([model.tokens.encode(text_of(64))], device=given.device)
    settings: dict[str, Any] = {"max_new_tokens": count, "min_new_tokens": count}

    def plain() -> None:
        model.model.generate(
            ids,
            past_key_values=StaticCache(model.model.config, max_cache_len=64 + count),
            do_sample=False,
            disable_compile=disable_compile,
            **settings,
        )

    return seconds(plain, given.device)


def rounding(given: Setting) -> Facts:
    """Measure how far a map is from the processor's, and one in bfloat16 from one in float32."""
    model = random_llama(given.shape, given.device, torch.float32).model
    with torch.no_grad():
        model.lm_head.weight *= 10  # as drawn, all predictions are nearly even
    text = text_of(min(64, given.shape.tokens))

    def values(of: Any) -> Any:
        return bs.depth(LanguageModel(of, byte_tokenizer()), "a:", response=text).heatmap.values

    here = values(copy.deepcopy(model).to("cpu"))
    yield {"largest cell, bits": float(here.max())}
    yield {"map error float32, bits": float(abs(values(model) - here).max())}
    coarse = model.to(torch.bfloat16)
    found = values(coarse)
    error = abs(found - values(coarse.to(torch.float32)))
    yield {"map error bfloat16, bits": float(error.max())}
    yield {"map error bfloat16, median bits": float(statistics.median(error.ravel().tolist()))}


def placing(given: Setting) -> Facts:
    """Measure a depth map by how the weights lie: spread, half in main memory, in few bits."""
    where = "cpu" if given.device.type == "cpu" else f"cuda:{given.device.index or 0}"
    half: dict[str, str | int] = {
        f"model.layers.{index}": "cpu" if index % 2 else where
        for index in range(given.shape.layers)
    }
    parts = ("model.embed_tokens", "model.norm", "model.rotary_emb", "lm_head")
    half |= dict.fromkeys(parts, where)
    ways: dict[str, dict[str, Any]] = {
        "auto": {"device": "auto", "dtype": "bfloat16"},
        "half in main memory": {"device": half, "dtype": "bfloat16"},
    }
    ways |= {dtype: {"device": where, "dtype": dtype} for dtype in ("int8", "int4")}
    with tempfile.TemporaryDirectory() as folder:
        drawn = random_llama(given.shape, given.device, torch.bfloat16)
        drawn.model.save_pretrained(folder)
        byte_tokenizer().save_pretrained(folder)
        del drawn
        plain = _map_seconds(given, folder, {"device": where, "dtype": "bfloat16"})
        yield {"bfloat16_s": plain}
        for name, options in ways.items():
            try:
                yield {f"{name} / bfloat16": _map_seconds(given, folder, options) / plain}
            except Exception as error:  # of packages that may be missing; the next way may work
                yield {f"{name} failed": f"{type(error).__name__}: {error}"}


def _map_seconds(given: Setting, folder: str, options: dict[str, Any]) -> float:
    model = bs.load(Path(folder), **options)
    text = text_of(min(256, given.shape.tokens))
    return seconds(lambda: bs.depth(model, "a:", response=text), given.device)


def jacobian(given: Setting) -> Facts:
    """Fit a Jacobian lens exactly for at most two minutes, in float32: how many passages."""
    model = random_llama(given.shape, given.device, torch.float32)
    minutes = min(2.0, 0.8 * given.seconds / 60)  # the last passage begun is finished
    yield {"minutes": minutes}
    yield exact_within(model, [text_of(50 * given.shape.hidden)], minutes)[0]
