"""The tuned lens reads as its definition says, everywhere a lens can be given; and its file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import bathyscope as bs
from bathyscope.core.files.writing import sha256
from bathyscope.layers.lenses.fitted import describe_model
from bathyscope.layers.lenses.tuned import KIND, TunedLens
from tests import brute_force
from tests.conftest import byte_tokenizer, random_model, tiny

PROMPT, RESPONSE = "Q: what is 8 + 5?\nA:", " it is 13."


def random_lens(model: bs.LanguageModel, size: float) -> TunedLens:
    """Return a lens that nobody trained."""
    torch.manual_seed(5)
    layers, width = model.num_layers - 1, model.hidden_size
    weight, bias = torch.randn(layers, width, width), torch.randn(layers, width)
    return TunedLens(size * weight, size * bias, describe_model(KIND, model))


@pytest.fixture
def file(tmp_path: Path, llama: bs.LanguageModel) -> Path:
    random_lens(llama, 0.1).save(tmp_path / "lens.safetensors")
    return tmp_path / "lens.safetensors"


def test_translators_of_zeros_are_the_lens_norm(family: str, tmp_path: Path) -> None:
    model = tiny(family)
    random_lens(model, 0.0).save(tmp_path / "zero.safetensors")
    options: Any = {"lens": "tuned", "translators": tmp_path / "zero.safetensors"}
    tuned = bs.depth(model, PROMPT, RESPONSE, **options)
    norm = bs.depth(model, PROMPT, RESPONSE)
    np.testing.assert_array_equal(tuned.heatmap.values, norm.heatmap.values)


def test_the_tuned_map_agrees_with_brute_force(family: str, tmp_path: Path) -> None:
    model, reference = tiny(family), random_model(family, torch.float64)
    lens = random_lens(model, 0.1)
    lens.save(tmp_path / "lens.safetensors")
    run = bs.depth(model, PROMPT, RESPONSE, lens="tuned", translators=tmp_path / "lens.safetensors")
    ids = model.tokens.encode(PROMPT + RESPONSE)
    first = len(model.tokens.encode(PROMPT))
    expected = brute_force.tuned_divergences(
        reference, ids, first, lens.weight.double(), lens.bias.double()
    )
    norm = bs.depth(model, PROMPT, RESPONSE).heatmap.values
    assert np.abs(expected - norm).max() > 0.01, "translators that do nothing prove nothing"
    np.testing.assert_allclose(run.heatmap.values, expected, atol=2e-4)


def test_every_way_of_asking_takes_it(file: Path, llama: bs.LanguageModel) -> None:
    options: Any = {"lens": "tuned", "translators": str(file)}
    run = bs.depth(llama, PROMPT, max_new_tokens=6, top_k=2, **options)
    quick = bs.depth(llama, PROMPT, max_new_tokens=6, ratio_only=True, **options)
    streamed = list(bs.stream(llama, PROMPT, max_new_tokens=6, **options))
    assert run.settling_depth.tolist() == quick.settling_depth.tolist()
    assert run.settling_depth.tolist() == [token.settling_depth for token in streamed]
    assert run.readings is not None and len(run.readings.says(1, 0)) == 2
    origin = {"file": "lens.safetensors", "sha256": sha256(file)}
    thought = bs.think(
        llama, PROMPT, settings=bs.ThinkSettings(n=2, prefix=4, max_new_tokens=4, **options)
    )
    for provenance in (run.heatmap.provenance, quick.provenance, thought.provenance):
        assert provenance["lens"] == "tuned" and provenance["translators"] == origin
    assert "translators" in bs.describe(run)
    json.dumps(thought.to_document())


def test_a_lens_for_another_model_is_refused(file: Path) -> None:
    for other in ("mistral", "llama-36"):
        with pytest.raises(bs.InputError, match=r"was fitted for .* \(weights [0-9a-f]{12}\), not"):
            bs.depth(tiny(other), PROMPT, RESPONSE, lens="tuned", translators=file)


def test_the_hash_in_the_provenance_tells_models_apart_and_dtypes_not(tmp_path: Path) -> None:
    def loaded(digest: str, dtype: torch.dtype = torch.float32) -> bs.LanguageModel:
        return bs.LanguageModel(
            random_model("llama", dtype), byte_tokenizer(), {"sha256": digest * 16}
        )

    path = tmp_path / "lens.safetensors"
    random_lens(loaded("abcd"), 0.1).save(path)
    half = loaded("abcd", torch.bfloat16)
    assert bs.depth(half, PROMPT, RESPONSE, lens="tuned", translators=path).heatmap.values.any()
    with pytest.raises(bs.InputError, match=r"sha256 abcdabcdabcd.*sha256 012301230123"):
        bs.depth(loaded("0123"), PROMPT, RESPONSE, lens="tuned", translators=path)


def damage(file: Path, how: str) -> None:
    content = file.read_bytes()
    llama = tiny("llama")
    lens = random_lens(llama, 0.1)
    match how:
        case "truncated":
            file.write_bytes(content[: len(content) // 2])
        case "empty":
            file.write_bytes(b"")
        case "text":
            file.write_text("no tensors here, only words and more words")
        case "other tensors":
            save_file({"weight": torch.zeros(2)}, file)
        case "shape":
            TunedLens(lens.weight[:, :-1], lens.bias, lens.about).save(file, overwrite=True)
        case "missing":
            about = {"bathyscope": json.dumps(lens.about | {"schema": 1})}
            save_file({"weight": lens.weight}, file, metadata=about)
        case "not finite":
            TunedLens(lens.weight / 0, lens.bias, lens.about).save(file, overwrite=True)
        case "newer":
            about = lens.about | {"schema": 99}
            TunedLens(lens.weight, lens.bias, about).save(file, overwrite=True)
        case "gone":
            file.unlink()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("truncated", "is damaged or no safetensors file"),
        ("empty", "is damaged or no safetensors file"),
        ("text", "is damaged or no safetensors file"),
        ("other tensors", "holds no tuned lens"),
        ("shape", r"weight should have the shape \(3, 32, 32\), not \(3, 31, 32\)"),
        ("missing", r"bias should have the shape \(3, 32\), not None"),
        ("newer", "schema 99"),
        ("gone", "There is no file"),
    ],
)
def test_a_file_that_is_no_lens_is_refused(
    file: Path, llama: bs.LanguageModel, how: str, message: str
) -> None:
    damage(file, how)
    with pytest.raises(bs.InputError, match=message):
        bs.depth(llama, PROMPT, RESPONSE, lens="tuned", translators=file)


def test_translators_that_are_not_finite_are_refused(file: Path, llama: bs.LanguageModel) -> None:
    damage(file, "not finite")
    with pytest.raises(bs.InputError, match="is not finite"):
        bs.depth(llama, PROMPT, RESPONSE, lens="tuned", translators=file)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lens": "tuned"}, "name the file"),
        ({"lens": "raw", "translators": "x"}, r"fitted \(tuned, jacobian\), not to 'raw'"),
    ],
)
def test_lens_and_translators_go_together(
    llama: bs.LanguageModel, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(bs.InputError, match=message):
        bs.depth(llama, PROMPT, RESPONSE, **options)
    with pytest.raises(bs.InputError, match=message):
        next(bs.stream(llama, PROMPT, **options))
    with pytest.raises(bs.InputError, match=message):
        bs.ThinkSettings(**options)


def test_an_existing_file_is_not_overwritten_unasked(file: Path, llama: bs.LanguageModel) -> None:
    before = file.read_bytes()
    with pytest.raises(bs.InputError, match="exists already"):
        random_lens(llama, 0.2).save(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("part", ["a number", b"identity", b"digest"])
def test_a_lens_that_was_changed_is_refused(
    file: Path, llama: bs.LanguageModel, part: str | bytes
) -> None:
    content = bytearray(file.read_bytes())
    at = len(content) - 8 if isinstance(part, str) else content.index(part)
    content[at] ^= 1
    file.write_bytes(content)
    with pytest.raises(bs.InputError, match="changed after it was written"):
        bs.depth(llama, PROMPT, RESPONSE, lens="tuned", translators=file)


def test_a_lens_of_before_there_were_digests_opens(tmp_path: Path, llama: bs.LanguageModel) -> None:
    lens, path = random_lens(llama, 0.1), tmp_path / "lens.safetensors"
    about = {"bathyscope": json.dumps(lens.about | {"schema": 1})}
    save_file({"weight": lens.weight, "bias": lens.bias}, path, metadata=about)
    assert bs.depth(llama, PROMPT, RESPONSE, lens="tuned", translators=path).heatmap.values.any()
