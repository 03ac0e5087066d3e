"""Types as an editor sees them: pyright in strict mode over examples, right ones and wrong ones."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from bathyscope.attribution.settings import AttributionOverrides
from bathyscope.layers.lens_training import LensTrainingOverrides
from bathyscope.layers.settings import DepthOverrides
from bathyscope.selection.report import JudgeOverrides
from bathyscope.selection.settings import SelectOverrides
from bathyscope.thinking.settings import ThinkOverrides

HERE = Path(__file__).parent
EXAMPLES, WRONG = HERE / "examples.py", HERE / "wrong.py"

Found = dict[str, dict[int, set[str]]]


@pytest.fixture(scope="module")
def found() -> Found:
    """What the type checker finds: rules by file and line, from 1."""
    command: list[str | Path] = [Path(sys.executable).parent / "basedpyright", "--outputjson"]
    done = subprocess.run(
        [*command, "--project", HERE, "--pythonpath", sys.executable],
        capture_output=True,
        text=True,
        timeout=200,
    )
    told = json.loads(done.stdout)
    assert told["summary"]["filesAnalyzed"] == 2, done.stdout + done.stderr
    lines: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in told["generalDiagnostics"]:
        line = one["range"]["start"]["line"] + 1
        lines[Path(one["file"]).name][line].add(one.get("rule", one["message"]))
    return {file: dict(rules) for file, rules in lines.items()}


def test_the_examples_are_right_in_strict_mode(found: Found) -> None:
    assert json.loads((HERE / "pyrightconfig.json").read_text())["typeCheckingMode"] == "strict"
    assert found.get(EXAMPLES.name, {}) == {}


def test_every_mistake_is_found_where_it_stands_and_nothing_else(found: Found) -> None:
    lines = WRONG.read_text(encoding="utf-8").splitlines()
    expected = {
        number: set(re.findall(r"\breport\w+", line))
        for number, line in enumerate(lines, start=1)
        if "# report" in line
    }
    assert len(expected) > 30
    assert found[WRONG.name] == expected


@pytest.mark.parametrize(
    "overrides",
    [
        AttributionOverrides,
        DepthOverrides,
        JudgeOverrides,
        LensTrainingOverrides,
        SelectOverrides,
        ThinkOverrides,
    ],
)
def test_the_examples_give_every_keyword(overrides: type) -> None:
    text = EXAMPLES.read_text(encoding="utf-8")
    keywords = overrides.__annotations__
    assert keywords and [name for name in keywords if f" {name}=" not in text] == []
