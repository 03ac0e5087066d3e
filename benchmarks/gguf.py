"""The conversion of a large GGUF file that is made up for it, and removed afterwards.

    python -m benchmarks.gguf --layers 32 --output benchmarks/results/gguf.json

It has the tensors of a model of 7 billion parameters (hidden size 4096, 32 layers, vocabulary of
32,000), quantised to four bits, of which `--layers` takes fewer. The peak is that of memory of the
process's own: pages of the mapped file are the system's, which takes them back when it needs them.
"""

import argparse
import os
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bathyscope.core.files.writing import sha256
from bathyscope.core.progress import silent
from bathyscope.model import gguf as conversion
from bathyscope.prompt.pieces import BYTE_OF
from benchmarks.memory import Watch
from benchmarks.ratios import hand_over, machine, memory_ratio

HIDDEN, INNER, HEADS, VOCABULARY = 4096, 11008, 32, 32000
_BLOCK, _BYTES = 32, 18  # of Q4_0: numbers in a block, and its bytes, the first two their scale


def write(path: Path, layers: int) -> int:
    """Write the file; return how many parameters it has."""
    import gguf

    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("made up")
    writer.add_context_length(4096)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCABULARY)
    alphabet = sorted(BYTE_OF)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    alphabet.append(alphabet[40] + alphabet[41])
    more = [f"<{i}>" for i in range(VOCABULARY - len(alphabet))]
    writer.add_token_list([*alphabet, *more])
    writer.add_token_types([1] * len(alphabet) + [3] * len(more))
    writer.add_token_merges([f"{alphabet[40]} {alphabet[41]}"])
    writer.add_eos_token_id(VOCABULARY - 1)
    shapes = {"token_embd": (VOCABULARY, HIDDEN), "output": (VOCABULARY, HIDDEN)}
    for layer in range(layers):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"blk.{layer}.{name}"] = (HIDDEN, HIDDEN)
        shapes[f"blk.{layer}.ffn_gate"] = shapes[f"blk.{layer}.ffn_up"] = (INNER, HIDDEN)
        shapes[f"blk.{layer}.ffn_down"] = (HIDDEN, INNER)
    kind = gguf.GGMLQuantizationType.Q4_0
    for name, (rows, columns) in shapes.items():
        packed = _blocks(rows, columns)
        writer.add_tensor_info(
            f"{name}.weight", packed.shape, packed.dtype, packed.nbytes, raw_dtype=kind
        )
    norms = [f"blk.{i}.{kind}" for i in range(layers) for kind in ("attn_norm", "ffn_norm")]
    ones = np.ones(HIDDEN, dtype=np.float32)
    for name in [*norms, "output_norm"]:
        writer.add_tensor_info(f"{name}.weight", ones.shape, ones.dtype, ones.nbytes)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for rows, columns in shapes.values():
        writer.write_tensor_data(_blocks(rows, columns))
    for _ in [*norms, "output_norm"]:
        writer.write_tensor_data(ones)
    writer.close()
    return sum(rows * columns for rows, columns in shapes.values()) + HIDDEN * (len(norms) + 1)


def _blocks(rows: int, columns: int) -> Any:
    """Return blocks of random numbers, about 0.01 large."""
    generator = np.random.default_rng(rows + columns)
    row = generator.integers(0, 256, columns // _BLOCK * _BYTES, dtype=np.uint8)
    row.reshape(-1, _BYTES)[:, :2] = np.frombuffer(np.float16(0.002).tobytes(), dtype=np.uint8)
    return np.broadcast_to(row, (rows, len(row))).copy()


def main() -> None:
    """Make, convert, measure, remove, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=11)
    parser.add_argument("--folder", type=Path, help="where there is room; default: for scratch")
    parser.add_argument("--output", type=Path, help="also write the numbers as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder, file = Path(name), Path(name) / "large.gguf"
        os.environ["BATHYSCOPE_CACHE"] = str(folder)
        parameters = write(file, options.layers)
        digest = sha256(file)
        with conversion._explained(file):
            conversion._opened(file, "bfloat16")  # what is imported for it counts as there
        watch, begin = Watch(), perf_counter()
        made = conversion.converted(file, digest, silent, "bfloat16")
        seconds, peak = perf_counter() - begin, watch.stop()
        sizes = sum(one.stat().st_size for one in made.iterdir())
        largest = 2 * VOCABULARY * HIDDEN / 1e6
        facts = {
            "machine": machine(("torch", "transformers", "gguf")),
            "conversion": {
                "layers": options.layers,
                "parameters": parameters / 1e9,
                "file": file.stat().st_size / 1e9,
                "folder": sizes / 1e9,
                "seconds": seconds,
                "peak": peak,
                "largest": largest,
            },
        }
    ratio = memory_ratio("peak of a conversion to bfloat16 / its largest tensor", peak, largest, 3)
    hand_over(facts, [ratio], options.output)


if __name__ == "__main__":
    main()
