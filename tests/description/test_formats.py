"""One account, three formats; and the shape of the facts, as docs/describe.md promises it."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from tests.conftest import tiny

ROOT = Path(__file__).parents[2]
PROMPT = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\nQ: 5?\nA:")


def runs() -> dict[str, Any]:
    model = tiny("llama")
    return {
        "attribution": bs.attribute(model, PROMPT, " 00"),
        "interactions": bs.interact(model, PROMPT, " 00"),
        "depth": bs.depth(model, "Q: 5?\nA:", " 00"),
        "settling": bs.settle(model, PROMPT.text, " 00"),
        "think": bs.think(model, PROMPT.text, n=3, prefix=4, max_new_tokens=5, compare=True),
        "comparison": bs.compare(*(bs.attribute(model, PROMPT, text) for text in (" 00", " 0"))),
        "faithfulness": bs.evaluate(model, PROMPT, " 00", methods=["shapley"]),
        "map": bs.read_table(ROOT / "tests" / "figures" / "division.csv"),
    }


def test_the_facts_have_the_documented_shape() -> None:
    text = (ROOT / "docs" / "describe.md").read_text(encoding="utf-8")
    table = text.split("## The facts as JSON")[1].split("\n## ")[0]
    documented = {
        kind: re.findall(r"`(\w+)`", keys)
        for kind, keys in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, flags=re.M)
    }
    for kind, run in runs().items():
        document = json.loads(bs.describe(run, "json"))
        assert document["schema"] == 1 and document["kind"] == kind
        assert list(document)[2:] == [*documented[kind], "notes"]


def test_facts_without_a_number_are_null() -> None:
    values = np.array([[np.nan, 1.0], [np.inf, 0.0]])
    axes = Axis("token", ("a", "b")), Axis("feature", ("c", "d"))
    document = json.loads(bs.describe(Heatmap(values, *axes, Quantity("a", neutral=0.0)), "json"))
    assert document["gaps"]["nan"] == document["gaps"]["infinite"] == 1
    assert document["gaps"]["places"][0][0] == {"position": 0, "label": "a", "role": "word"}
    assert document["spread"]["cells"] == 2


def test_text_says_what_markdown_says() -> None:
    for run in runs().values():
        markdown, text = bs.describe(run), bs.describe(run, "text")
        bare = re.sub(r"^(#+|-) ", "", re.sub(r"\n\n+", "\n", markdown), flags=re.M)
        assert re.sub(r"[`“”]", "", text.replace("\n\n", "\n")) == bare.replace("`", "")


def test_unknown_formats_are_refused() -> None:
    with pytest.raises(bs.InputError, match="'html' is not known; choose one of markdown, text"):
        bs.describe(runs()["map"], "html")
