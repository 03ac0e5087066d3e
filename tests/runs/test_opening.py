"""Runs that contradict themselves or whose files do not belong together are refused."""

import json
import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import bathyscope as bs
from bathyscope.attribution.attribute import interact
from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.runs.base import Run
from bathyscope.runs.schema import NotAsPublished, require_published
from tests.conftest import tiny

PROMPT = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\nQ: 5?\nA:")
SUMS = bs.Prompt.marked("".join(f"[[{i}]]+" for i in range(9)))

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    return {
        "attribution": bs.attribute(tiny("llama"), PROMPT, " 00"),
        "sampled": bs.attribute(tiny("llama"), SUMS, " 0", budget=150),
        "interactions": interact(tiny("llama"), PROMPT, " 00"),
        "depth": bs.depth(tiny("llama"), PROMPT.text, " 00é", top_k=2),
        "faithfulness": bs.evaluate(tiny("llama"), PROMPT, " 00", methods=["shapley"]),
    }


def unsealed(run: Run, folder: Path, change: Change = lambda document: None) -> Path:
    """Save a run as an earlier version would have, with a change in its document."""
    run.save(folder / "run")
    document = json.loads((folder / "run" / "run.json").read_text())
    del document["digest"]
    change(document)
    (folder / "run" / "run.json").write_text(json.dumps(document))
    arrays = load_file(folder / "run" / "arrays.safetensors")
    save_file(arrays, folder / "run" / "arrays.safetensors")
    return folder / "run"


