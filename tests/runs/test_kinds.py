"""Every kind of run that is registered goes through every door."""

import copy
import json
import re
import sys
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar, Self

import jsonschema
import numpy as np
import pytest
from rich.console import Console

import bathyscope as bs
from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from bathyscope.render.terminal.table import table as terminal_table
from bathyscope.runs.base import Run
from bathyscope.runs.opening import RUN_KINDS, RunKind
from bathyscope.runs.settling import SettlingRun
from bathyscope.runs.table import TableRun
from bathyscope.runs.think import Sample, ThinkRun
from tests.comparison.maps import attribution, depth, provenance, table
from tests.runs.test_depth_groups import run_of as depth_of_sentences

KEPT = Path(__file__).parent.parent / "kept_runs" / "schema-1"


def _settling() -> Run:
    origin = provenance(lens="norm", threshold=0.5, depth_fraction=0.85, deep_layer=3)
    tokens = Axis("response token", ("x", "x"), (1, 1))
    return SettlingRun.of(tokens, np.array([1, 3]), 0.5, origin)


def _think() -> Run:
    settings = bs.ThinkSettings(n=3, prefix=2, keep=0.5, compare=True).to_document()
    origin = provenance(lens="norm", settings=settings, num_layers=4, deep_layer=4, threads=1)
    samples = (
        Sample(1.0, True, True, 1, "<b>", "1\x1b[31m"),
        Sample(0.5, True, True, 7, "two", "2"),
        Sample(0.0, False, True, 3, "none", None),
    )
    depths = [np.array([4]), np.array([4, 1]), np.array([2, 3])]
    return ThinkRun.of(depths, samples, 1.5, 2.5, origin)


def _comparison() -> Run:
    error = np.array([[0.1, 0.2]])
    a = attribution([[1.0, 2.0]], error=error, freedom=9, seed=1)
    return bs.compare(a, attribution([[1.5, -2.0]], error=error, freedom=20, seed=2))


SAMPLES = {
    "attribution": lambda: bs.open_run(KEPT / "attribution-sampled"),
    "interactions": lambda: bs.open_run(KEPT / "interactions"),
    "depth": lambda: bs.open_run(KEPT / "depth-readings"),
    "faithfulness": lambda: bs.open_run(KEPT / "faithfulness"),
    "settling": _settling,
    "think": _think,
    "comparison": _comparison,
    "chain": lambda: bs.open_run(KEPT / "chain"),
    "depth_groups": lambda: bs.group_depths(depth_of_sentences(), "sentence"),
    "table": lambda: TableRun(table([[1.0, -2.0], [3.0, 4.0]])),
}


def test_every_registered_kind_has_a_sample_here() -> None:
    assert set(SAMPLES) == set(RUN_KINDS)


def _printed(run: Any) -> str:
    console = Console(width=200, record=True, file=StringIO())
    console.print(terminal_table(run))
    return console.export_text()


def _through_every_door(run: Run, folder: Path) -> None:
    run.save(folder / "run")
    opened = bs.open_run(folder / "run")
    assert type(opened) is type(run) and opened.to_document() == run.to_document()
    run.save(folder / "run", overwrite=True)
    first = bs.describe(opened).splitlines()[0]
    assert first.startswith("# ") and len(bs.describe(opened, "text")) > 100
    assert json.loads(bs.describe(opened, "json"))["schema"] == 1
    for ending in (".png", ".svg"):
        assert bs.draw(opened, folder / f"figure{ending}")[0].stat().st_size > 1000
    assert len(bs.figure(opened).axes) >= 1
    bs.view(opened, folder / "page.html")
    assert opened.heatmap.columns.labels[0] in (folder / "page.html").read_text("utf-8")
    shown = _printed(opened)
    assert "\x1b" not in shown
    assert len(shown.splitlines()) > 3
    html = opened._repr_html_()
    assert html is not None and html.startswith("<iframe")
    frame = opened.to_frame()
    assert frame.shape == opened.heatmap.values.shape
    assert [*frame.columns] == list(opened.heatmap.columns.labels)
    assert np.array_equal(frame.to_numpy(), opened.heatmap.values, equal_nan=True)
    assert "\n" not in repr(opened) and type(run).__name__ in repr(opened)
    for name in ("notes", "prompt", "text", "margin", "evidence", "readings", "settling_depth"):
        getattr(opened, name)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_kind_goes_through_every_door(kind: str, tmp_path: Path) -> None:
    run = SAMPLES[kind]()
    assert run.kind == kind
    _through_every_door(run, tmp_path)


@pytest.mark.parametrize("kind", SAMPLES)
def test_what_is_written_is_as_the_schema_says(kind: str) -> None:
    schema = json.loads((Path(bs.__file__).parent / "runs" / "run.schema.json").read_text("utf-8"))
    document = json.loads(json.dumps(SAMPLES[kind]().to_document()))
    jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize("kind", SAMPLES)
