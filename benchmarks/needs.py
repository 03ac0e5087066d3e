"""What models of published shapes need on a device, by the formulas that plan their passes.

`python -m benchmarks.needs` writes the table of docs/accelerators.md.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from transformers import LlamaForCausalLM

from bathyscope.games.game import all_coalitions
from bathyscope.layers.last_layer import LastLayerComparison
from bathyscope.model import device, room
from bathyscope.model.decoding import size_of_pieces
from bathyscope.model.forest import Forest
from bathyscope.model.prefix_tree import shared_prefixes
from benchmarks.on_accelerator import SHAPES, Shape, config_of

PAGE = Path(__file__).parents[1] / "docs" / "accelerators.md"
TOKENS = 4096
_DEMONSTRATIONS, _LENGTH = 8, 100
_CARD = 80e9

HEAD = """\
| model | weights | keys and values | states | logits | a map | attribution |
|---|---|---|---|---|---|---|
"""


def table() -> str:
    """Return the table: weights in bfloat16, and GB beside them."""
    rows = [f"| {_name(name)} | {_sizes(SHAPES[name])} |" for name in ("8B", "20B", "70B")]
    return HEAD + "\n".join(rows) + "\n"


def map_bytes(shape: Shape) -> dict[str, float]:
    """Return the bytes that a map of `TOKENS` tokens takes beside the weights, part by part."""
    with _on_a_card(shape) as model:
        return _of_a_map(shape, model)


def _sizes(shape: Shape) -> str:
    with _on_a_card(shape) as model:
        parts = _of_a_map(shape, model)
        tokens = room.tokens_per_pass(model, lambda most: _passes(model, most))
        peak = room.peak_bytes(model, _passes(model, tokens), _per_token(shape))
        weights = 2 * model.num_parameters()
    said = [weights, *parts.values(), sum(parts.values()), peak]
    return " | ".join(f"{one / 1e9:.{0 if one > 1e10 else 1}f} GB" for one in said)


def _name(name: str) -> str:
    shape, kind = SHAPES[name], " class" if name == "20B" else ""
    return f"{name}{kind} ({shape.layers} layers of {shape.hidden:,}, {shape.vocab:,} words)"


@contextmanager
def _on_a_card(shape: Shape) -> Iterator[Any]:
    """Yield a model without numbers, for a card that holds its weights and is free beside them."""
    with torch.device("meta"):
        model: Any = LlamaForCausalLM(config_of(shape)).to(torch.bfloat16)
    free = int(max(_CARD, 1.25 * 2 * model.num_parameters()) - 2 * model.num_parameters())
    with ExitStack() as stack:
        stack.enter_context(patch.object(device, "free_bytes", lambda _: free))
        for module in (device, room):
            allowed = patch.object(module, "bytes_allowed", lambda _: free // 4)
            stack.enter_context(allowed)
        of = patch.object(room.Room, "of", lambda _: room.Room(0, _per_token(shape)))
        stack.enter_context(of)
        yield model


def _per_token(shape: Shape) -> float:
    """Return the bytes of the keys and values of one token."""
    return 2 * 2 * shape.layers * shape.key_heads * shape.hidden / shape.heads


def _of_a_map(shape: Shape, model: Any) -> dict[str, float]:
    ends: Any = SimpleNamespace(lm_head=model.lm_head, device=model.device)
    head = SimpleNamespace(embed_tokens=model.get_input_embeddings())
    whole: Any = SimpleNamespace(head=head, num_layers=shape.layers, model=model)
    rows = LastLayerComparison(ends).rows_per_block
    tokens = max(1, rows // shape.layers)
    block = 2 * 3 * shape.layers * tokens * shape.hidden + 3 * 4 * tokens * shape.vocab
    return {
        "keys and values": _per_token(shape) * TOKENS,
        "states": 2.0 * shape.layers * size_of_pieces(whole, TOKENS) * shape.hidden + block,
        "logits": 2.0 * rows * shape.vocab,
    }


def _passes(model: Any, most: int) -> list[Any]:
    """Return the passes of exact Shapley values of demonstrations of so many tokens each."""
    parts = [tuple(range(_LENGTH * i, _LENGTH * (i + 1))) for i in range(_DEMONSTRATIONS)]
    prompts = [
        (1, *(id for part, there in zip(parts, present, strict=True) if there for id in part), 2)
        for present in all_coalitions(_DEMONSTRATIONS).tolist()
    ]
    roots = shared_prefixes(prompts, [1] * len(prompts))
    return Forest(model, SimpleNamespace(), most).planned(roots, [(3,)] * len(prompts))  # type: ignore[arg-type]


def written(text: str) -> str:
    """Return the page with the table as it is now."""
    return re.sub(re.escape(HEAD) + r"(?:\|.*\n)+", lambda _: table(), text)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
