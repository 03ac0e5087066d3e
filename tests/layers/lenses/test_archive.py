"""Archives of published lenses: every form that is published is read, all else is one sentence."""

import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import bathyscope as bs
from bathyscope.layers.lenses.archive import read_archive

J = {layer: torch.eye(4) + layer * torch.arange(16.0).reshape(4, 4).cos() for layer in range(3)}
SAID: dict[str, Any] = {"n_prompts": 3, "source_layers": [0, 1, 2], "d_model": 4}
SUMS: dict[str, Any] = {
    "jacobian_sum": {layer: 5 * matrix for layer, matrix in J.items()}, "n_done": 5, "next_idx": 7,
    "source_layers": [0, 1, 2], "target_layer": 3, "skip_first": 16,
}  # fmt: skip


def saved(path: Path, content: Any, **options: Any) -> Path:
    torch.save(content, path, **options)
    return path


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ({"J": J, **SAID}, {}),
        ({"J": J, **SAID}, {"_use_new_zipfile_serialization": False}),
        ({"J": OrderedDict(reversed(J.items())), **SAID, "source_layers": [2, 0, 1]}, {}),
        ({"J": {str(layer): one for layer, one in J.items()}, **SAID}, {}),
        ({"J": [J[2], J[0], J[1]], **SAID, "source_layers": (2, 0, 1)}, {}),
        ({"J": torch.stack([*J.values()]), **SAID}, {}),
        ({"J": J, "n_prompts": torch.tensor(3), "d_model": 4.0}, {}),
        ({"J": J, **SAID, "d_source": 4, "metadata": {"model_name": "gpt2"}}, {}),
        ({"J": J, **SAID, "metadata": {"estimator": "jacobian_lens", "target_layer": 3}}, {}),
        ({"J": {layer: one.double() for layer, one in J.items()}, **SAID, "metadata": None}, {}),
        (SUMS, {}),
    ],
)
def test_every_published_form_is_read(tmp_path: Path, content: Any, options: Any) -> None:
    """A lens, in older and newer files; what TransformerLens adds; a fit that was not done."""
    found = read_archive(saved(tmp_path / "lens.pt", content, **options))
    assert found.prompts == (5 if "n_done" in content else 3)
    for layer, expected in J.items():
        own = found.matrix(tmp_path, layer, 4).float()
        torch.testing.assert_close(own, expected, atol=1e-6, rtol=1e-6)
    assert found.width in (4, None) and found.target in (3, None)


def laughs() -> list[Any]:
    """A small list that is a thousand million words when it is written out."""
    found: list[Any] = ["ha"]
    for _ in range(30):
        found = [found, found]
    return found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.eye(4)], "lacks J, n_prompts, d_model"),
        (torch.eye(4), "lacks J"),
        ({**SAID}, "lacks J of the keys J, n_prompts, d_model"),
        ({"J": J, "d_model": 4}, "lacks n_prompts of"),
        ({"jacobian_sum": J}, "lacks n_done of the keys jacobian_sum, n_done"),
        ({**SUMS, "n_done": 0}, "n_done is 0, not a whole number above 0"),
        ({**SUMS, "target_layer": "last"}, "target_layer is 'last'"),
        ({"J": J, **SAID, "n_prompts": -2}, "n_prompts is -2"),
        ({"J": J, **SAID, "n_prompts": "many"}, "n_prompts is 'many'"),
        ({"J": J, **SAID, "n_prompts": 1j}, "n_prompts is 1j"),
        ({"J": J, **SAID, "n_prompts": 2**70}, "n_prompts is too large"),
        ({"J": J, **SAID, "n_prompts": laughs()}, "n_prompts is a list"),
        ({"J": J, **SAID, "d_model": torch.eye(4)}, "d_model is a Tensor"),
        ({"J": J, **SAID, "source_layers": laughs()}, "do not fit together"),
        ({"J": J, **SAID, "source_layers": 3}, "do not fit together"),
        ({"J": J, **SAID, "source_layers": [0, 1, 1]}, "is not of the layers"),
        ({"J": {0: J[0], 1: J[1], 2: J[2], "0": J[0]}, **SAID}, "is not of the layers"),
        ({"J": {"layer_0": J[0]}, **SAID, "source_layers": None}, "do not fit together"),
        ({"J": [*J.values()], **SAID, "source_layers": None}, "lacks source_layers, so of which"),
        ({"J": J, **SAID, "metadata": {"estimator": "relevance_lens"}}, "its estimator is 'relev"),
    ],
)
def test_what_contradicts_itself_is_one_sentence(
    tmp_path: Path, content: Any, message: str
) -> None:
    with pytest.raises(bs.InputError, match=message) as refused:
        read_archive(saved(tmp_path / "lens.pt", content))
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (torch.zeros(4, 4), "layer 1 is zero throughout"),
        (torch.eye(4) * float("nan"), "is not finite"),
        (torch.eye(4).double() * 1e300, "is not finite"),
        (torch.eye(4, dtype=torch.complex64), "as torch.complex64"),
        (torch.eye(4).int(), "as torch.int32"),
        (torch.eye(3), r"the shape \(4, 4\), not \(3, 3\)"),
        (torch.zeros(1).expand(10**9, 10**9), r"not \(1000000000, 1000000000\)"),
        (7, "not int"),
    ],
)
def test_a_matrix_that_is_none_is_refused(tmp_path: Path, matrix: Any, message: str) -> None:
    found = read_archive(saved(tmp_path / "lens.pt", {"J": {**J, 0: matrix}, **SAID}))
    with pytest.raises(bs.InputError, match=message):
        found.matrix(tmp_path / "lens.pt", 0, 4)


def folder(path: Path) -> None:
    path.mkdir()


def packed(path: Path) -> None:
    """An archive of which far more comes out than went in."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("lens/data.pkl", bytes(1 << 22))


def cut_short(path: Path) -> None:
    whole = saved(path, {"J": J, **SAID}).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def numpy_archive(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, J_0=np.eye(4), n_prompts=3)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n")


def safetensors(path: Path) -> None:
    save_file({"J_0": J[0]}, path)


def our_own(path: Path) -> None:
    save_file({"jacobian": torch.stack([*J.values()])}, path, metadata={"bathyscope": "{}"})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "There is no file"),
        (folder, "is a folder; name the torch archive in it"),
        (packed, "is packed: 4194304 bytes would come out"),
        (pointer, "Git LFS keeps elsewhere"),
        (safetensors, "is a safetensors file; published"),
        (our_own, "which --translators takes; published"),
        (cut_short, "no torch archive of plain numbers"),
        (numpy_archive, "no torch archive of plain numbers"),
        (empty, "no torch archive of plain numbers"),
    ],
)
def test_files_of_other_kinds_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, message: str
) -> None:
    path = tmp_path / "lens.pt"
    make(path)
    if not message.startswith("no torch archive"):
        monkeypatch.setattr(torch, "load", None)  # not even opened
    with pytest.raises(bs.InputError, match=message) as refused:
        read_archive(path)
    assert "\n" not in str(refused.value) and str(path) in str(refused.value)