def test_what_a_file_has_a_run_has_by_the_same_name(kind: str) -> None:
    run = SAMPLES[kind]()
    document = run.to_document()
    names = [name for name in document if name not in ("schema", "digest")]
    assert [name for name in names if not hasattr(run, name)] == []
    for name in names:
        own = getattr(run, name)
        if isinstance(document[name], int | float | str | None) and not callable(own):
            assert own == document[name], name


def test_saving_over_something_is_refused_in_the_words_of_python(tmp_path: Path) -> None:
    run = SAMPLES["table"]()
    run.save(tmp_path / "run")
    with pytest.raises(bs.InputError, match=r"exists already; add overwrite=True or") as refused:
        run.save(tmp_path / "run")
    assert "--" not in str(refused.value)
    (tmp_path / "run" / "theirs.txt").write_text("x")
    with pytest.raises(bs.InputError, match="not written by bathyscope") as refused:
        run.save(tmp_path / "run", overwrite=True)
    assert "--" not in str(refused.value)


class Foreign(Run):
    """A kind as another package may bring it: a map, and one number of its own."""

    kind: ClassVar[str] = "foreign"

    def __init__(self, heatmap: Heatmap, number: int) -> None:
        self.heatmap, self.number = heatmap, number

    def particulars(self) -> dict[str, Any]:
        return {"number": self.number}

    @classmethod
    def from_document(cls, document: Any, heatmap: Heatmap, arrays: Any) -> Self:
        return cls(heatmap, document["number"])


def _foreign() -> Foreign:
    return Foreign(table([[1.0, 2.0]], quantity=Quantity("weight")), 7)


def test_a_kind_of_another_package_needs_no_more_than_its_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RUN_KINDS._known, "foreign", RunKind(Foreign))
    _through_every_door(_foreign(), tmp_path)
    opened = bs.open_run(tmp_path / "run")
    assert isinstance(opened, Foreign) and opened.number == 7
    assert bs.compare(opened, opened).difference is not None


def test_an_unknown_kind_in_a_file_is_one_sentence(tmp_path: Path) -> None:
    _foreign().save(tmp_path / "run")
    with pytest.raises(bs.InputError, match=r"unknown kind: 'foreign'.*install the package"):
        bs.open_run(tmp_path / "run")


def test_a_map_is_a_table_and_anything_else_is_refused() -> None:
    plain = table([[1.0, 2.0]])
    assert "row" in _printed(plain)
    for door in (bs.describe, bs.figure, _printed):
        with pytest.raises(bs.InputError, match="A dict is no result"):
            door({})  # type: ignore[arg-type]


def test_without_pandas_a_frame_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(bs.InputError, match="needs pandas"):
        TableRun(table([[1.0]])).to_frame()


def test_the_text_that_a_run_is_of() -> None:
    run = depth([[0.5, 0.5]], ["x", "y"], [1, 1])
    assert (run.prompt, run.text) == ("p", "t")
    plain = TableRun(table([[1.0]]))
    assert (plain.prompt, plain.text, plain.notes) == (None, None, ())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("settling_depth",), [1, 2]),
        (("deep_thinking_ratio",), 0.75),
        (("tokens", "ids"), [1, 2]),
        (("provenance",), {}),
    ],
)
def test_settling_depths_that_contradict_themselves_are_refused(
    path: tuple[str, ...], value: Any, tmp_path: Path
) -> None:
    from bathyscope.runs.folder import sealed

    run = _settling()
    run.save(tmp_path / "run")
    document = run.to_document()
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    assert inner[path[-1]] != value
    inner[path[-1]] = value
    (tmp_path / "run" / "arrays.safetensors").unlink()
    (tmp_path / "run" / "run.json").write_text(json.dumps(sealed(document)))
    with pytest.raises(bs.InputError, match="damaged"):
        bs.open_run(tmp_path / "run")


@pytest.mark.parametrize("changed", ["beside", "interval"])
def test_a_chain_that_contradicts_itself_is_refused(changed: str, tmp_path: Path) -> None:
    from bathyscope.runs.folder import sealed

    kept = Path(__file__).parents[1] / "kept_runs" / "schema-1" / "chain" / "run.json"
    document = json.loads(kept.read_text("utf-8"))
    assert document["low"] is None
    if changed == "beside":
        document["beside"]["leave_one_out"]["values"][0][-1] = 5.0
    else:
        ones = np.ones_like(document["heatmap"]["values"], dtype=float)
        document |= {"low": ones.tolist(), "high": (0 * ones).tolist()}
    (tmp_path / "run.json").write_text(json.dumps(sealed(document)), encoding="utf-8")
    said = {"beside": "beside.leave_one_out a step owes", "interval": "low does not belong"}
    with pytest.raises(bs.InputError, match=said[changed]):
        bs.open_run(tmp_path)


