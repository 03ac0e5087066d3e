"""Published Jacobian lenses: read as numbers, for the model that they are of, and nothing else."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

import bathyscope as bs
from bathyscope.layers.lenses import published
from tests.conftest import random_model, tiny

PROMPT, RESPONSE = "Q: what is 8 + 5?\nA:", " it is 13."


@pytest.fixture(scope="module")
def matrices() -> torch.Tensor:
    """The lens of the tiny llama on the text that files are compared on."""
    text = published._TEXT[:48]
    return bs.fit_jacobian_lens(tiny("llama"), [text], estimator="exact").matrices


def archive(path: Path, matrices: torch.Tensor, **changed: Any) -> Path:
    layers = range(len(matrices))
    saved = {
        "J": {layer: matrices[layer].to(torch.float16) for layer in layers},
        "n_prompts": 3,
        "source_layers": list(layers),
        "d_model": matrices.shape[-1],
    } | changed
    torch.save({name: value for name, value in saved.items() if value is not None}, path)
    return path


@pytest.mark.parametrize("form", ["mapping", "list", "tensor", "with the last"])
def test_a_published_lens_is_read_as_it_is(
    tmp_path: Path, matrices: torch.Tensor, form: str
) -> None:
    rounded = matrices.to(torch.float16)
    forms: dict[str, dict[str, Any]] = {
        "mapping": {},
        "list": {"J": [torch.nn.Parameter(one) for one in rounded]},
        "tensor": {"J": rounded, "source_layers": torch.arange(3), "n_prompts": torch.tensor(3)},
        "with the last": {
            "J": {**dict(enumerate(rounded)), 3: torch.eye(32)}, "source_layers": [0, 1, 2, 3],
        },
    }  # fmt: skip
    model = tiny("llama")
    lens = bs.convert_lens(model, archive(tmp_path / "lens.pt", matrices, **forms[form]))
    assert torch.equal(lens.matrices, rounded.float()) and not lens.matrices.requires_grad
    assert lens.about["converted"]["file"] == "lens.pt"
    assert lens.about["converted"]["n_prompts"] == 3
    lens.save(tmp_path / "lens.safetensors")
    options: Any = {"lens": "jacobian", "translators": tmp_path / "lens.safetensors"}
    assert bs.depth(model, PROMPT, RESPONSE, **options).heatmap.values.any()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"J": None}, "lacks J of the keys"),
        ({"d_model": None, "n_prompts": None}, "lacks n_prompts, d_model of"),
        ({"d_model": 64}, "64 numbers in a state .* has 32"),
        ({"d_model": "wide"}, "d_model is 'wide'"),
        ({"n_prompts": 0}, "n_prompts is 0"),
        ({"n_prompts": 2.7}, "n_prompts is 2.7"),
        ({"n_prompts": float("inf")}, "n_prompts is inf"),
        ({"d_model": float("inf")}, "d_model is inf"),
        ({"source_layers": [0, 1, float("inf")]}, "do not fit together"),
        ({"source_layers": [0, 1.5, 2]}, "1.5 is no whole number"),
        (
            {"J": {"0": torch.eye(32), 0: torch.eye(32), 1: torch.eye(32), 2: torch.eye(32)}},
            "J is not of the layers",
        ),
        ({"J": [torch.eye(32).to_sparse()] * 3}, "layer 1 as torch.float32, torch.sparse_coo"),
        ({"J": [torch.eye(32, device="meta")] * 3}, "torch.strided, on meta"),
        ({"J": [torch.eye(32).to(torch.float8_e4m3fn)] * 3}, "as torch.float8_e4m3fn"),
        ({"J": [torch.eye(32).int()] * 3}, "as torch.int32"),
        ({"source_layers": [0, 1]}, "J is not of the layers"),
        ({"J": [torch.eye(32)] * 3, "source_layers": None}, "lacks source_layers"),
        ({"target_layer": 1}, "leads to layer 2 of 4 .* not to the last"),
        ({"metadata": {"target_layer": 2}}, "leads to layer 3 of 4"),
        ({"J": {0: torch.eye(32), 1: torch.zeros(32, 32), 2: torch.eye(32)}}, "layer 2 is zero"),
        (
            {"J": dict.fromkeys(range(1, 4), torch.eye(32)), "source_layers": [1, 2, 3]},
            r"layer 1 no map .* count from 0",
        ),
        ({"J": {0: torch.eye(32)}, "source_layers": [0]}, "1 of the 3 layers .* layer 2, 3"),
        (
            {"J": dict.fromkeys(range(9), torch.eye(32)), "source_layers": list(range(9))},
            "layer 4,",
        ),
        ({"J": dict.fromkeys(range(3), torch.eye(31))}, r"shape \(32, 32\), not \(31, 31\)"),
        ({"J": dict.fromkeys(range(3), "no")}, "not str"),
        ({"J": dict.fromkeys(range(3), torch.eye(32) / 0)}, "layer 1 is not finite"),
        ({"J": [torch.eye(32)] * 2}, "do not fit together"),
        ({"J": 5}, "do not fit together"),
        ({"source_layers": [0, 0, 1], "J": [torch.eye(32)] * 3}, "J is not of the layers"),
    ],
)
def test_what_is_no_lens_of_this_model_is_refused(
    tmp_path: Path, matrices: torch.Tensor, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(bs.InputError, match=message):
        bs.convert_lens(tiny("llama"), archive(tmp_path / "lens.pt", matrices, **changed))


def test_a_lens_of_another_model_of_the_same_shape_is_told_by_a_text(
    tmp_path: Path, matrices: torch.Tensor
) -> None:
    path = archive(tmp_path / "lens.pt", matrices)
    for other in ("mistral", "qwen3"):
        model = random_model(other)
        if other == "mistral":  # the same family once more, other numbers
            with torch.no_grad():
                for weight in model.parameters():
                    weight.copy_(weight[torch.randperm(len(weight))])
        wrapped = bs.LanguageModel(model, tiny("llama").tokens.tokenizer)
        with pytest.raises(bs.InputError, match="late layers agree with the model's own to"):
            bs.convert_lens(wrapped, path)
    turned = archive(tmp_path / "turned.pt", matrices.transpose(1, 2))
    with pytest.raises(bs.InputError, match="holds its matrices transposed"):
        bs.convert_lens(tiny("llama"), turned)
    with pytest.raises(bs.InputError, match="late layers agree with the model's own to -"):
        bs.convert_lens(tiny("llama"), archive(tmp_path / "minus.pt", -matrices))


def test_a_fit_that_was_not_done_is_the_mean_so_far(tmp_path: Path, matrices: torch.Tensor) -> None:
    """The reference code keeps sums; some of those that are published never were divided."""
    torch.save(
        {"jacobian_sum": dict(enumerate(6 * matrices)), "n_done": 6, "next_idx": 8,
         "source_layers": [0, 1, 2], "target_layer": 3, "skip_first": 16},
        tmp_path / "lens.ckpt.pt",
    )  # fmt: skip
    lens = bs.convert_lens(tiny("llama"), tmp_path / "lens.ckpt.pt")
    torch.testing.assert_close(lens.matrices, matrices)
    assert lens.about["converted"]["n_prompts"] == 6


def test_layers_in_the_reversed_order_are_refused(tmp_path: Path, matrices: torch.Tensor) -> None:
    assert not torch.allclose(matrices, matrices.flip(0), atol=1e-2), "layers that differ"
    with pytest.raises(bs.InputError, match="in another order"):
        bs.convert_lens(tiny("llama"), archive(tmp_path / "lens.pt", matrices.flip(0)))


def test_a_lens_of_centred_weights_is_refused(tmp_path: Path) -> None:
    """Weights whose writing is centred leave the mean of a state alone: P J with that mean kept."""
    model = tiny("gpt2")
    fitted = bs.fit_jacobian_lens(model, [published._TEXT[:48]], estimator="exact").matrices
    bs.convert_lens(model, archive(tmp_path / "own.pt", fitted))
    mean = torch.full((32, 32), 1 / 32)
    centred = (torch.eye(32) - mean) @ fitted @ (torch.eye(32) - mean) + mean
    with pytest.raises(bs.InputError, match="that were processed"):
        bs.convert_lens(model, archive(tmp_path / "centred.pt", centred))


class Hostile:
    """Something that runs code where a pickle is opened without care."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("ran"),)


@pytest.mark.parametrize(
    "kind", ["archive", "legacy", "pickle", "text", "empty", "list", "missing"]
)
def test_only_numbers_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("lens.pt")
    match kind:
        case "archive":
            torch.save({"J": Hostile(), "n_prompts": 1, "source_layers": [0], "d_model": 32}, path)
        case "legacy":
            torch.save({"J": Hostile()}, path, _use_new_zipfile_serialization=False)
        case "pickle":
            path.write_bytes(pickle.dumps(Hostile()))
        case "text":
            path.write_text("no archive, only words and more words")
        case "empty":
            path.write_bytes(b"")
        case "list":
            torch.save([torch.eye(2)], path)
    with pytest.raises(bs.InputError, match=r"lens\.pt") as refused:
        bs.convert_lens(tiny("llama"), path)
    assert "\n" not in str(refused.value)
    assert not Path("ran").exists()