KINDS = ["attribution", "sampled", "interactions", "depth", "faithfulness"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_of_an_earlier_version_opens(runs: dict[str, Run], kind: str, tmp_path: Path) -> None:
    again = bs.open_run(unsealed(runs[kind], tmp_path))
    assert again.to_document() == runs[kind].to_document()


@pytest.mark.parametrize("kind", KINDS)
def test_run_json_alone_is_a_run_and_says_so(
    runs: dict[str, Run], kind: str, tmp_path: Path
) -> None:
    runs[kind].save(tmp_path / "run")
    (tmp_path / "run" / "arrays.safetensors").unlink()
    again = bs.open_run(tmp_path / "run")
    assert any("run.json's alone" in note for note in again.notes)
    np.testing.assert_array_equal(again.heatmap.values, runs[kind].heatmap.values)


CONTRADICTIONS: list[tuple[str, Change, str]] = [
    ("depth", lambda d: d.update(deep_thinking_ratio=0.75), "deep_thinking_ratio"),
    ("depth", lambda d: d.update(deep_thinking_ratio=7.5), "at most 1"),
    (
        "depth",
        lambda d: d["settling_depth"].__setitem__(0, 3 - d["settling_depth"][0]),
        "settling_depth",
    ),
    ("depth", lambda d: d["settling_depth"].__setitem__(0, True), "not integer"),
    ("depth", lambda d: d["provenance"].update(threshold=0.1), "settling_depth"),
    ("depth", lambda d: d["provenance"].update(deep_layer=1), "deep_layer"),
    ("depth", lambda d: d["provenance"].update(lens=3), "lens is 3, not string"),
    ("depth", lambda d: d["heatmap"]["quantity"].update(bounds=[0, 9]), "bounds 0 and 1"),
    ("depth", lambda d: d["heatmap"]["rows"]["labels"].reverse(), "layers from 1"),
    ("depth", lambda d: d["readings"]["probability"][0].__setitem__(0, 1.5), "at most 1"),
    ("depth", lambda d: d["readings"]["entropy"][0].__setitem__(0, 0.1), "'entropy' is not"),
    ("attribution", lambda d: d["gap"].__setitem__(0, 0.5), "gap is not what follows"),
    ("attribution", lambda d: d["all"].__setitem__(0, -9.0), "gap is not what follows"),
    ("attribution", lambda d: d["whole_target"].update(all=-1), "whole_target.all"),
    ("attribution", lambda d: d["whole_target"].update(gap=1), "whole_target.gap"),
    ("attribution", lambda d: d["whole_target"]["values"].reverse(), "whole_target.values"),
    ("attribution", lambda d: d["heatmap"]["values"].reverse(), "whole_target|gap"),
    ("attribution", lambda d: d["heatmap"]["values"][0].__setitem__(0, True), "True"),
    ("attribution", lambda d: d["heatmap"]["values"][0].__setitem__(0, "1"), "'1'"),
    ("attribution", lambda d: d["heatmap"]["rows"]["ids"].__setitem__(0, 1.5), "not integer"),
    ("attribution", lambda d: d["provenance"].update(threads=0), "threads is 0, not at least 1"),
    ("attribution", lambda d: d["provenance"].update(threads=10**30), "at most 65536"),
    ("attribution", lambda d: d["provenance"].update(threads=True), "threads is True"),
    ("attribution", lambda d: d["provenance"].update(target_index=1), "none of the targets"),
    ("attribution", lambda d: d["provenance"].update(given=None), "contradict"),
    ("attribution", lambda d: d["provenance"].update(seed=-1), "seed is -1"),
    ("attribution", lambda d: d["provenance"]["method"].update(budget=0), "budget is 0"),
    ("attribution", lambda d: d["provenance"]["method"].update(of="joy"), "one of logprob"),
    ("attribution", lambda d: d["provenance"]["method"].update(exact=False), "exact"),
    ("attribution", lambda d: d["provenance"]["model"].update(name=3), "model.name is 3"),
    ("attribution", lambda d: d["provenance"]["versions"].update(torch=2), "versions.torch"),
    ("attribution", lambda d: d.update(degrees_of_freedom=4), "belong together"),
    ("sampled", lambda d: d.update(degrees_of_freedom=0), "at least 1"),
    ("sampled", lambda d: d.update(degrees_of_freedom=2.0), "degrees_of_freedom is 2.0"),
    ("sampled", lambda d: d["standard_error"][0].__setitem__(0, -0.1), "-0.1, not at least 0"),
    ("sampled", lambda d: d["standard_error"][0].__setitem__(0, 0.1), "'standard_error' is not"),
    ("sampled", lambda d: d["whole_target"]["standard_error"].__setitem__(0, -1), "at least 0"),
    ("sampled", lambda d: d["whole_target"].update(standard_error=None), "not for both"),
    ("interactions", lambda d: d["heatmap"]["values"][0].__setitem__(1, 5.0), "heatmap.values"),
    ("interactions", lambda d: d["heatmap"]["rows"]["labels"].reverse(), "same features"),
    ("faithfulness", lambda d: d["maps"][0].update(area=3.0), "maps.area"),
    ("faithfulness", lambda d: d["maps"][0].update(half_agreement=-2), "at least -1"),
    ("faithfulness", lambda d: d["random"].update(comprehensiveness=3.0), "random.compr"),
]


@pytest.mark.parametrize(
    ("kind", "change", "message"), CONTRADICTIONS, ids=[c[2] for c in CONTRADICTIONS]
)
def test_what_contradicts_itself_is_refused(
    runs: dict[str, Run], kind: str, change: Change, message: str, tmp_path: Path
) -> None:
    run = unsealed(runs[kind], tmp_path, change)
    with pytest.raises(bs.InputError, match=message) as caught:
        bs.open_run(run)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"seed": null', '"seed": null, "seed": null'),
        ('"seed": null', '"seed": NaN'),
        ('"seed": null', '"seed": 1e999'),
        ('"seed": null', '"seed": null, "x": "\\ud800"'),
    ],
)
def test_what_is_said_twice_or_is_no_text_or_number(
    runs: dict[str, Run], old: str, new: str, tmp_path: Path
) -> None:
    path = unsealed(runs["attribution"], tmp_path) / "run.json"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    with pytest.raises(bs.InputError, match="not as it was written"):
        bs.open_run(path.parent)