def test_a_comparison_without_a_difference_shows_no_number(tmp_path: Path) -> None:
    a, b = attribution([[1.25, 2.5]], "x", "ab"), attribution([[7.75]], "y", "c")
    found = bs.compare(a, b)
    assert found.difference is None and np.isnan(found.heatmap.values).all()
    assert repr(found) == "<Comparison: no difference of 1 × 2 and 1 × 1>"
    _through_every_door(found, tmp_path)
    opened = bs.open_run(tmp_path / "run")
    assert isinstance(opened, bs.Comparison) and opened.difference is None
    assert np.isnan(opened.to_frame().to_numpy()).all()
    assert "no difference" in _printed(opened) and not re.search(r"\d\.\d", _printed(opened))
    (held,) = re.findall(
        r'id="data">(.*?)</script>', (tmp_path / "page.html").read_text("utf-8"), re.S
    )
    assert [one["name"] for one in json.loads(held)["maps"]] == ["map 1 A", "map 1 B"]


def test_what_a_comparison_says_beside_its_runs_must_follow_from_them(tmp_path: Path) -> None:
    from bathyscope.runs.folder import sealed

    document = _comparison().to_document()
    for path, value in (
        (("rank_correlation",), 0.5),
        (("one_scale",), False),
        (("rows", "pairs"), []),
        (("cells", "margin"), [[0.0, 0.0]]),
        (("heatmap", "values"), [[0.5, 4.0]]),
        (("a", "provenance", "seed"), 7),
        (("b",), {**document, "digest": document["digest"]}),
        (("a", "kind"), "nonsense"),
    ):
        changed = copy.deepcopy(document)
        inner: Any = changed
        for name in path[:-1]:
            inner = inner[name]
        assert inner[path[-1]] != value
        inner[path[-1]] = value
        (tmp_path / "run.json").write_text(json.dumps(sealed(changed)))
        with pytest.raises(bs.InputError, match="damaged"):
            bs.open_run(tmp_path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("answer",), "2"),
        (("cost", "tokens"), 9),
        (("all_cost",), None),
        (("samples", 0, "deep_thinking_ratio"), 0.5),
        (("samples", 0, "kept"), False),
        (("samples", 2, "finished"), False),
        (("samples", 1, "tokens"), 1),
        (("provenance", "num_layers"), 5),
        (("provenance", "settings", "n"), 4),
        (("heatmap", "values", 0, 0), 1.0),
    ],
)
def test_samples_that_contradict_themselves_are_refused(
    path: tuple[Any, ...], value: Any, tmp_path: Path
) -> None:
    from bathyscope.runs.folder import sealed

    document = json.loads(json.dumps(_think().to_document()))
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    assert inner[path[-1]] != value
    inner[path[-1]] = value
    (tmp_path / "run.json").write_text(json.dumps(sealed(document)))
    with pytest.raises(bs.InputError, match="damaged"):
        bs.open_run(tmp_path)


def test_runs_of_think_are_not_subtracted() -> None:
    with pytest.raises(bs.InputError, match="every sample is a text of its own"):
        bs.compare(_think(), _think())


def test_settling_depths_compare_only_in_models_of_as_many_layers() -> None:
    def run(**origin: Any) -> Run:
        said = provenance(lens="norm", threshold=0.5, depth_fraction=0.85, deep_layer=3, **origin)
        tokens = Axis("response token", ("x", "y"), (1, 2))
        return SettlingRun.of(tokens, np.array([1, 3]), 0.5, said)

    same = bs.compare(run(num_layers=3), run(num_layers=3))
    assert same.settling is not None and same.difference is not None
    for other in (run(), run(num_layers=4)):
        found = bs.compare(run(num_layers=3), other)
        assert found.settling is None and found.difference is None
        assert "layers" in bs.describe(found)


@pytest.mark.parametrize(
    ("value", "what"), [(np.array([1.0]), "a ndarray"), (float("nan"), "nan"), ({1: 2}, "a dict")]
)
def test_provenance_that_no_file_can_hold_is_one_sentence(
    value: Any, what: str, tmp_path: Path
) -> None:
    heatmap = table([[1.0]])
    run = TableRun(
        Heatmap(heatmap.values, heatmap.rows, heatmap.columns, heatmap.quantity, {"x": [value]})
    )
    for use in (lambda: run.save(tmp_path / "run"), lambda: bs.draw(run, tmp_path / "f.png")):
        with pytest.raises(bs.InputError, match=rf"provenance\.x\[0\] is {what}"):
            use()
    assert list(tmp_path.iterdir()) == []


def test_provenance_of_numpy_numbers_and_tuples_is_kept(tmp_path: Path) -> None:
    origin = {"count": np.int64(3), "share": np.float32(0.5), "pair": (1, None)}
    TableRun(
        Heatmap(np.ones((1, 1)), Axis("a", ("x",)), Axis("b", ("y",)), Quantity("v"), origin)
    ).save(tmp_path / "run")
    assert bs.open_run(tmp_path / "run").provenance == {"count": 3, "share": 0.5, "pair": [1, None]}


def test_half_a_character_is_one_sentence(tmp_path: Path) -> None:
    run = TableRun(table([[1.0]], ["\ud800"], ["b"]))
    with pytest.raises(bs.InputError, match="half of a character"):
        run.save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
