"""Files that Captum and inseq made (`tests/tables/make.py`), and their numbers in memory."""

import base64
import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.tables.captum import captum_map
from bathyscope.tables.inseq import _from_8_bits, inseq_map
from bathyscope.tables.objects import from_object
from bathyscope.tables.tokens import token_labels

FILES = Path(__file__).parent / "files"
EXPECTED: dict[str, Any] = json.loads((FILES / "expected.json").read_text())

# How far the file itself is from the numbers in memory, by the precision it was asked for.
ROUNDING = {"inseq_half.json.gz": 2**-11, "inseq_8_bits.json": 2**-4, "inseq_granular.json": 1e-6}


@pytest.mark.parametrize("name", EXPECTED)
def test_their_numbers_are_read(name: str) -> None:
    table = bs.read_table(FILES / name)
    expected = np.array(EXPECTED[name], dtype=np.float64)
    rounding = ROUNDING.get(name, 0.0)
    np.testing.assert_allclose(table.values, expected, rtol=rounding, atol=rounding / 16)
    assert np.isnan(table.values).sum() == np.isnan(expected).sum()


def test_captum_tokens_and_features() -> None:
    table = bs.read_table(FILES / "captum_ablation.json")
    assert table.columns.labels == ("6 / 2 = 3", "3 + 4 = 7")
    assert table.rows.labels == ("", "8", "/", "", "2", "=", "", "4")
    assert table.quantity.neutral == 0.0
    tokens = bs.read_table(FILES / "captum_gradients.npz").columns
    assert "".join(tokens.labels) == "Café:⏎8▁/▁2▁="
    assert bs.read_table(FILES / "captum_sequence.json").rows.labels == ("whole continuation",)


def test_inseq_rows_are_generated_tokens() -> None:
    table = bs.read_table(FILES / "inseq.json")
    assert table.rows.labels == ("▁", "4", "é")
    assert table.columns.labels[-3:] == table.rows.labels
    assert table.columns.labels[2] == "é"
    assert table.rows.ids is not None and table.columns.ids is not None
    assert table.rows.ids == table.columns.ids[-3:]
    # a token owes nothing to itself or to what came later
    assert np.isnan(table.values[0, -3:]).all() and np.isfinite(table.values[0, :-3]).all()
    np.testing.assert_allclose(np.nansum(table.values, axis=1), 1, rtol=1e-6)


def test_an_encoder_decoder_lists_source_and_target() -> None:
    table = bs.read_table(FILES / "inseq_encoder_decoder.json")
    assert table.columns.labels == ("1", "2", "▁", "3", "<bos>", "4", "5")
    assert table.rows.labels == ("4", "5")


def test_numbers_of_8_bits_are_those_of_torch() -> None:
    codes = torch.arange(256, dtype=torch.uint8)
    expected = codes.view(torch.float8_e4m3fn).double().numpy()
    np.testing.assert_array_equal(_from_8_bits(codes.numpy()), expected)


def _damaged(change: Any) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(json.loads((FILES / "inseq.json").read_text()))
    change(document["attributes"]["sequence_attributions"][0]["attributes"])
    return document


def _cut(fields: dict[str, Any]) -> None:
    content = base64.b64decode(fields["target_attributions"])
    fields["target_attributions"] = base64.b64encode(content[:-4]).decode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.pop("target"), "'target'"),
        (lambda f: f.update(target=f["target"][:-1]), "do not fit values"),
        (lambda f: f.update(target_attributions="?"), "not base 64"),
        (lambda f: f.update(target_attributions=""), "damaged"),
        (lambda f: f.update(target_attributions=None), "damaged"),
        (lambda f: f.update(target_attributions=3), "damaged"),
        (lambda f: f.update(attr_pos_start="x"), "damaged"),
        (lambda f: f["target"][0].update(attributes=1), "damaged"),
        (_cut, "cut off"),
    ],
)
def test_damaged_files_of_inseq_are_refused(tmp_path: Path, change: Any, message: str) -> None:
    path = tmp_path / "i.json"
    path.write_text(json.dumps(_damaged(change)))
    with pytest.raises(bs.InputError, match=message):
        bs.read_table(path)


