"""What commands write: found impossible beforehand, side by side without loss, shown if lost."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bathyscope.runs.opening import open_run
from tests.cli.conftest import MARKED, call, tree
from tests.cli.copies import Copy, limited, needs_copies, quietly

TEXT = "The cat sat on the mat, and 8 + 5 = 13. " * 6
TRAIN = ["lens", "train", TEXT, "--steps", "3", "--sequence-length", "32", "-o"]
TABLE = "a,b\nc,1\n"


@pytest.fixture
def saved(here: Path) -> Path:
    """A folder with a run and a table."""
    (here / "table.csv").write_text(TABLE)
    return here


@needs_copies
@quietly
def test_three_at_once_are_three_runs(here: Path, llama_folder: str, tmp_path: Path) -> None:
    asked = ["attribute", MARKED, "--target", " 00", "-m", llama_folder, "--json"]
    copies = [Copy(tmp_path / one, *asked, "--seed", one) for one in "012"]
    documents = []
    for copy in copies:
        code, errors = copy.ended(), copy.errors.read_text()
        assert code == 0, errors
        output = json.loads(copy.output.read_text())
        documents.append((output, errors.rpartition("saved: ")[2].strip()))
    assert tree(here / "bathyscope-runs")[::5] == [
        "attribution-1",
        "attribution-2",
        "attribution-3",
    ]
    for document, figure in documents:
        assert json.loads((here / figure).with_name("run.json").read_text()) == document


COMMANDS: dict[str, list[str]] = {
    "attribute": ["attribute", MARKED, "--target", " 00", "-m", "MODEL", "-o", "out"],
    "depth": ["depth", "a", "--response", "bc", "-m", "MODEL", "-o", "out"],
    "figure": ["depth", "a", "--response", "bc", "-m", "MODEL", "-o", "o", "--figure", "out.png"],
    "evaluate": [
        "evaluate",
        MARKED,
        "--methods",
        "shapley,leave_one_out",
        "--target",
        " 00",
        "-m",
        "MODEL",
        "-o",
        "out",
    ],
    "lens": [*TRAIN, "out", "-m", "MODEL"],
    "render": ["render", "table.csv", "-o", "out.svg"],
    "view": ["view", "table.csv", "-o", "out.html"],
    "compare": ["compare", "table.csv", "table.csv", "-o", "out.pdf"],
}


def output_of(arguments: list[str]) -> str:
    return next(one for one in arguments if one.startswith("out"))


def with_output(command: str, output: str, model: str) -> list[str]:
    """Return a command with its output inside or instead of something."""
    named = {"MODEL": model, output_of(COMMANDS[command]): output}
    return [named.get(one, one) for one in COMMANDS[command]]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("harm", ["parent is a file", "name too long", "link", "foreign"])
def test_what_cannot_be_written_is_found_before_anything_is_computed(
    saved: Path, llama_folder: str, monkeypatch: pytest.MonkeyPatch, command: str, harm: str
) -> None:
    def too_late(*_: Any, **__: Any) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("bathyscope.model.loading.load", too_late)
    output = output_of(COMMANDS[command])
    expected = "symbolic link"
    if harm == "parent is a file":
        output, expected = f"table.csv/{output}", "is no folder"
    elif harm == "name too long":
        output, expected = "x" * 260 + output, "File name too long"
    elif harm == "link":
        (saved / output).symlink_to("elsewhere")
    else:
        is_folder = command in ("attribute", "depth", "evaluate")
        foreign = saved / output / "mine.txt" if is_folder else saved / output
        foreign.parent.mkdir(exist_ok=True)
        foreign.write_text("mine")
        expected = "was not written by bathyscope"
    before = tree(saved)
    result = call(*with_output(command, output, llama_folder), "--overwrite")
    assert result.exit_code == 2, result.output
    assert expected in " ".join(result.stderr.split()) and result.stderr.count("\n") == 1
    assert result.stdout == "" and tree(saved) == before


SAME_PLACE = [
    ["--figure", "a.png", "--figure", "./a.png"],
    ["--figure", "a.png", "--figure", "a.png/b.png"],
    ["-o", "run", "--figure", "run/figure.png"],
    ["-o", "a.png/run", "--figure", "a.png"],
    ["-o", "a.png", "--figure", "a.png"],
]


@pytest.mark.parametrize("more", SAME_PLACE, ids=" ".join)
def test_outputs_in_each_others_place_are_refused(here: Path, more: list[str]) -> None:
    result = call("depth", "a", "--response", "b", "-m", "none", *more)
    assert result.exit_code == 2 and "a name of its own" in result.stderr
    assert tree(here) == []


def test_a_figure_may_lie_in_the_folder_of_its_run(here: Path, llama_folder: str) -> None:
    asked = ["depth", "a", "--response", "bc", "-m", llama_folder, "-o", "r"]
    for more in ([], ["--overwrite"]):
        result = call(*asked, "--figure", "r/f.pdf", *more)
        assert result.exit_code == 0, result.output
    assert "r/f.pdf" in tree(here)


SHOWN = {"attribute": "as a whole", "depth": "settles", "figure": "settles", "lens": "norm"}


@needs_copies
@quietly
@pytest.mark.parametrize("command", [*SHOWN, "compare"])
@pytest.mark.parametrize("bytes", [1000, 12_000])
def test_a_result_that_cannot_be_saved_is_shown(
    saved: Path, llama_folder: str, tmp_path: Path, command: str, bytes: int
) -> None:
    before = tree(saved)
    asked = with_output(command, output_of(COMMANDS[command]), llama_folder)
    copy = Copy(tmp_path / "said", *asked, before=limited(bytes))
    code, errors = copy.ended(), copy.errors.read_text()
    assert code == 1, errors
    last = errors.splitlines()[-1]
    assert "cannot be written" in last and "too large" in last and ".bathyscope-" not in last
    assert "Traceback" not in errors
    assert SHOWN.get(command, "# ") in copy.output.read_text()
    assert tree(saved) == before


def taken_while_loading(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have another process take a name after it was found free."""
    from bathyscope.model import loading

    load = loading.load

    def load_late(*arguments: Any, **options: Any) -> Any:
        path.write_text("theirs")
        return load(*arguments, **options)

    monkeypatch.setattr(loading, "load", load_late)


