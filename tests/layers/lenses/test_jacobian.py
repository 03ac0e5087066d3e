"""The Jacobian lens reads as its definition says, everywhere a lens can be given; and its file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import bathyscope as bs
from bathyscope.core.files.writing import sha256
from bathyscope.layers.lenses.fitted import describe_model
from bathyscope.layers.lenses.jacobian import KIND, JacobianLens
from tests import brute_force
from tests.conftest import random_model, tiny

PROMPT, RESPONSE = "Q: what is 8 + 5?\nA:", " it is 13."


def random_lens(model: bs.LanguageModel, size: float = 1.0) -> JacobianLens:
    """Return a lens that nobody fitted."""
    torch.manual_seed(5)
    layers, width = model.num_layers - 1, model.hidden_size
    matrices = torch.eye(width) + size * torch.randn(layers, width, width) / width**0.5
    return JacobianLens(matrices, describe_model(KIND, model)).with_sample(
        model, model.tokens.encode(PROMPT)
    )


@pytest.fixture
def file(tmp_path: Path, llama: bs.LanguageModel) -> Path:
    random_lens(llama).save(tmp_path / "lens.safetensors")
    return tmp_path / "lens.safetensors"


def test_the_identity_is_the_lens_norm(family: str, tmp_path: Path) -> None:
    model = tiny(family)
    random_lens(model, 0.0).save(tmp_path / "one.safetensors")
    options: Any = {"lens": "jacobian", "translators": tmp_path / "one.safetensors"}
    through = bs.depth(model, PROMPT, RESPONSE, **options)
    norm = bs.depth(model, PROMPT, RESPONSE)
    np.testing.assert_allclose(through.heatmap.values, norm.heatmap.values, atol=1e-6)


def test_the_map_agrees_with_brute_force(family: str, tmp_path: Path) -> None:
    model, reference = tiny(family), random_model(family, torch.float64)
    lens = random_lens(model)
    lens.save(tmp_path / "lens.safetensors")
    run = bs.depth(
        model, PROMPT, RESPONSE, lens="jacobian", translators=tmp_path / "lens.safetensors"
    )
    ids, first = model.tokens.encode(PROMPT + RESPONSE), len(model.tokens.encode(PROMPT))
    more = lens.matrices.double() - torch.eye(32, dtype=torch.float64)
    expected = brute_force.tuned_divergences(
        reference, ids, first, more, torch.zeros(len(more), 32)
    )
    norm = bs.depth(model, PROMPT, RESPONSE).heatmap.values
    assert np.abs(expected - norm).max() > 0.01, "matrices that do nothing prove nothing"
    np.testing.assert_allclose(run.heatmap.values, expected, atol=2e-4)


def test_the_size_of_a_matrix_does_not_matter(llama: bs.LanguageModel, file: Path) -> None:
    lens = random_lens(llama)
    JacobianLens(lens.matrices * 8, lens.about).save(file, overwrite=True)
    small = file.with_name("small.safetensors")
    lens.save(small)
    one, other = (
        bs.depth(llama, PROMPT, RESPONSE, lens="jacobian", translators=path).heatmap.values
        for path in (file, small)
    )
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_every_way_of_asking_takes_it(file: Path, llama: bs.LanguageModel, tmp_path: Path) -> None:
    options: Any = {"lens": "jacobian", "translators": str(file)}
    run = bs.depth(llama, PROMPT, max_new_tokens=6, top_k=2, **options)
    quick = bs.settle(llama, PROMPT, max_new_tokens=6, **options)
    streamed = list(bs.stream(llama, PROMPT, max_new_tokens=6, **options))
    assert run.settling_depth.tolist() == quick.settling_depth.tolist()
    assert run.settling_depth.tolist() == [token.settling_depth for token in streamed]
    thought = bs.think(
        llama, PROMPT, settings=bs.ThinkSettings(n=2, prefix=4, max_new_tokens=4, **options)
    )
    origin = {"file": "lens.safetensors", "sha256": sha256(file)}
    for provenance in (run.heatmap.provenance, quick.provenance, thought.provenance):
        assert provenance["lens"] == "jacobian" and provenance["translators"] == origin
    for said in (bs.describe(run), bs.describe(quick)):
        assert "average effect on the last layer (the Jacobian lens)" in said
    fit = f"lens jacobian, translators {sha256(file)[:12]}"
    for said in (bs.describe(run, short=True), bs.describe(quick, short=True)):
        assert fit in said
    norm = bs.depth(llama, PROMPT, run.text, lens="norm")
    assert fit in bs.describe(bs.compare(run, norm))
    random_lens(llama, 0.5).save(tmp_path / "another.safetensors")
    again = bs.depth(llama, PROMPT, run.text, lens="jacobian",
                     translators=tmp_path / "another.safetensors")  # fmt: skip
    told = bs.describe(bs.compare(run, again))
    assert "differ in translators, so these are not the same measure" in told
    assert "by different conventions" in bs.describe(bs.compare(run, again), short=True)
    run.save(tmp_path / "run")
    bs.view(bs.open_run(tmp_path / "run"), tmp_path / "page.html")
    assert fit in (tmp_path / "page.html").read_text()
    bs.draw(run, tmp_path / "figure.svg")
    assert fit in (tmp_path / "figure.svg").read_text()


def test_a_lens_for_another_model_is_refused(file: Path) -> None:
    for other in ("mistral", "llama-36"):
        with pytest.raises(bs.InputError, match=r"was fitted for .* \(weights [0-9a-f]{12}\), not"):
            bs.depth(tiny(other), PROMPT, RESPONSE, lens="jacobian", translators=file)


def folded(model: Any) -> None:
    """Fold the final norm's weight into the unembedding, as some tools do on loading."""
    head, norm = model.lm_head, model.model.norm
    head.weight.mul_(norm.weight)
    norm.weight.fill_(1)


