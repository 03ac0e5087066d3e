"""What exists is opened, described, drawn, compared and viewed where nothing that runs models is.

docs/design-decisions.md: one plain install; what needs no model does not load it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.without import HEAVY, python_without

ROOT = Path(__file__).parent
KEPT = ROOT / "kept_runs" / "schema-1"
TABLE = ROOT / "figures" / "division.csv"
PLAIN = ("torch", "transformers", "accelerate", "gguf")

_LIBRARY = """
import json
from pathlib import Path
from rich.console import Console
import bathyscope as bs
from bathyscope.render.terminal.table import table
kept, plain, folder = map(Path, sys.argv[1:])
seen = {}
for path in [*sorted(one for one in kept.iterdir() if one.is_dir()), plain]:
    run = bs.open_map(path) if path == plain else bs.open_run(path)
    words, out = bs.describe(run), folder / path.stem
    bs.draw(run, out.with_suffix(".svg"))
    bs.view([run], out.with_suffix(".html"))
    with out.with_suffix(".txt").open("w") as file:
        Console(file=file, width=100).print(table(run))
    compared = ""
    if path == plain or run.not_compared is None:
        comparison = bs.compare(run, run)
        compared = bs.describe(comparison)
        bs.draw(comparison, folder / f"{path.stem}-compared.svg")
    if path != plain:
        run.save(out)
        assert bs.describe(bs.open_run(out)) == words
        assert "<iframe" in run._repr_html_()
    seen[path.stem] = [len(words), len(compared)]
assert bs.read_table(plain).values.shape
needing = []
for name in bs.__all__:
    try:
        getattr(bs, name)
    except ImportError as error:
        assert isinstance(error, bs.BathyscopeError)
        needing.append((name, str(error)))
try:
    bs.rerun(kept / "depth")
except bs.BathyscopeError as error:
    needing.append(("rerun", str(error)))
print(json.dumps({"seen": seen, "needing": needing}))
"""


def test_the_library_reads_everything(tmp_path: Path) -> None:
    done = python_without(HEAVY, _LIBRARY, KEPT, TABLE, tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    kinds = {path.name for path in KEPT.iterdir() if path.is_dir()}
    assert set(told["seen"]) == kinds | {"division"} and len(kinds) > 8
    for name, (words, compared) in told["seen"].items():
        alone = name in ("faithfulness", "think", "comparison")
        assert words > 100 and (compared > 50) != alone, name
        for ending in (".svg", ".html", ".txt"):
            assert (tmp_path / name).with_suffix(ending).stat().st_size > 200, name
    needing = dict(told["needing"])
    assert {"load", "depth", "LanguageModel", "rerun"} <= set(needing)
    light = {"attribute", "evaluate", "AttributionSettings", "Scorer", "describe", "open_run"}
    assert not light & set(needing)
    for sentence in needing.values():
        assert sentence.startswith("torch is not installed") and "`pip install torch`" in sentence


_COMMANDS = """
import json
from typer.testing import CliRunner
from bathyscope.cli.app import app
told = []
for arguments in json.loads(sys.argv[1]):
    result = CliRunner().invoke(app, arguments)
    ended = result.exception is None or isinstance(result.exception, SystemExit)
    trace = None if ended else repr(result.exception)
    told.append((result.exit_code, result.stdout, result.stderr, trace))
print(json.dumps(told))
"""


def _commands(packages: tuple[str, ...], *commands: list[str]) -> list[list[Any]]:
    done = python_without(packages, _COMMANDS, json.dumps(commands))
    assert done.returncode == 0, done.stderr
    told: list[list[Any]] = json.loads(done.stdout)
    assert len(told) == len(commands)
    return told


def test_commands_read_everything(tmp_path: Path) -> None:
    attribution, depth, out = str(KEPT / "attribution"), str(KEPT / "depth"), str(tmp_path)
    told = _commands(
        PLAIN,
        ["render", attribution, "-o", f"{out}/attribution.png"],
        ["render", str(TABLE), "-o", f"{out}/table.svg"],
        ["describe", attribution],
        ["describe", depth, "--format", "json"],
        ["compare", attribution, attribution],
        ["compare", depth, depth, "--json"],
        ["view", attribution, depth, "-o", f"{out}/page.html"],
        ["provenance", depth],
        ["provenance", f"{out}/attribution.png"],
        ["attribute", "--help"],
        ["depth", "--help"],
    )
    for code, output, errors, trace in told:
        assert code == 0 and trace is None, (errors, trace)
        assert output or "saved" in errors or "in a browser" in errors


def test_commands_that_run_models_say_what_to_install(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    told = _commands(
        PLAIN,
        ["attribute", "a [[b]] c", "--target", " d", "-o", out],
        ["depth", "a", "--response", " b", "-o", out],
        ["evaluate", "[[a]] [[b]] c", "--methods", "shapley", "--target", " d", "-o", out],
        ["think", "a", "-n", "2"],
        ["rerun", str(KEPT / "depth")],
        ["lens", "fit", "a text", "-o", out],
        ["demo", "-o", out],
    )
    for code, output, errors, trace in told:
        assert code == 2 and trace is None and output == "", (output, errors, trace)
        assert errors.startswith("bathyscope: torch is not installed"), errors
        assert errors.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["transformers", "tokenizers"])
def test_one_package_missing_is_named(package: str, tmp_path: Path) -> None:
    command = ["depth", "a", "--response", " b", "-o", str(tmp_path / "out")]
    ((code, _, errors, trace),) = _commands((package,), command)
    assert code == 2 and trace is None
    assert f"{package} is not installed" in errors and errors.count("\n") == 1
