"""docs/extending.md: what another package brings works in every verb; reading needs it not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from tests.cli.conftest import call
from tests.conftest import tiny
from tests.extension.trial import REGISTRIES, installed, sources, write

MARKED = "Q: [[9 + 3]]\nA: [[12]]\nQ: 5?\nA:"
LINED = "Q: 9 + 3\nA: 12\nQ: 5?\nA:"
TARGET = " 00"


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    folder = write(tmp_path / "site")
    with installed(folder):
        yield folder


def _media(run: Any, other: Any, folder: Path) -> str:
    """Have a map described, drawn, shown and compared; return the description."""
    words = bs.describe(run)
    (drawn,) = bs.draw(run, folder / "figure.png", overwrite=True)
    assert drawn.stat().st_size > 1000
    page = folder / "page.html"
    bs.view([run, other], page, overwrite=True)
    assert page.stat().st_size > 1000
    compared = bs.compare(run, other)
    compared.save(folder / "compared", overwrite=True)
    opened = bs.open_run(folder / "compared")
    assert bs.describe(opened) == bs.describe(compared)
    bs.draw(opened, folder / "figure.png")
    bs.view(opened, page)
    return words


def _kept(run: Any, folder: Path) -> Any:
    run.save(folder / "run")
    again = bs.open_run(folder / "run")
    np.testing.assert_array_equal(again.heatmap.values, run.heatmap.values)
    return again


def _rerun(path: Path, model: bs.LanguageModel) -> bs.LanguageModel:
    found = bs.rerun(path, model)
    assert found.identical and found.others == ()
    return model


def test_each_is_a_file_of_its_own_in_under_40_lines() -> None:
    files = {Path(path).stem: source for path, source in sources().items()}
    assert len(files.pop("letters").splitlines()) < 70  # a whole model with its tokenizer
    assert sorted(files) == ["halfway", "lines", "margin", "only_one"]
    assert all(len(source.splitlines()) < 40 for source in files.values())


def test_a_method(tmp_path: Path) -> None:
    model, folder = tiny("llama"), write(tmp_path / "site")
    with installed(folder):
        run = bs.attribute(model, MARKED, TARGET, method="only_one")
        either = bs.attribute(model, MARKED, TARGET, method="shapley")
        # Of two features, the Shapley value is the mean of what each does first and last.
        last = bs.attribute(model, MARKED, TARGET, method="leave_one_out").heatmap.values
        np.testing.assert_allclose(
            (run.heatmap.values + last) / 2, either.heatmap.values, atol=1e-5
        )
        assert abs(run.heatmap.values - last).max() > 1e-3
        again = _kept(run, tmp_path)
        _rerun(tmp_path / "run", model)
        assert "what is gained when it alone" in _media(again, either, tmp_path)
        assert bs.evaluate(model, MARKED, TARGET, methods=["only_one", "shapley"])
        assert bs.evaluate_run(model, run)
    with pytest.raises(bs.InputError, match="'only_one' is not known"):
        bs.attribute(model, MARKED, TARGET, method="only_one")
    opened = bs.open_run(tmp_path / "run")
    assert "what is gained when it alone" in _media(opened, either, tmp_path)


def test_a_layer_statistic(tmp_path: Path) -> None:
    model, folder = tiny("llama"), write(tmp_path / "site")
    with installed(folder):
        run = bs.depth(model, LINED, TARGET, statistics=["margin"])
        again = _kept(run, tmp_path)
        _rerun(tmp_path / "run", model)
        assert (
            run.layer_statistic("margin").values.min()
            >= 0
            < run.layer_statistic("margin").values.max()
        )
        _media(again, run, tmp_path)
        bs.draw(again.layer_statistic("margin"), tmp_path / "margin.png")
        _rerun(tmp_path / "margin.png", model)
    opened = bs.open_run(tmp_path / "run")
    assert isinstance(opened, bs.DepthRun)
    values = opened.layer_statistic("margin")
    np.testing.assert_array_equal(values.values, run.layer_statistic("margin").values)
    assert "nats" in _media(values, run.layer_statistic("margin"), tmp_path)
    _media(opened, run, tmp_path)


def test_a_lens(tmp_path: Path) -> None:
    model, folder = tiny("llama"), write(tmp_path / "site")
    with installed(folder):
        run = bs.depth(model, LINED, TARGET, lens="halfway")
        usual = bs.depth(model, LINED, TARGET)
        assert abs(run.heatmap.values - usual.heatmap.values).max() > 1e-6
        _kept(run, tmp_path)
        _rerun(tmp_path / "run", model)
        settled = bs.settle(model, LINED, TARGET, lens="halfway")
        assert settled.settling_depth.tolist() == run.settling_depth.tolist()
        assert len(list(bs.stream(model, LINED, lens="halfway", max_new_tokens=2))) == 2
        settings = bs.ThinkSettings(n=2, prefix=2, max_new_tokens=4, lens="halfway")
        assert (
            bs.think(model, LINED, settings=settings)
            .provenance["lens_summary"]
            .startswith("read half")
        )
        assert "read halfway between" in _media(run, usual, tmp_path)
    assert "read halfway between" in _media(bs.open_run(tmp_path / "run"), usual, tmp_path)


def test_a_segmenter(tmp_path: Path) -> None:
    model, folder = tiny("llama"), write(tmp_path / "site")
    with installed(folder):
        prompt = bs.Prompt.segmented(LINED, "lines")
        assert prompt.labels == ("Q: 9 + 3\n", "A: 12\n", "Q: 5?\n")
        run = bs.attribute(model, prompt, TARGET)
        _kept(run, tmp_path)
        _rerun(tmp_path / "run", model)
        other = bs.attribute(model, prompt, TARGET, method="leave_one_out")
        _media(run, other, tmp_path)
        with pytest.raises(bs.InputError, match=r"No line stands before the last.*choose other"):
            bs.Prompt.segmented("one line", "lines")
    with pytest.raises(bs.InputError, match="Features 'lines' are not known"):
        bs.Prompt.segmented(LINED, "lines")
    _media(bs.open_run(tmp_path / "run"), other, tmp_path)
    _rerun(tmp_path / "run", model)  # its features are kept as spans


@pytest.mark.parametrize(
    "arguments",
    [
        ("attribute", MARKED, "--target", TARGET, "--method", "only_one"),
        ("depth", LINED, "--response", TARGET, "--statistic", "margin"),
        ("depth", LINED, "--response", TARGET, "--lens", "halfway"),
        ("attribute", LINED, "--target", TARGET, "--features", "lines"),
    ],
    ids=["method", "statistic", "lens", "segmenter"],
)
def test_the_command_line_takes_them(
    arguments: tuple[str, ...], package: Path, tmp_path: Path, llama_folder: str
) -> None:
    run = str(tmp_path / "run")
    results = [
        call(*arguments, "-m", llama_folder, "-o", run),
        call("describe", run),
        call("render", run, "-o", str(tmp_path / "figure.svg")),
        call("view", run, "-o", str(tmp_path / "page.html")),
        call("compare", run, run),
        call("rerun", run, "-m", llama_folder),
    ]
    for result in results:
        assert result.exit_code == 0, result.output
    name = arguments[-1]
    assert name in json.dumps(json.loads((tmp_path / "run" / "run.json").read_text()))


def test_help_lists_what_there_is_and_where_it_is_from(package: Path) -> None:
    listed = {
        "only_one": ("attribute", "evaluate"),
        "lines": ("attribute", "evaluate"),
        "margin": ("depth",),
        "halfway": ("depth", "think"),
    }
    for name, commands in listed.items():
        for command in commands:
            text = call(command, "--help").output
            assert f"{name} " in text
            (line,) = [line for line in text.splitlines() if line.split()[:1] == [name]]
            assert line.split(maxsplit=1)[1] == "from bathyscope-trial"


BROKEN = {
    "method": ("methods", "only_one", "game.values(alone)", "game.values(alone)[:1]", "shape"),
    "layer statistic": (
        "layer_statistics",
        "margin",
        "return top[:, 0] - top[:, 1]",
        "return top[0, 0]",
        "shape",
    ),
    "lens": ("lenses", "halfway", "/ 2", "/ None", "TypeError"),
    "segmenter": ("segmenters", "lines", ".span()", ".group()", "ValueError"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_fails_is_named_in_one_sentence(kind: str, tmp_path: Path) -> None:
    _group, name, right, wrong, said = BROKEN[kind]
    path = f"bathyscope_trial/{name}.py"
    broken = sources()[path].replace(right, wrong)
    assert broken != sources()[path]
    with (
        installed(write(tmp_path / "site", {**sources(), path: broken})),
        pytest.raises(bs.InputError, match=f"The {kind} '{name}' fails \\(.*{said}.*; choose"),
    ):
        _asked(kind, name)


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_imported_is_named_and_disturbs_nobody_else(
    kind: str, tmp_path: Path
) -> None:
    _, name, *_ = BROKEN[kind]
    files = {**sources(), f"bathyscope_trial/{name}.py": "import no_such_package\n"}
    with installed(write(tmp_path / "site", files)):
        with pytest.raises(bs.InputError, match=f"'{name}' of another package.*no_such_package"):
            _asked(kind, name)
        assert sum(bool(one._failed) for one in REGISTRIES) == 1
        others = [other for other in BROKEN if other != kind]
        for other in others:
            _asked(other, BROKEN[other][1])


def _asked(kind: str, name: str) -> None:
    model = tiny("llama")
    match kind:
        case "method":
            bs.attribute(model, MARKED, TARGET, method=name)
        case "layer statistic":
            bs.depth(model, LINED, TARGET, statistics=[name])
        case "lens":
            bs.depth(model, LINED, TARGET, lens=name)
        case _:
            bs.attribute(model, bs.Prompt.segmented(LINED, name), TARGET)