def test_several_sequences_are_refused() -> None:
    with pytest.raises(bs.InputError, match="split_sequences=True"):
        bs.read_table(FILES / "inseq_two_sequences.json")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"token_attr": [[1, 2], [3]]}, "no rectangle"),
        ({"token_attr": [[1, 2, 3]]}, "do not fit values"),
        ({"output_tokens": [1, 2]}, "no list of texts"),
        ({"token_attr": "x"}, "no rectangle"),
        ({"token_attr": [[True, 1.5]]}, "no rectangle"),
        ({"token_attr": [[1, 1e308]]}, "Rescale them"),
    ],
)
def test_damaged_fields_of_captum_are_refused(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    whole = {"input_tokens": ["a", "b"], "output_tokens": ["c"], "token_attr": [[1, 2]]}
    path = tmp_path / "c.json"
    path.write_text(json.dumps(whole | fields))
    with pytest.raises(bs.InputError, match=message):
        bs.read_table(path)


@pytest.mark.parametrize(
    ("inputs", "outputs", "columns", "rows"),
    [
        (["ĠCaf", "Ã©"], ["Ã", "©"], ("▁Caf", "é"), ("é 1/2", "é 2/2")),
        (["Caf", "Ã©"], ["Ġa"], ("Caf", "é"), ("▁a",)),
        (["9 + 3", "Ã©"], ["Ġa", "Ã©"], ("9 + 3", "Ã©"), ("▁a", "é")),
        (["é"], ["Ġa"], ("é",), ("▁a",)),
        (["Ã©"], ["Ã©"], ("Ã©",), ("Ã©",)),
    ],
)
def test_labels_of_captum_are_decided_over_both_lists(
    inputs: list[str], outputs: list[str], columns: tuple[str, ...], rows: tuple[str, ...]
) -> None:
    attributions = np.ones((len(outputs), len(inputs))).tolist()
    table = captum_map(
        {"input_tokens": inputs, "output_tokens": outputs, "token_attr": attributions}
    )
    assert (table.columns.labels, table.rows.labels) == (columns, rows)


def test_labels_of_inseq_are_decided_over_source_and_target() -> None:
    document = json.loads((FILES / "inseq_encoder_decoder.json").read_text())
    sequence = document["attributes"]["sequence_attributions"][0]["attributes"]
    for token, text in zip(sequence["source"], ["Ġ1", "2", "a", "3"], strict=True):
        token["attributes"]["token"] = text
    sequence["target"][1]["attributes"]["token"] = "Ã©"
    table = inseq_map(document)
    assert (table.columns.labels[0], table.rows.labels[0]) == ("▁1", "é")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_captums_own_object_is_read_as_its_file(dtype: torch.dtype) -> None:
    from captum.attr import LLMAttributionResult

    kept = json.loads((FILES / "captum_ablation.json").read_text())
    tensors = {
        name: torch.tensor(kept.pop(name), dtype=dtype) for name in ("seq_attr", "token_attr")
    }
    file = bs.read_table(FILES / "captum_ablation.json")
    table = from_object(LLMAttributionResult(**kept, **tensors))
    np.testing.assert_array_equal(table.values, tensors["token_attr"].double().numpy())
    assert (table.rows, table.columns) == (file.rows, file.columns)
    sequence = from_object(LLMAttributionResult(**kept, seq_attr=tensors["seq_attr"]))
    np.testing.assert_array_equal(sequence.values, tensors["seq_attr"].double().numpy()[None])


@pytest.mark.parametrize(
    ("tokens", "labels"),
    [
        (["Ġthe", "Ċ", "Ã", "©"], ("▁the", "⏎", "é 1/2", "é 2/2")),
        (["café", " x", "9 + 3 = 12", "\n", ""], ("café", "▁x", "9 + 3 = 12", "⏎", "")),
        (["▁the", "<0x0A>"], ("▁the", "<0x0A>")),
        (["Ġ中"], ("Ġ中",)),
    ],
)
def test_tokens_are_readable(tokens: list[str], labels: tuple[str, ...]) -> None:
    assert token_labels(tokens) == labels