@pytest.mark.parametrize("command", ["attribute", "depth", "lens"])
def test_what_another_process_wrote_meanwhile_stays(
    here: Path, llama_folder: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    taken_while_loading(here / "out", monkeypatch)
    result = call(*with_output(command, "out", llama_folder))
    assert result.exit_code == 1, result.output
    assert "out" in result.stderr.splitlines()[-1] and SHOWN[command] in result.stdout
    assert (here / "out").read_text() == "theirs" and tree(here) == ["out"]


def test_a_run_that_is_saved_is_named_where_its_figure_fails(
    here: Path, llama_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_while_loading(here / "out.png", monkeypatch)
    result = call(*with_output("figure", "out.png", llama_folder))
    assert result.exit_code == 1 and SHOWN["figure"] in result.stdout
    assert "saved: o/figure.png\n" in result.stderr and "out.png exists already" in result.stderr
    assert open_run(here / "o").kind == "depth"
    assert (here / "out.png").read_text() == "theirs"


@needs_copies
@quietly
def test_output_that_nobody_can_take_is_one_sentence_and_the_run_is_saved(
    here: Path, llama_folder: str, tmp_path: Path
) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no device that is full")
    asked = ["depth", "a", "--response", "bc", "-m", llama_folder, "-o", "run", "--json"]
    copy = Copy(tmp_path / "said", *asked, output=Path("/dev/full"))
    code, errors = copy.ended(), copy.errors.read_text()
    assert code == 1, errors
    assert "standard output: No space left on device" in errors.splitlines()[-1]
    assert "Exception" not in errors and "Traceback" not in errors
    assert open_run(here / "run").kind == "depth"


@pytest.mark.parametrize("by", ["word", "sentence", "role"])
def test_depth_by_something_is_printed_saved_and_computed_again(
    here: Path, llama_folder: str, by: str
) -> None:
    text = " it is 13. So it is. Fine."
    asked = ["depth", "8 + 5?", "--response", text, "-m", llama_folder, "--by", by]
    result = call(*asked, "-o", "run")
    assert result.exit_code == 0, result.output
    assert f"Settling depth by {by}" in result.stdout and f"by {by}" in result.stdout
    assert (here / "run" / "figure.png").exists()
    document = json.loads(call(*asked, "--json", "-o", "other").stdout)
    assert document["kind"] == "depth_groups" and document["provenance"]["by"] == by
    assert sum(group["tokens"] for group in document["groups"]) == len(text)
    assert "bit for bit" in call("rerun", "run").stdout
    assert "largest deep share" in call("describe", "run").stdout
    assert call("compare", "run", "other").exit_code == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--by", "line"], "by 'line' is not known"),
        (["--by", "word", "--top-k", "1"], "belongs to single tokens"),
        (
            ["--by", "word", "--stream"],
            "--ratio-only, --by, --dry-run nor --target-turn",
        ),
    ],
)
def test_what_does_not_go_with_by_is_refused(
    here: Path, llama_folder: str, more: list[str], message: str
) -> None:
    result = call("depth", "a", "-m", llama_folder, *more)
    assert result.exit_code == 2 and message in " ".join(result.stderr.split())
    assert list(here.iterdir()) == []
