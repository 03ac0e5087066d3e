"""What is said of a chain follows from its numbers."""

import re
from dataclasses import replace

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.description.facts.chain import chain_facts
from bathyscope.runs.chain import Beside, ChainRun
from tests.conftest import tiny
from tests.reasoning.texts import PROMPT, RESPONSE

VALUES = [
    [1.0, 0.5, 0, 0, 0],
    [0.2, -0.1, 2.0, 0, 0],
    [0.0, 0.0, 0.0, 0.0, 0],
    [0.5, 0.02, 0.0, 3.0, 0.01],
]


@pytest.fixture(scope="module")
def run() -> ChainRun:
    return bs.chain(tiny("llama"), PROMPT, RESPONSE, steps="lines")


def known(run: ChainRun, alone: list[list[float]] | None = None) -> ChainRun:
    """Return the run with numbers whose words are known."""
    values = np.array(VALUES)
    beside = Beside(run.heatmap.quantity, np.array(VALUES if alone is None else alone))
    none = np.zeros(4)
    return replace(
        run, heatmap=replace(run.heatmap, values=values), all=values.sum(axis=1), none=none,
        beside={"leave_one_out": beside},
    )  # fmt: skip


def test_words_of_known_numbers(run: ChainRun) -> None:
    said = bs.describe(known(run), "text")
    assert "The answer owes most to the 2nd step “So 6.”: +3.0000 nats." in said
    assert "Nothing later depends on the 3rd step “Fun!”" in said
    straight = (0.5 + 0.02) / (0.5 + 0.02 + 3.0 + 0.01)
    percent = f"{100 * straight:.1f} %"
    assert f"{percent} of what supports the answer goes straight to the prompt" in said
    assert "Leave-one-out and the map agree" in said
    assert "end on the prompt, most on the 1st part of the prompt “3 x 2.”" in said
    assert "The 3rd step “Fun!”: nothing clearly, of +0.0000 nats in all" in said


def test_redundancy_is_said_where_the_two_disagree(run: ChainRun) -> None:
    alone = [[*row] for row in VALUES]
    alone[3][3] = 0.06
    said = bs.describe(known(run, alone), "text")
    assert (
        "The answer “It is 6.” owes +3.0000 nats, but +0.0600 nats by leave-one-out to the 2nd "
        "step “So 6.”: other passages can replace it" in said
    )
    assert "agree on what matters" not in said


def test_every_number_is_that_of_the_run(run: ChainRun) -> None:
    found = chain_facts(run)
    for index, row in enumerate(found.rows):
        for owed in row.largest:
            column = [*found.columns].index(owed.to)
            assert owed.value == run.heatmap.values[index, column] > 0
        assert run.effect is not None and row.effect == run.effect[index]
    assert found.origins is not None and run.total is not None
    assert found.origins.straight == pytest.approx(run.total.direct[: run.parts].sum())
    said = bs.describe(run)
    for line in said.splitlines():
        assert "nan" not in line.lower() and "None" not in line
    assert re.search(r"area -?\d", said)


@pytest.mark.filterwarnings("ignore:Up to")
@pytest.mark.parametrize(
    "asked",
    [
        {"reading": "suppression"},
        {"reading": "suppression", "variant": "thought_anchors"},
        {"reading": "resampling", "similarity": "words", "n": 4, "max_new_tokens": 5},
        {"budget": 100, "method": "banzhaf", "depth": True},
    ],
    ids=str,
)
def test_each_reading_says_what_it_is(asked: dict[str, object]) -> None:
    response = "\n".join(f"{i}+{i}." for i in range(6)) + "\nIt is 6."
    found = bs.chain(tiny("llama"), PROMPT, response, steps="lines", **asked)  # type: ignore[arg-type]
    said = bs.describe(found, "text")
    assert f"By {asked.get('reading', 'deletion')}" in said and "Source:" in said
    assert ("Sampled" in said) == (found.standard_error is not None)
    assert ("settles at layer" in said) == bool(asked.get("depth"))
