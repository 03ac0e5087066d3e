"""A chain on the page: forty steps in their text, arcs from what is chosen to what it owes."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.heatmap import Heatmap
from bathyscope.prompt import Prompt
from bathyscope.reasoning.answers import divided
from bathyscope.reasoning.passages import Passages
from bathyscope.reasoning.readings import OWED
from bathyscope.runs.chain import ChainRun, StepDepth
from tests.conftest import tiny
from tests.page.conftest import Open
from tests.reasoning.texts import PROMPT, RESPONSE

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
STEPS, PARTS = 40, 2


def forty() -> ChainRun:
    prompt = Prompt.marked("Facts: [[a is 1.]] and [[<b> is 2.]]\nThink:\n")
    response = "\n".join(f"Step {i}: <i>{i * i}</i>." for i in range(STEPS)) + "\nSo it is 7."
    division = divided(response, "lines", None)
    passages = Passages.of(tiny("llama").tokens, prompt, response, division)
    values = np.random.default_rng(5).normal(size=(STEPS + 1, PARTS + STEPS))
    values[np.arange(PARTS + STEPS) >= PARTS + np.arange(STEPS + 1)[:, None]] = 0
    rows, columns = passages.axes(slice(None), slice(None))
    reading = {"name": "deletion", "variant": "shapley", "definition": "made up", "source": "here"}
    provenance = {
        "model": {"name": "none", "dtype": "float32"}, "prompt": prompt.text, "target": response,
        "target_ids": [1], "given": response, "generated": False, "versions": {},
        "reading": reading, "chain": {}, "features": [list(span) for span in prompt.features],
        "step_spans": [list(span) for span in (*division.steps, division.answer)],
    }  # fmt: skip
    nothing = np.zeros(STEPS + 1)
    heatmap = Heatmap(values, rows, columns, OWED, provenance)
    depth = StepDepth(tuple(1 + row / 2 for row in range(STEPS + 1)), (0.25,) * (STEPS + 1), {})
    return ChainRun(heatmap, "deletion", PARTS, values.sum(axis=1), nothing, depth=depth)


@pytest.fixture
def page(open_page: Open) -> "Page":
    return open_page([forty()])


def arcs(page: "Page", kind: str = "") -> list[tuple[int, int]]:
    found = page.locator(f".arcs path{kind}").evaluate_all(
        "paths => paths.map(path => [Number(path.dataset.from), Number(path.dataset.to)])"
    )
    return [(int(a), int(b)) for a, b in found]


def test_the_text_stands_whole_with_the_answers_arcs(page: "Page") -> None:
    run = forty()
    passages = page.locator(".passage")
    assert passages.count() == PARTS + STEPS + 1
    texts = [run.prompt[slice(*span)] for span in run.heatmap.columns.spans[:PARTS]]  # type: ignore[index]
    assert [text.split("\n")[0] for text in passages.all_inner_texts()][:PARTS] == texts
    assert "Facts:" in page.locator(".passages").inner_text()
    assert page.locator('.passage[aria-pressed="true"]').inner_text().startswith("So it is 7.")
    assert arcs(page) == [(column, PARTS + STEPS) for column in range(PARTS + STEPS)]
    against = int((run.heatmap.values[-1] < 0).sum())
    assert page.locator(".arcs .opposes").count() == against > 0
    amount = page.locator(".passage .owed").first.inner_text()
    assert f"{abs(run.heatmap.values[-1, 0]):.2f}" in amount.replace("−", "-")


def test_each_step_says_how_deep_it_was_decided(page: "Page") -> None:
    said = page.locator(".passage .depth").all_inner_texts()
    assert said[:PARTS] == [""] * PARTS
    assert said[PARTS:] == [f"layer {1 + row / 2:g}, 25.0 % deep" for row in range(STEPS + 1)]


def test_a_step_shows_what_it_owes_and_what_is_owed_to_it(page: "Page") -> None:
    page.locator(".passage").nth(PARTS + 10).click()
    owed = [(column, PARTS + 10) for column in range(PARTS + 10)]
    given = [(PARTS + 10, row) for row in range(PARTS + 11, PARTS + STEPS + 1)]
    assert arcs(page, ".owed") == owed and arcs(page, ".given") == given
    cell = page.locator("#cell .entry code").all_text_contents()
    assert cell[0].startswith("Step 10:")
    page.locator(".passage").first.click()
    assert arcs(page) == [(0, row) for row in range(PARTS, PARTS + STEPS + 1)]


def test_the_largest_arc_is_the_widest(page: "Page") -> None:
    widths = page.locator(".arcs path").evaluate_all(
        "paths => paths.map(path => Number(path.getAttribute('stroke-width')))"
    )
    sizes = np.abs(forty().heatmap.values[-1])
    assert int(np.argmax(widths)) == int(np.argmax(sizes))
    np.testing.assert_allclose(widths, 0.5 + 6.5 * sizes / sizes.max(), rtol=1e-3)


def test_it_goes_by_keys_and_the_cursor_in_the_map_moves_it(page: "Page") -> None:
    page.locator('.passage[tabindex="0"]').focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert page.locator('.passage[aria-pressed="true"]').inner_text().startswith("Step 39:")
    page.locator(".window").first.focus()
    page.keyboard.press("ArrowUp")
    assert page.locator('.passage[aria-pressed="true"]').inner_text().startswith("Step 38:")


def test_it_is_accessible(page: "Page") -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run().then(found => found.violations.map(one => one.id))")
    assert found == []


@pytest.mark.filterwarnings("ignore:Up to")
def test_an_answer_alone_has_arcs_from_the_steps_that_were_compared(open_page: Open) -> None:
    """By resampling the answer is the only row, and a step that is never replaced has no number."""
    found = bs.chain(
        tiny("llama"), PROMPT, RESPONSE, steps="lines", reading="resampling", similarity="words",
        n=2, max_new_tokens=2,
    )  # fmt: skip
    values = np.array([[np.nan, 0.2, 0.5]])
    known = replace(found, heatmap=replace(found.heatmap, values=values), low=values, high=values)
    page = open_page([known])
    assert page.locator(".passage").count() == 4 and page.locator(".passage.part").count() == 0
    assert arcs(page) == [(1, 3), (2, 3)]
    said = page.locator(".passage .owed").all_inner_texts()
    assert said[:3] == ["no number", "+0.2000 nats", "+0.5000 nats"]
    page.locator(".passage").last.click()
    assert page.locator("#cell .entry code").all_text_contents()[1].startswith("Fun!")
    page.locator(".passage").first.click()
    assert arcs(page) == []