@pytest.mark.parametrize("kind", KINDS)
def test_a_digest_ties_both_files(runs: dict[str, Run], kind: str, tmp_path: Path) -> None:
    run, path = runs[kind], tmp_path / "run"
    run.save(path)
    text = (path / "run.json").read_text()
    (path / "run.json").write_text(text.replace('"chat": false', '"chat": true') + " ")
    if "chat" in run.heatmap.provenance:
        with pytest.raises(bs.InputError, match="the digest is another"):
            bs.open_run(path)
    (path / "run.json").write_text(text)
    bs.open_run(path)
    arrays = load_file(path / "arrays.safetensors")
    shutil.copy(path / "arrays.safetensors", tmp_path / "kept")
    arrays["values"] = arrays["values"] + 1e-9
    save_file(arrays, path / "arrays.safetensors")
    with pytest.raises(bs.InputError, match="digests in it are not"):
        bs.open_run(path)
    unsealed_document = json.loads(text)
    del unsealed_document["digest"]
    unsealed_document["provenance"]["tokenizer"] = "another"
    (path / "run.json").write_text(json.dumps(unsealed_document))
    shutil.copy(tmp_path / "kept", path / "arrays.safetensors")
    with pytest.raises(bs.InputError, match="digests in it are not"):
        bs.open_run(path)


def test_numbers_that_differ_between_both_files(runs: dict[str, Run], tmp_path: Path) -> None:
    path = unsealed(runs["sampled"], tmp_path)
    arrays = load_file(path / "arrays.safetensors")
    known = {name for name, array in arrays.items() if np.isfinite(array).any()}
    assert {"values", "all", "none", "standard_error", "halves"} <= known
    for name in known - {"replicates", "gap"}:
        other = {**arrays, name: arrays[name] * 1.0000001 + 1e-9}
        save_file(other, path / "arrays.safetensors")
        with pytest.raises(bs.InputError, match=f"'{name}' is not the same"):
            bs.open_run(path)
    save_file({"values": arrays["values"]}, path / "arrays.safetensors")
    with pytest.raises(bs.InputError, match="do not hold the same"):
        bs.open_run(path)


def test_the_scores_of_a_run_are_read_as_it_wrote_them(
    runs: dict[str, Run], tmp_path: Path
) -> None:
    runs["attribution"].save(tmp_path / "run")
    scores = tmp_path / "run" / "scores.csv"
    table = bs.open_map(scores)
    assert isinstance(table, bs.Heatmap)
    np.testing.assert_array_equal(table.values, runs["attribution"].heatmap.values)
    scores.write_text(scores.read_text().replace("-0.", "-1.", 1))
    for read in (bs.open_map, bs.read_table):
        with pytest.raises(bs.InputError, match="not as the run beside it was saved"):
            read(scores)
    shutil.copy(scores, tmp_path / "mine.csv")
    assert isinstance(bs.open_map(tmp_path / "mine.csv"), bs.Heatmap)


@pytest.mark.parametrize("kind", KINDS)
def test_the_check_agrees_with_an_independent_reader_of_schemas(
    runs: dict[str, Run], kind: str
) -> None:
    text = resources.files("bathyscope.runs").joinpath("run.schema.json").read_text()
    independent = jsonschema.Draft202012Validator(json.loads(text))
    whole = json.dumps(runs[kind].to_document())
    independent.validate(json.loads(whole))
    require_published(json.loads(whole))
    document = json.loads(whole)
    refused = 0
    for holder in (document, document["heatmap"], document["provenance"]):
        for name, before in list(holder.items()):
            values: list[Any] = [None, True, 3, -1, 0.5, "x", [], [1], [[None]], {}]
            for value in values:
                holder[name] = value
                try:
                    require_published(document)
                    ours = True
                except NotAsPublished:
                    ours = False
                assert ours == independent.is_valid(document), (name, value)
                refused += not ours
            holder[name] = before
    assert refused > 100


def test_gradients_are_runs_too(tmp_path: Path) -> None:
    for method in GRADIENT_METHODS:
        run = bs.attribute(tiny("llama"), PROMPT, " 00", method=method, steps=3)
        run.save(tmp_path / method)
        assert bs.open_run(tmp_path / method).to_document() == run.to_document()


def test_a_run_saved_again_is_the_same_to_the_byte(runs: dict[str, Run], tmp_path: Path) -> None:
    """The order of what is said beside the arrays is not left to chance."""
    for number in range(12):
        runs["attribution"].save(tmp_path / str(number))
    files = [path.read_bytes() for path in tmp_path.glob("*/arrays.safetensors")]
    assert len(files) == 12 and len(set(files)) == 1
