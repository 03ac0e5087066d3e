"""A figure's numbers come out again from what its file says, and whatever changed is noticed."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pytest
from typer.testing import CliRunner

import bathyscope as bs
from bathyscope.attribution.attribute import attribute_each
from bathyscope.cli.app import app
from bathyscope.model.language_model import LanguageModel
from bathyscope.prompt import Prompt
from bathyscope.render.figure.embedded_metadata import MAX_CELLS, Inscription, read_inscription
from bathyscope.runs.base import Run
from bathyscope.runs.table import as_run
from tests.conftest import byte_tokenizer, random_model, tiny

PROMPT = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\nQ: [[7 - 2]]\nA: [[5]] 8?\nA:")
MANY = bs.Prompt.marked(" ".join(f"[[{i}]]" for i in range(9)) + " sum:")
TABLE = Path(__file__).parent.parent / "figures" / "division.csv"


@cache
def model() -> LanguageModel:
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = "{% for m in messages %}<u>{{ m.content | trim }}</u>{% endfor %}A:"
    return LanguageModel(random_model("llama"), tokenizer)


def attributed(prompt: Prompt = PROMPT, target: str | None = " 00é", **settings: Any) -> Run:
    return bs.attribute(model(), prompt, target, **settings)


# One for each thing that the provenance has to keep.
QUESTIONS: dict[str, Callable[[], Run]] = {
    "shapley": attributed,
    "generated": lambda: attributed(target=None, max_new_tokens=4),
    "one of several": lambda: attribute_each(model(), PROMPT, [" 00", None], max_new_tokens=5)[1],
    "against": lambda: attributed(against=" 11"),
    "baseline and value": lambda: attributed(of="probability", baseline="?"),
    "chat": lambda: attributed(chat=True),
    "budget and seed": lambda: attributed(MANY, budget=120, seed=7),
    "tolerance": lambda: attributed(MANY, budget=300, tolerance=0.05),
    "batches": lambda: attributed(batch_tokens=16),
    "leave_one_out": lambda: attributed(method="leave_one_out"),
    "banzhaf": lambda: attributed(MANY, method="banzhaf", budget=120, seed=3),
    "surrogate": lambda: attributed(MANY, method="surrogate", budget=60, seed=2),
    "saliency": lambda: attributed(method="saliency"),
    "path": lambda: attributed(method="integrated_gradients", steps=5, path_from="mean"),
    "segmenter": lambda: attributed(
        Prompt.segmented("A cow:", "tokens", model().tokens.spans),
        method="leave_one_out",
        baseline="?",
    ),
    "interactions": lambda: bs.interact(model(), PROMPT, " 00"),
    "token": lambda: bs.interact(model(), PROMPT, " 00", token=1, of="logit"),
    "depth": lambda: bs.depth(model(), "Q: 8 + 5?\nA:", " 13", lens="raw", top_k=2),
    "settling": lambda: bs.settle(model(), "Q: 8 + 5?\nA:", " 13", lens="raw", threshold=0.3),
    "think": lambda: bs.think(
        model(), "8 + 5 =", n=3, prefix=9, max_new_tokens=6, seed=3, answer="regex:.", compare=True
    ),
    "layer statistic": lambda: as_run(
        bs.depth(model(), "Q: 8 + 5?\nA:", " 13", statistics=["entropy"]).layer_statistic("entropy")
    ),
    "depth of what is generated": lambda: bs.depth(
        model(), "Q: 8?\nA:", threshold=0.3, max_new_tokens=6
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_kept_whole(tmp_path: Path, name: str) -> None:
    run = QUESTIONS[name]()
    bs.draw(run, tmp_path / "f.png")
    run.save(tmp_path / "run")
    for path in (tmp_path / "f.png", tmp_path / "run"):
        again = bs.rerun(path, model())
        assert again.agrees() and again.differing == 0 and not again.others
        assert again.run.heatmap.rows == run.heatmap.rows and again.run.notes == run.notes
        assert again.run.heatmap.columns == run.heatmap.columns
        assert again.run.heatmap.quantity == run.heatmap.quantity


@pytest.mark.filterwarnings("ignore:No installed font")
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_all_formats_give_back_what_was_written(tmp_path: Path, ending: str) -> None:
    prompt = Prompt.marked('[[a "b" (c) \\ é 日]] <x> &amp; 😀:')
    run = bs.attribute(tiny("llama"), prompt, " ))(\\")
    bs.draw(run, tmp_path / f"f.{ending}")
    found = read_inscription(tmp_path / f"f.{ending}")
    assert found.provenance == json.loads(json.dumps(run.heatmap.provenance))
    np.testing.assert_array_equal(found.values, run.heatmap.values)
    assert found.kind == "attribution"


def test_a_change_is_noticed_and_measured(tmp_path: Path) -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00")
    values = run.heatmap.values.copy()
    values[1, 2] += 0.25
    bs.draw(replace(run, heatmap=replace(run.heatmap, values=values)), tmp_path / "f.png")
    found = bs.rerun(tmp_path / "f.png", tiny("llama"))
    assert not found.identical and (found.differing, found.place) == (1, (1, 2))
    assert found.largest == pytest.approx(0.25)
    assert not found.agrees() and not found.agrees(0.2) and found.agrees(0.3)


def test_other_numbers_of_a_run_count_too(tmp_path: Path) -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00")
    replace(run, all=run.all + 1e-9).save(tmp_path / "run")
    found = bs.rerun(tmp_path / "run", tiny("llama"))
    assert found.identical and found.others[0] == "all" and not found.agrees()


def test_large_maps_are_known_by_their_digest(tmp_path: Path) -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00")
    whole = Inscription.of(run)
    assert whole.values is not None
    table = bs.Heatmap(np.zeros((2, MAX_CELLS)), bs.Axis("r", ("a", "b")), _axis(), bs.Quantity(""))
    assert Inscription.of(table).values is None
    digest_only = json.loads(whole.to_text())
    digest_only["values"]["zlib_base64"] = None
    del digest_only["digest"]
    assert Inscription.from_text(json.dumps(digest_only)).digest == whole.digest


def _axis() -> bs.Axis:
    return bs.Axis("c", tuple(map(str, range(MAX_CELLS))))


def test_a_figure_whose_numbers_were_changed_is_refused(tmp_path: Path) -> None:
    text = Inscription.of(bs.attribute(tiny("llama"), PROMPT, " 00")).to_text()
    document = json.loads(text)
    document["values"]["sha256"] = "0" * 64
    with pytest.raises(ValueError, match="digest"):
        Inscription.from_text(json.dumps(document))


def invoke(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    return result.exit_code, result.stdout, result.stderr


def test_the_commands(tmp_path: Path, llama_folder: str) -> None:
    figure, run = tmp_path / "f.svg", tmp_path / "run"
    assert invoke("depth", "Q:", "--response", " 13", "-m", llama_folder, "-o", run)[0] == 0
    assert invoke("render", run, "-o", figure)[0] == 0
    assert invoke("rerun", figure)[:2] == (
        0, "The 9 numbers of the map come out the same, bit for bit.\n",
    )  # fmt: skip
    code, output, _ = invoke("provenance", figure, "--json")
    stored = json.loads((run / "run.json").read_text())["provenance"]
    assert code == 0 and json.loads(output)["provenance"] == stored
    for file in (run, figure):
        code, output, _ = invoke("provenance", file)
        assert code == 0 and 'lens "norm"' in " ".join(output.split())
    code, _, error = invoke("rerun", run, "-m", _other_model(tmp_path))
    assert code == 2 and "SHA-256" in error and "Traceback" not in error


def _other_model(folder: Path) -> Path:
    random_model("gpt2").save_pretrained(folder / "other")
    byte_tokenizer().save_pretrained(folder / "other")
    return folder / "other"


def test_numbers_that_differ_end_with_exit_code_1(tmp_path: Path, llama_folder: str) -> None:
    run = bs.depth(bs.load(llama_folder), "Q:", " 13")
    values = run.heatmap.values.copy()
    values[0, 1] -= 0.125
    bs.draw(replace(run, heatmap=replace(run.heatmap, values=values)), tmp_path / "f.pdf")
    code, output, _ = invoke("rerun", tmp_path / "f.pdf")
    assert code == 1
    assert output.startswith("1 of the 9 numbers of the map differ, by at most 0.12 bits at “1” ×")
    assert invoke("rerun", tmp_path / "f.pdf", "--tolerance", "0.2")[0] == 0


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_what_is_no_figure_of_a_model_is_refused_in_a_sentence(tmp_path: Path, ending: str) -> None:
    foreign, table = tmp_path / f"foreign.{ending}", tmp_path / f"table.{ending}"
    foreign.write_bytes(b"%PDF-1.4 <svg/> \x89PNG")
    bs.draw(bs.read_table(TABLE), table)
    for path, words in (
        (foreign, "cannot be read|no provenance"),
        (table, "plain table"),
        (tmp_path / "no.png", "There is no"),
        (TABLE, "no provenance"),
    ):
        with pytest.raises(bs.InputError, match=words):
            bs.rerun(path, tiny("llama"))
    assert invoke("rerun", table)[0] == 2
    assert invoke("provenance", table)[0] == 0


def test_what_an_older_bathyscope_did_not_keep_is_named(tmp_path: Path) -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00")
    kept = {key: value for key, value in run.heatmap.provenance.items() if key != "targets"}
    bs.draw(replace(run, heatmap=replace(run.heatmap, provenance=kept)), tmp_path / "f.png")
    with pytest.raises(bs.InputError, match="'targets'"):
        bs.rerun(tmp_path / "f.png", tiny("llama"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threads", True),
        ("threads", 0),
        ("seed", -1),
        ("versions", []),
        ("prompt", 3),
        ("model", 1),
    ],
)
def test_what_an_older_figure_says_must_be_as_published(
    tmp_path: Path, name: str, value: Any
) -> None:
    """Older figures have no digest: the schema of runs is held against what they say."""
    run = bs.attribute(tiny("llama"), PROMPT, " 00")
    document = json.loads(Inscription.of(run).to_text())
    del document["digest"]
    figure = tmp_path / "f.svg"
    figure.write_text(_svg(document))
    assert bs.rerun(figure, tiny("llama")).agrees(), "an older figure is computed again"
    document["provenance"][name] = value
    figure.write_text(_svg(document))
    with pytest.raises(bs.InputError, match=f"does not say .*provenance.{name} is"):
        bs.rerun(figure, tiny("llama"))
    assert invoke("rerun", figure)[0] == 2


def _svg(document: dict[str, Any]) -> str:
    said = escape(json.dumps(document))
    name = "http://purl.org/dc/elements/1.1/"
    return f'<svg xmlns:dc="{name}"><dc:description>{said}</dc:description></svg>'


@pytest.mark.real
def test_figures_of_the_embedded_model_come_out_bit_for_bit(
    smollm: LanguageModel, tmp_path: Path
) -> None:
    prompt = bs.Prompt.marked("Q: 6, 2 each?\nA: [[6 / 2]].\nQ: 3 and 4?\nA: [[3 + 4]].\nA:")
    runs: list[Run] = [
        bs.attribute(smollm, prompt, " 8 / 2"),
        bs.attribute(smollm, prompt, " 8", method="input_x_gradient"),
        bs.interact(smollm, prompt, " 8"),
        bs.depth(smollm, "Q: 8 + 5?\nA:", max_new_tokens=3, top_k=1),
    ]
    for run, ending in zip(runs, ("png", "svg", "pdf", "png"), strict=True):
        path = tmp_path / f"{run.kind}.{ending}"
        bs.draw(run, path)
        anew = run is runs[0]  # once the model that the figure names is loaded from its file
        found = bs.rerun(path, None if anew else smollm)
        assert found.identical and found.agrees(), run.kind


def test_the_record_in_a_figure_is_as_it_was_written(tmp_path: Path) -> None:
    run = bs.attribute(tiny("llama"), "[[a]] [[b]]", " c")
    written = Inscription.of(run).to_text()
    assert Inscription.from_text(written).to_text() == written
    document = json.loads(written)
    document["provenance"]["prompt"] += "!"
    with pytest.raises(ValueError, match="changed after it was written"):
        Inscription.from_text(json.dumps(document))
    del document["digest"]  # as figures of before there were digests
    assert Inscription.from_text(json.dumps(document)).provenance["prompt"].endswith("!")


def test_a_sampled_map_of_an_earlier_version_is_refused_in_a_sentence() -> None:
    """Its seed gives other samples today: to call that a difference would accuse the map."""
    kept = Path(__file__).parents[1] / "kept_runs" / "schema-1" / "attribution-sampled"
    with pytest.raises(bs.InputError, match="older bathyscope, which drew other sets of features"):
        bs.rerun(kept, tiny("llama"))
    made = attributed(MANY, budget=120).heatmap.provenance["method"]
    assert made["draws"] == "designed pairs" and not made["exact"]
    assert attributed(MANY, budget=4096).heatmap.provenance["method"]["draws"] is None