def turned(model: Any) -> None:
    """Write the residual stream in another basis: the embedding's signs are the other way round."""
    model.model.embed_tokens.weight.neg_()


@pytest.mark.parametrize("process", [folded, turned])
def test_weights_that_were_processed_after_loading_are_told_by_a_text(
    tmp_path: Path, process: Any
) -> None:
    def loaded(dtype: torch.dtype = torch.float32, processed: bool = False) -> bs.LanguageModel:
        model = random_model("llama", dtype)
        if processed:
            with torch.no_grad():
                process(model)
        return bs.LanguageModel(model, tiny("llama").tokens.tokenizer, {"sha256": "ab" * 32})

    path = tmp_path / "lens.safetensors"
    random_lens(loaded()).save(path)
    options: Any = {"lens": "jacobian", "translators": path}
    for dtype in (torch.float32, torch.bfloat16, torch.float64):
        assert bs.depth(loaded(dtype), PROMPT, RESPONSE, **options).heatmap.values.any()
    with pytest.raises(bs.InputError, match=r"other weights than .* a lens of their own"):
        bs.depth(loaded(processed=True), PROMPT, RESPONSE, **options)


def test_kinds_are_not_taken_for_one_another(file: Path, llama: bs.LanguageModel) -> None:
    with pytest.raises(bs.InputError, match="holds no tuned lens but a Jacobian lens"):
        bs.depth(llama, PROMPT, RESPONSE, lens="tuned", translators=file)
    with pytest.raises(bs.InputError, match=r"fitted \(tuned, jacobian\), not to 'norm'"):
        bs.depth(llama, PROMPT, RESPONSE, translators=file)
    with pytest.raises(bs.InputError, match="--kind jacobian"):
        bs.depth(llama, PROMPT, RESPONSE, lens="jacobian")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lens: (lens.matrices[:, :-1], lens.about), r"shape \(3, 32, 32\), not \(3, 31, 32"),
        (lambda lens: (lens.matrices / 0, lens.about), "not finite"),
        (lambda lens: (lens.matrices, lens.about | {"schema": 99}), "schema 99"),
        (lambda lens: (lens.matrices, lens.about | {"sample": {}}), "sample cannot be read"),
        (lambda lens: (lens.matrices, without(lens.about, "sample")), "sample cannot be read"),
        (
            lambda lens: (lens.matrices, lens.about | {"sample": {"ids": [], "readings": []}}),
            "sample cannot be read",
        ),
        (
            lambda lens: (lens.matrices, lens.about | {"sample": first_reading(lens.about)}),
            "readings of shape",
        ),
        (lambda lens: (lens.matrices, lens.about | {"schema": "2"}), "schema or model is none"),
        (lambda lens: (lens.matrices, lens.about | {"schema": None}), "schema or model is none"),
        (lambda lens: (lens.matrices, lens.about | {"model": "llama"}), "schema or model is none"),
        (lambda lens: (lens.matrices, lens.about | {"fit": [1]}), "how its passages begin"),
        (lambda lens: (lens.matrices, lens.about | {"fit": {"begins_with": "a"}}), "passages beg"),
        (lambda lens: (lens.matrices, lens.about | {"identity": 3}), "was fitted for"),
    ],
)
def test_a_damaged_lens_is_refused(
    file: Path, llama: bs.LanguageModel, change: Any, message: str
) -> None:
    JacobianLens(*change(random_lens(llama))).save(file, overwrite=True)
    with pytest.raises(bs.InputError, match=message):
        bs.depth(llama, PROMPT, RESPONSE, lens="jacobian", translators=file)


