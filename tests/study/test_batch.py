"""Studies go on with the model that began them, and with no other."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.core.errors import ModelError
from bathyscope.model.loading import identity
from bathyscope.model.placing import FEW_BITS
from bathyscope.study.batch import _telling
from bathyscope.study.store import open_study
from tests.conftest import byte_tokenizer
from tests.families import random_model

RECORDS = [{"id": "one", "prompt": "[[a]] b", "target": " c"}]
SETTINGS = bs.BatchSettings(attribution=bs.AttributionSettings())


def in_memory(scale: float, **provenance: Any) -> bs.LanguageModel:
    model = random_model("llama")
    model.model.layers[1].mlp.up_proj.weight.data.mul_(scale)
    return bs.LanguageModel(model, byte_tokenizer(), provenance)


def test_models_of_one_name_are_told_by_their_weights(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    assert bs.batch(RECORDS, folder, settings=SETTINGS, model=in_memory(1.0)).computed == 1
    assert bs.batch(RECORDS, folder, settings=SETTINGS, model=in_memory(1.0)).kept == 1
    with pytest.raises(bs.InputError, match=r"begun otherwise: model\.identity is 'weights:"):
        bs.batch(RECORDS, folder, settings=SETTINGS, model=in_memory(1.5))


def test_weights_of_one_file_kept_in_other_bits_are_another_model(
    llama_folder: str, tmp_path: Path
) -> None:
    dtypes = ["float32", "bfloat16"]
    dtypes += [dtype for dtype, kept in FEW_BITS.items() if find_spec(kept.package)]
    told = [_telling(identity(llama_folder, dtype=dtype)) for dtype in dtypes]
    assert len({tuple(sorted(one.items())) for one in told}) == len(dtypes)
    spread = _telling(identity(llama_folder, device="auto"))
    assert spread == told[0], "where weights lie rounds otherwise, and is not asked"
    folder = tmp_path / "study"
    of = {"sha256": "ab" * 32, "name": "one"}
    few, fewer = (in_memory(1.0, **of, weights=dtype) for dtype in ("int8", "int4"))
    bs.batch(RECORDS, folder, settings=SETTINGS, model=few)
    with pytest.raises(bs.InputError, match=r"model\.weights is 'int8' there and 'int4' here"):
        bs.batch(RECORDS, folder, settings=SETTINGS, model=fewer)
    with pytest.raises(ModelError, match="with weights int8, not by one with weights int4"):
        open_study(folder).require_model(fewer.provenance)
