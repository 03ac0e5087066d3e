"""Runs of a tiny model, described and read back."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from tests.conftest import tiny
from tests.description import map_sentences, run_sentences
from tests.description.evidence_sentences import must_say
from tests.description.reader import Page, Rule, Rules, page
from tests.description.truth import Truth, margins_of

PROMPT = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\n[[Q: 1]]\nA:[[ 2]]\nQ: 5?\nA:")
MANY = bs.Prompt.marked("Q:" + "".join(f" [[{word}]]" for word in "abcdefghi"))


def read(run: bs.AttributionRun) -> Page:
    """Read the description of an attribution back; nothing may be missing."""
    found = page(bs.describe(run))
    tokens = len(run.heatmap.rows) - (run.heatmap.provenance["against"] is not None)
    truth = Truth.of(run.heatmap, margins_of(run), tokens or None, run)
    truth.row_noun = truth.row_noun if tokens else "row"
    run_sentences.attribution.read(found, truth)
    must = map_sentences.expected(truth) | {"title_of_run", "given", "cell_means", "absent"}
    must |= {"whole_target", "limits"}
    must |= {"complete"} if np.isfinite(run.gap).any() else set()
    must |= {"sampled"} if run.standard_error is not None else set()
    must |= must_say(run)
    must |= {"contrast", "last_row"} if 0 < tokens < len(run.heatmap.rows) else set()
    assert must <= set(found.told)
    return found


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"method": "leave_one_out", "baseline": "?"},
        {"method": "banzhaf", "of": "logit"},
        {"of": "probability"},
        {"method": "saliency"},
        {"method": "input_x_gradient"},
        {"method": "integrated_gradients"},
        {"against": " 35"},
        {"against": " 12/3"},
        {"target": None, "max_new_tokens": 1},
    ],
    ids=str,
)
def test_an_attribution(asked: dict[str, Any]) -> None:
    run = bs.attribute(tiny("llama"), PROMPT, **{"target": " 3/5", **asked})
    if asked.get("target", "") is None:
        labels = replace(run.heatmap.rows, labels=("8",))  # the random model writes anything
        run = replace(run, heatmap=replace(run.heatmap, rows=labels))
    read(run)


def test_a_sampled_attribution() -> None:
    run = bs.attribute(tiny("llama"), MANY, " 36", budget=120, seed=3)
    told = read(run).told
    assert "clear_signs" in told and "signs" not in told


def test_a_sampled_contrast() -> None:
    read(bs.attribute(tiny("llama"), MANY, " 36", against=" 35", budget=120, seed=3))


def test_a_map_that_has_no_none() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 3/5")
    read(replace(run, none=np.full(len(run.all), np.nan)))


def test_a_contrast_of_the_whole_alone() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, "a", against="bc")
    assert len(run.heatmap.rows) == 1
    assert read(run).title.startswith("What drove a whole continuation")


def test_cells_without_a_number_count_nowhere() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 3/5")
    values = run.heatmap.values.copy()
    values[1, 2], values[3, 0] = np.nan, -np.inf
    broken = replace(run, heatmap=replace(run.heatmap, values=values))
    found = page(bs.describe(broken))
    truth = Truth.of(broken.heatmap, None, None, broken)
    rules = run_sentences.attribution
    kept = [rule for rule in rules.rules if rule[0] != "complete"]
    Rules(*kept, *_complete_rows()).read(found, truth)
    assert "gaps" in found.told


def _complete_rows() -> list[Rule]:
    """The rule about gaps, asked of the rows that have a sum."""
    rules = Rules()

    @rules.reads(r"The cells of a row may be added: .* at the (\d+)(st|nd|rd|th) token ⟦\d+⟧\.")
    def complete(page: Page, truth: Truth, number: str, ending: str) -> None:
        assert number in "13"  # the 2nd and the 4th miss a cell

    return rules.rules


@pytest.mark.parametrize("token", [None, 1])
def test_interactions(token: int | None) -> None:
    read_pairs(bs.interact(tiny("llama"), PROMPT, " 35", token=token))


def test_sampled_interactions() -> None:
    run = bs.interact(tiny("llama"), PROMPT, " 35")
    errors = np.abs(run.heatmap.values.T[::-1]) / 2  # some larger than their cell, some smaller
    errors = (errors + errors.T) / 2
    told = read_pairs(replace(run, standard_error=errors, degrees_of_freedom=7)).told
    assert {"clear_signs", "sampled"} <= set(told)


def read_pairs(run: bs.InteractionRun) -> Page:
    """Read the description of an interaction map back."""
    found = page(bs.describe(run))
    truth = Truth.of(run.heatmap, margins_of(run), None, run)
    truth.values = [
        [value if column > row else math.nan for column, value in enumerate(line)]
        for row, line in enumerate(truth.values)
    ]
    run_sentences.pairs.read(found, truth)
    must = {"given", "pair_means", "extreme_pair", "axis", "same", "shapley_values", "near_zero"}
    must |= must_say(run)
    assert must | {"mirror", "symmetry", "limits_of_pairs"} <= set(found.told)
    return found


def test_a_map_that_is_no_mirror_image_says_so() -> None:
    run = bs.interact(tiny("llama"), PROMPT, " 35")
    values = run.heatmap.values.copy()
    values[2, 1] += 0.5
    read_pairs(replace(run, heatmap=replace(run.heatmap, values=values)))