def without(about: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in about.items() if key != name}


def first_reading(about: dict[str, Any]) -> dict[str, Any]:
    """A sample with the reading of one layer, which numpy would compare with those of all."""
    sample: dict[str, Any] = about["sample"]
    return sample | {"readings": sample["readings"][:1]}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.int8, torch.float8_e4m3fn])
def test_a_lens_of_other_numbers_is_refused(
    file: Path, llama: bs.LanguageModel, dtype: torch.dtype
) -> None:
    with safe_open(file, framework="pt") as opened:
        said, matrices = opened.metadata(), opened.get_tensor("jacobian")
    save_file({"jacobian": matrices.to(dtype)}, file, metadata=said)
    with pytest.raises(bs.InputError, match="which bathyscope never writes"):
        bs.depth(llama, PROMPT, RESPONSE, lens="jacobian", translators=file)


def test_a_published_lens_is_not_read_as_it_is(file: Path, llama: bs.LanguageModel) -> None:
    torch.save({"J": {0: torch.eye(32)}}, file)
    with pytest.raises(bs.InputError, match="`bathyscope lens convert` takes over torch archives"):
        bs.depth(llama, PROMPT, RESPONSE, lens="jacobian", translators=file)


@pytest.mark.parametrize("kept", [0, 4, 200, -40])
def test_a_lens_that_was_cut_short_is_refused(
    file: Path, llama: bs.LanguageModel, kept: int
) -> None:
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(bs.InputError, match="damaged or no safetensors file"):
        bs.depth(llama, PROMPT, RESPONSE, lens="jacobian", translators=file)


def test_a_lens_that_was_changed_is_refused(file: Path, llama: bs.LanguageModel) -> None:
    content = bytearray(file.read_bytes())
    content[-8] ^= 1
    file.write_bytes(content)
    with pytest.raises(bs.InputError, match="changed after it was written"):
        bs.depth(llama, PROMPT, RESPONSE, lens="jacobian", translators=file)
    with pytest.raises(bs.InputError, match="exists already"):
        random_lens(llama).save(file)


def test_the_record_of_a_lens_is_plain_json(llama: bs.LanguageModel) -> None:
    json.dumps(random_lens(llama).about, allow_nan=False)
