"""Choosing: text and maps follow each other, tokens are summed, the card tells what is known."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bathyscope.page.questions import questions
from tests.page.conftest import Open
from tests.page.hand_made import FEATURES, PROMPT, TOKENS, attribution, depth, evidence
from tests.page.test_page import written

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

LONG = tuple(f" word{i}" if i % 9 else "." for i in range(300))


def inside(piece: "Locator", box: "Locator") -> bool:
    """Tell whether a piece is seen in a box that scrolls."""
    own, outer = piece.bounding_box(), box.bounding_box()
    assert own and outer
    return outer["y"] <= own["y"] and own["y"] + own["height"] <= outer["y"] + outer["height"]


def test_choosing_scrolls_text_and_map_to_each_other(open_page: Open) -> None:
    deep = depth(tokens=LONG, layers=30, readings=False)
    page = open_page([deep])
    assert "--top-k" in page.locator(".scrubber").inner_text()
    page.locator(".token").nth(290).wait_for(state="attached")
    window, answer = page.locator(".window"), page.locator(".answer")
    for at in (290, 3, 150):
        page.locator(".token").nth(at).evaluate("one => one.click()")
        seen = window.evaluate("one => [one.scrollLeft, one.clientWidth]")
        width = (window.evaluate("one => one.scrollWidth") - 60) / 300
        assert seen[0] - 60 <= at * width <= seen[0] + seen[1]
    window.focus()
    for key, at in (("Control+End", 299), ("Control+Home", 0)):
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        assert inside(page.locator(".token").nth(at), answer)


def test_a_choice_in_another_text_brings_the_cell_there(open_page: Open) -> None:
    first, second = attribution(), attribution(3, prompt=PROMPT.replace("Add", "Sum"))
    page = open_page([first, second], names=["first", "second"])
    shown = page.locator("#cell .map-name")
    assert shown.inner_text() == "first"
    strip = page.locator(".strip").nth(1)
    strip.locator(".token").nth(2).click()
    assert shown.inner_text() == "second"
    assert page.locator("#cell .entry code").first.inner_text() == "▁4"
    page.locator(".strip").first.locator(".part").nth(1).click()
    assert shown.inner_text() == "first"
    assert page.locator("#cell .entry code").last.inner_text() == PROMPT[slice(*FEATURES[1])]


def drag(page: "Page", start: int, end: int) -> None:
    page.locator(".token").nth(start).hover()
    page.mouse.down()
    page.locator(".token").nth(end).hover()
    page.mouse.up()


def test_tokens_that_are_dragged_over_are_summed(open_page: Open) -> None:
    run = attribution()
    error = run.margin
    assert error is not None
    page = open_page([run, depth()])
    drag(page, 4, 2)
    sums, bounds = run.heatmap.values[2:5].sum(axis=0), error[2:5].sum(axis=0)
    titles = page.locator(".part").evaluate_all("all => all.map(one => one.title)")
    assert titles == [f"{written(*one)} nats" for one in zip(sums, bounds, strict=True)]
    pressed = page.locator('.token[aria-pressed="true"]').all_text_contents()
    assert pressed == [token.strip() for token in TOKENS[2:5]]
    card = page.locator("#token").inner_text()
    strongest = int(np.abs(sums).argmax())
    assert "3 tokens, 3 to 5 of 7, summed" in card
    number = f"{written(sums[strongest], bounds[strongest])} ± ≤ "
    assert page.locator(".ranked .share").first.inner_text().startswith(number)
    fragment = page.evaluate("location.hash")
    assert "2-4" in fragment
    page.locator(".token").nth(2).click()
    page.keyboard.press("Shift+ArrowRight")
    assert page.locator('.token[aria-pressed="true"]').count() == 2
    page.keyboard.press("Escape")
    assert page.locator('.token[aria-pressed="true"]').count() == 0
    page.evaluate("to => { location.hash = to; }", fragment)
    page.locator('.token[aria-pressed="true"]').nth(2).wait_for()
    assert page.locator('.token[aria-pressed="true"]').all_text_contents() == pressed


def test_arcs_lead_from_the_token_to_its_parts_as_wide_as_their_nats(open_page: Open) -> None:
    run = attribution()
    page = open_page([run])
    page.locator(".token").nth(2).click()
    reach = np.abs(run.heatmap.values).max()
    page.wait_for_timeout(50)
    arcs = page.locator(".threads path").evaluate_all(
        "all => all.map(one => [one.dataset.part, one.getAttribute('stroke-width'), one.className"
        ".baseVal])"
    )
    own = run.heatmap.values[2]
    expected = [at for at in range(len(own)) if abs(own[at]) >= 0.03 * np.abs(own).max()]
    assert [int(part) for part, _, _ in arcs] == expected
    for part, width, kind in arcs:
        assert float(width) == pytest.approx(8 * abs(own[int(part)]) / reach)
        assert kind == ("opposes" if own[int(part)] < 0 else "supports")
    page.keyboard.press("Escape")
    page.wait_for_timeout(50)
    assert page.locator(".threads path").count() == 0, "the whole answer has no place of its own"


def test_the_card_tells_what_is_known_of_a_token(open_page: Open) -> None:
    run, deep = replace(attribution(), evidence=evidence()), depth()
    page = open_page([run, deep])
    page.locator(".token").nth(1).click()
    card = page.locator("#token")
    facts = dict(
        zip(
            card.locator("dt").all_text_contents(),
            card.locator("dd").all_text_contents(),
            strict=True,
        )
    )
    assert facts["probability"] == "25.0 %, rank 2"
    assert facts["runner-up"] == "▁8 was ahead (62.5 %)"
    assert facts["settles at layer"].startswith(f"{deep.settling_depth[1]} of 6")
    order = np.argsort(-np.abs(run.heatmap.values[1]))
    labels = [run.heatmap.columns.labels[i] for i in order]
    assert card.locator(".ranked button").all_text_contents() == labels[:4]
    card.locator(".ranked button").first.click()
    assert page.locator(".part").nth(int(order[0])).get_attribute("aria-pressed") == "true"


def test_a_layer_after_the_other_says_how_probable_its_candidates_are(open_page: Open) -> None:
    deep = depth()
    assert deep.readings is not None
    page = open_page([deep])
    page.locator(".token").nth(3).click()
    slider = page.locator(".scrubber input")
    assert slider.get_attribute("max") == "5"
    for layer in (1, 4):
        slider.fill(str(layer))
        shown = page.locator(".candidates li").all_inner_texts()
        says = dict(deep.readings.says(layer, 3))
        assert len(shown) >= 3
        for line in shown:
            label, share = line.split("\n")
            known = says.get(label)
            expected = "not among the first" if known is None else f"{100 * known:.1f} %"
            assert share == expected
        assert page.locator("#cell .entry code").first.inner_text() == str(layer)
    heights = page.locator(".scrubber polyline").count()
    assert heights >= len(shown)


def test_questions_lead_to_what_answers_them(open_page: Open) -> None:
    maps = [attribution(), depth()]
    page = open_page(maps)
    page.keyboard.press("Escape")
    buttons = page.locator(".questions button")
    asked = questions(maps)
    assert buttons.all_text_contents() == [one["text"] for one in asked]
    for number, question in enumerate(asked):
        buttons.nth(number).click()
        heatmap = maps[question["map"]].heatmap
        assert page.locator("#cell .entry code").all_text_contents() == [
            heatmap.rows.labels[question["row"]],
            heatmap.columns.labels[question["column"]],
        ]
        assert page.locator('[aria-pressed="true"]').count() >= 1


def test_what_an_address_says_wrongly_is_dropped(open_page: Open) -> None:
    page = open_page([attribution()])
    page.locator(".token").nth(0).click()
    known = page.evaluate("decodeURIComponent(location.hash)")
    answer = re.findall(r"chosen=(\w+):", known)[0]
    one = re.findall(r"cell=(\w+):", known)[0]
    for wrong in (
        "chosen=99:999", f"chosen=zz:1,{answer}:7", f"chosen={answer}:5-2", f"cell={one}:7:0",
        "attribution.palette=none&attribution.sort=x&answer=paragraph",
        "chosen=9:99&cell=7:1:1", "1.sort=x&1.zoom=1e9&cell=0:99:0", "attribution.zoom=x&%",
    ):  # fmt: skip
        page.evaluate("to => { location.hash = to; }", wrong)
        page.wait_for_function(
            "wrong => !decodeURIComponent(location.hash).includes(wrong)", arg=wrong
        )
        kept = page.evaluate("decodeURIComponent(location.hash)")
        assert kept in ("", "#", "#chosen=none", "#cell=none", "#chosen=none&cell=none")
        assert page.locator(".window canvas").is_visible()


def test_an_address_means_the_same_on_a_page_with_more_maps(open_page: Open) -> None:
    run, deep = attribution(), depth()
    page = open_page([run, deep])
    page.locator(".token").nth(2).click()
    page.locator(".part").nth(1).hover()
    page.get_by_label("Columns").nth(1).select_option("sum")
    fragment = page.evaluate("location.hash")
    other = attribution(5, prompt="Another. Two.", features=((0, 7),))
    again = open_page([other, deep, run], fragment)
    assert again.locator('[aria-pressed="true"]').all_text_contents() == ["4", "4"]
    assert again.locator("#cell .entry code").first.inner_text() == "▁4"
    assert again.locator("#cell .map-name").inner_text() == "map 3"
    assert "depth.sort=sum" in again.evaluate("location.hash")


def test_sentences_settle_at_their_median_and_colour_their_tokens(open_page: Open) -> None:
    deep = depth()
    page = open_page([deep])
    page.get_by_label("Answer in").select_option("sentence")
    depths = deep.settling_depth
    titles = page.locator(".token").evaluate_all("all => all.map(one => one.title)")
    groups: list[Any] = [depths[:6], depths[6:]]
    expected = [
        f"sentence: median layer {np.median(own):g} of 6, {int((own >= 6).sum())} of {len(own)} "
        "tokens deep"
        for own in groups
        for _ in own
    ]
    assert titles == expected
    page.locator(".token").first.click()
    facts = page.locator("#cell").inner_text()
    assert f"{np.median(depths[:6]):g} of 6" in facts
    assert f"{int((depths[:6] >= 6).sum())} of 6" in facts


def test_spaces_are_no_tokens_and_depth_is_a_thin_line(open_page: Open) -> None:
    tokens = (" one", "  ", "\n", " two ", ".")
    deep = replace(depth(tokens=tokens), settling_depth=np.array([6, 2, 3, 6, 1]))
    page = open_page([deep])
    assert page.locator(".token").all_text_contents() == ["one", "␣", "⏎", "two", "."]
    assert page.locator(".answer").inner_text().split() == ["one␣⏎", "two", "."]
    filled = page.locator(".token").evaluate_all("all => all.map(one => one.style.background)")
    assert filled == [""] * 5
    widths = page.locator(".token").evaluate_all(
        "all => all.map(one => [one.classList.contains('deep'), "
        "parseFloat(getComputedStyle(one).borderBottomWidth)])"
    )
    assert widths == [[True, 5], [False, 2], [False, 2], [True, 5], [False, 2]]
