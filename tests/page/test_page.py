"""The page in real Chromium: pointing, choosing, keys, links between maps, what is exported."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bathyscope as bs
from tests.page.conftest import Open
from tests.page.hand_made import (
    FEATURES,
    PROMPT,
    TOKENS,
    attribution,
    depth,
    evidence,
    long_depth,
    table,
)
from tests.page.test_document import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page


def window(page: "Page", number: int = 0) -> "Locator":
    return page.locator(".window").nth(number)


def exported(page: "Page", kind: str, number: int = 0) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=kind).nth(number).click()
    return Path(download.value.path()).read_bytes()


def lines_of(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8"), newline="")))


def lit(page: "Page") -> list[str]:
    return page.locator(".lit").all_text_contents()


def decimals(margin: float) -> int:
    return max(0, min(4, 1 - int(np.floor(np.log10(margin))))) if margin else 4


def written(value: float, margin: float = 0.0) -> str:
    """Return a signed value as the page writes it: half its interval has two digits."""
    return f"{'−' if value < 0 else '+'}{abs(value):.{decimals(margin)}f}"


def point_at(page: "Page", number: int, row: str, column: str) -> None:
    """Move the pointer over a map until the page says that it is on a cell."""
    box = window(page, number).locator("canvas").bounding_box()
    assert box is not None
    for y in range(50, int(box["height"]), 24):  # cells here are 28 pixels high and 76 wide
        for x in range(60, int(box["width"]), 64):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if page.locator("#cell .entry code").all_text_contents() == [row, column]:
                return
    raise AssertionError(f"no cell {row} x {column} under the pointer")


def test_it_opens_at_the_largest_cell(open_page: Open) -> None:
    run = attribution()
    page = open_page([run, depth()])
    row, column = np.unravel_index(np.abs(run.heatmap.values).argmax(), run.heatmap.values.shape)
    assert page.locator("#cell .entry code").all_text_contents() == [
        run.heatmap.rows.labels[row],
        run.heatmap.columns.labels[column],
    ]
    value, error = run.heatmap.values[row, column], run.standard_error
    assert error is not None and run.margin is not None
    facts = page.locator("#cell").inner_text()
    own, margin = error[row, column], run.margin[row, column]
    shown = page.locator("#cell .value").text_content() or ""
    assert shown == f"{written(value, margin)} nats ± {margin:.{decimals(margin)}f}"
    assert f"{own:.{decimals(own)}f}" in facts
    assert repr(float(value))[:8] not in facts, "digits that the error says nothing of"
    assert f"{written(value - margin, margin)} to {written(value + margin, margin)}" in facts
    assert f"{abs(run.all[row]):.4f}" in facts and f"{abs(run.none[row]):.4f}" in facts


@pytest.mark.parametrize("kind", [attribution, depth])
def test_a_cell_tells_how_probable_its_token_was(open_page: Open, kind: Any) -> None:
    run = replace(kind(), evidence=evidence())
    page = open_page([run])
    facts = page.locator("#cell dl")
    expected = [
        ("1.0e-5, rank 14", "▁8 (62.5 %)"),
        ("25.0 %, rank 2", "▁8 (62.5 %)"),
        ("50.0 %, rank 1", ""),
    ]
    for index, (own, other) in enumerate(expected):
        page.locator(".token").nth(index).click()
        shown = dict(
            zip(
                facts.locator("dt").all_text_contents(),
                facts.locator("dd").all_text_contents(),
                strict=True,
            )
        )
        assert shown["the token's probability"] == own
        assert shown.get("most probable here", "") == other


def test_pointing_at_a_cell_lights_the_text_and_the_other_map(open_page: Open) -> None:
    page = open_page([attribution(), depth()])
    before = window(page, 1).locator("canvas").screenshot()
    point_at(page, 0, "▁7", PROMPT[slice(*FEATURES[1])])
    assert lit(page) == [PROMPT[slice(*FEATURES[1])], TOKENS[4].strip()]
    page.wait_for_timeout(50)
    assert window(page, 1).locator("canvas").screenshot() != before


def test_a_token_lights_only_its_own_place(open_page: Open) -> None:
    """` 7` stands twice in the answer: places are kept apart, labels are no keys."""
    page = open_page([attribution(), depth()])
    page.locator(".token").nth(6).hover()
    assert page.locator(".token.lit").evaluate_all("all => all.map(one => one.dataset.at)") == ["6"]


def test_a_chosen_token_colours_the_prompt_by_what_drove_it(open_page: Open) -> None:
    run = attribution()
    error, of_whole = run.margin, run.whole_target_margin
    assert error is not None and of_whole is not None
    page = open_page([run])
    for row in (1, 4):
        page.locator(".token").nth(row).click()
        titles = page.locator(".part").evaluate_all("all => all.map(one => one.title)")
        own = zip(run.heatmap.values[row], error[row], strict=True)
        expected = [f"{written(value, within)} nats" for value, within in own]
        assert titles == expected
        colours = page.locator(".part").evaluate_all("all => all.map(one => one.style.background)")
        signs = ["red" if v < 0 else "blue" for v in run.heatmap.values[row]]
        assert [tint(colour) for colour in colours] == signs
    page.keyboard.press("Escape")
    whole = page.locator(".part").evaluate_all("all => all.map(one => one.title)")
    sums = zip(run.whole_target, of_whole, strict=True)
    assert whole == [f"{written(value, within)} nats" for value, within in sums]


def test_a_long_prompt_shows_the_part_that_drove_most(open_page: Open) -> None:
    lines = [f"line {i} of many\n" for i in range(60)]
    starts = np.cumsum([0, *map(len, lines)]).tolist()
    spans = tuple((start, start + 6) for start in starts[:60:6])
    run = attribution(prompt="".join(lines), features=spans)
    page = open_page([run])
    page.keyboard.press("Escape")
    for row in range(len(TOKENS)):
        page.locator(".token").nth(row).click()
        part = page.locator(".part").nth(int(np.abs(run.heatmap.values[row]).argmax()))
        box, seen = part.bounding_box(), page.locator(".prompt").bounding_box()
        assert box and seen
        assert seen["y"] <= box["y"] and box["y"] + box["height"] <= seen["y"] + seen["height"]


def tint(colour: str) -> str:
    red, _, blue = map(int, re.findall(r"\d+", colour)[:3])
    return "red" if red > blue else "blue"


def test_a_chosen_part_colours_the_answer_by_what_it_drove(open_page: Open) -> None:
    run, deep = attribution(), depth()
    page = open_page([run, deep])
    titles = "all => all.map(one => one.title)"
    settled = [
        f"settles at layer {layer} of 6{', deep' if layer >= 6 else ''}"
        for layer in deep.settling_depth
    ]
    assert page.locator(".token").evaluate_all(titles) == settled
    page.locator(".part").nth(2).click()
    assert run.margin is not None
    own = zip(run.heatmap.values[:, 2], run.margin[:, 2], strict=True)
    expected = [f"{written(value, within)} nats" for value, within in own]
    assert page.locator(".token").evaluate_all(titles) == expected
    assert page.locator(".part").nth(2).get_attribute("aria-pressed") == "true"
    page.locator(".part").nth(2).click()
    assert page.locator(".token").evaluate_all(titles) == settled


def test_keys_move_the_cursor_and_choose(open_page: Open) -> None:
    run = attribution()
    page = open_page([run, depth()])
    page.keyboard.press("m")
    page.keyboard.press("Control+Home")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    labels = [run.heatmap.rows.labels[2], run.heatmap.columns.labels[1]]
    assert page.locator("#cell .entry code").all_text_contents() == labels
    spoken = page.locator("#spoken").text_content()
    assert spoken is not None and run.margin is not None
    assert f"{written(run.heatmap.values[2, 1], run.margin[2, 1])} nats" in spoken
    page.keyboard.press("Enter")
    assert page.locator(".token").nth(2).get_attribute("aria-pressed") == "true"
    page.keyboard.press("Space")
    assert page.locator(".part").nth(1).get_attribute("aria-pressed") == "true"
    page.keyboard.press("m")
    page.keyboard.press("Control+End")
    page.keyboard.press("ArrowUp")
    assert page.locator("#cell .entry code").all_text_contents() == ["2", "▁7"]
    page.keyboard.press("t")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator(".part").nth(1).get_attribute("aria-pressed") == "false"


def test_the_key_list_is_seen_and_true(open_page: Open) -> None:
    page = open_page([attribution(), depth()])
    assert not page.locator("dl.keys kbd").first.is_visible()
    page.keyboard.press("?")
    assert page.locator("dl.keys kbd").first.is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dl.keys kbd").first.is_visible()
    acts: dict[str, Any] = {
        "s": lambda: page.get_by_label("Columns").first.input_value(),
        "u": lambda: page.get_by_label("Answer in").input_value(),
        "f": lambda: page.get_by_label("Prompt in").input_value(),
        "l": lambda: page.get_by_label("Scale").first.input_value(),
        "]": lambda: page.locator(".amount").first.text_content(),
        "+": lambda: page.evaluate("location.hash"),
        "c": lambda: page.get_by_label("Colours").first.input_value(),
        "d": lambda: page.locator("html").get_attribute("data-theme"),
        "/": lambda: page.evaluate("document.activeElement.type"),
    }
    for key, state in acts.items():
        before = state()
        page.keyboard.press(key)
        assert state() != before, key
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("keys without Ctrl").uncheck()
    page.get_by_role("button", name="Close").click()
    before = acts["d"]()
    page.keyboard.press("d")
    assert acts["d"]() == before


def test_columns_are_sorted_and_filtered(open_page: Open) -> None:
    run = attribution()
    page = open_page([run])
    page.locator(".token").nth(3).click()
    heads = page.locator("thead th[scope=col]")
    page.get_by_label("Columns").select_option("value")
    order = np.argsort(-run.heatmap.values[3])
    labels = run.heatmap.columns.labels
    assert heads.all_text_contents()[1:] == [labels[i] for i in order]
    page.get_by_label("Only with").fill("FIVE")
    assert heads.all_text_contents()[1:] == [labels[2]]
    assert "3 of 4 columns hidden" in page.locator(".note").inner_text()
    page.get_by_label("Only with").fill("nothing like it")
    assert page.locator(".empty").inner_text() == "No column contains “nothing like it”."


def test_words_are_sums_of_tokens_and_their_errors_bounds(open_page: Open) -> None:
    run, deep = attribution(), depth()
    page = open_page([run, deep])
    page.get_by_label("Answer in").select_option("word")
    sums = lines_of(exported(page, "CSV"))
    words = [[0], [1], [2], [3], [4, 5], [6]]
    values, error = run.heatmap.values, run.standard_error
    assert error is not None
    expected = [values[word].sum(axis=0) for word in words]
    assert [float(line["value"]) for line in sums] == pytest.approx(np.ravel(expected))
    bounds = [error[word].sum(axis=0) for word in words]
    stated = [float(line["standard_error_at_most"]) for line in sums]
    assert stated == pytest.approx(np.ravel(bounds))
    means = lines_of(exported(page, "CSV", 1))
    averaged = np.stack([deep.heatmap.values[:, word].mean(axis=1) for word in words], axis=1)
    assert [float(line["value"]) for line in means] == pytest.approx(averaged.ravel())
    page.get_by_label("Answer in").select_option("")
    page.get_by_label("Prompt in").select_option("sentence")
    merged = lines_of(exported(page, "CSV"))
    assert [line["column_label"] for line in merged[:2]] == ["Two … 3 … five", "7 is 7"]
    assert float(merged[0]["value"]) == pytest.approx(values[0, :3].sum())


def test_the_exported_table_is_the_runs_own(open_page: Open, tmp_path: Path) -> None:
    for run in (attribution(), depth(), attribution(sampled=False)):
        run.save(tmp_path / "run", overwrite=True)
        page = open_page([run])
        saved = lines_of((tmp_path / "run" / "scores.csv").read_bytes())
        written = lines_of(exported(page, "CSV"))
        assert [list(line) for line in written] == [list(line) for line in saved]
        for ours, theirs in zip(written, saved, strict=True):
            for column, text in theirs.items():
                number = column in ("value", "standard_error")
                assert (float(ours[column]) == float(text)) if number else (ours[column] == text)


def test_pictures_are_exported(open_page: Open) -> None:
    page = open_page([attribution(), depth()], names=["one", "two"])
    assert exported(page, "PNG").startswith(b"\x89PNG")
    svg = exported(page, "SVG", 1).decode()
    assert "<image" in svg and "▁7" in svg and "deep-thinking ratio" in svg
    broken = (
        "svg => new DOMParser().parseFromString(svg, 'image/svg+xml').querySelector('parsererror')"
    )
    assert page.evaluate(broken, svg) is None


def test_two_runs_side_by_side_share_one_scale(open_page: Open) -> None:
    small, large = attribution(0), attribution(3, prompt=PROMPT.replace("Add", "Sum"))
    page = open_page([small, large], names=["small", "large"])
    assert page.locator(".stage").count() == 1
    named = page.locator("figcaption h3")
    assert [one.text_content() for one in named.all() if one.is_visible()] == ["small", "large"]
    left, right = (page.locator("figure").nth(i).bounding_box() for i in (0, 1))
    assert left and right and left["y"] == right["y"] and left["x"] < right["x"]
    reach = max(np.abs(run.heatmap.values).max() for run in (small, large))
    ends = page.locator(".colour-bar").first.locator(".ticks span").all_text_contents()
    assert ends[-1] == f"{reach:.3g}" and ends[0] == f"−{reach:.3g}"
    point_at(page, 1, "▁=", PROMPT[slice(*FEATURES[0])])
    assert page.locator(".token.lit").count() == 2  # the same answer stands in both texts


def test_symmetric_log_keeps_signs_and_ends(open_page: Open) -> None:
    page = open_page([table([[-200.0, -1.0, 0.0, 0.01, 1.0, 200.0]])])
    page.get_by_label("Scale").select_option("log")
    ticks = page.locator(".colour-bar .ticks span").all_text_contents()
    # Linear up to 2; from there two powers of ten to 200: 3 steps, of which 1.5 are half.
    assert ticks == ["−200", f"−{2 * 10**0.5:.3g}", "0", f"{2 * 10**0.5:.3g}", "200"]
    assert "symmetric log" in page.locator(".colour-bar .legend").inner_text()


def test_the_threshold_leaves_small_cells_blank_and_says_how_many(open_page: Open) -> None:
    page = open_page([table([[-4.0, -1.0, 0.0, 0.5, 2.0]])])
    page.get_by_label("Blank below").fill("30")
    assert "3 of 5 cells below the threshold are blank" in page.locator(".note").inner_text()
    assert page.locator(".amount").inner_text() == "1.2"


def test_what_is_no_number_is_never_zero(open_page: Open) -> None:
    page = open_page([table([[np.nan, 1.0], [np.inf, -2.0]])])
    note = page.locator(".note").inner_text()
    assert "1 cell holds no number" in note and "1 infinite" in note
    cells = page.locator("tbody td").all_text_contents()
    assert cells == ["no number", "+1.0000", "+∞", "−2.0000"]
    assert [line["value"] for line in lines_of(exported(page, "CSV"))] == ["nan", "1", "inf", "-2"]


@pytest.mark.parametrize("values", [[[0.0]], [[np.nan, np.nan]], [[0.5] * 4000]])
def test_maps_at_the_edge(open_page: Open, values: Any) -> None:
    page = open_page([table(values)])
    assert window(page).locator("canvas").is_visible()
    assert len(page.locator("tbody td").all()) <= 600


def test_the_address_keeps_the_view(open_page: Open) -> None:
    page = open_page([attribution(), depth()])
    assert page.evaluate("location.hash") in ("", "#")
    page.locator(".part").nth(1).click()
    page.get_by_label("Answer in").select_option("word")
    page.get_by_label("Columns").first.select_option("sum")
    page.get_by_label("Scale").first.select_option("log")
    page.get_by_label("Blank below").first.fill("10")
    page.keyboard.press("d")
    fragment = page.evaluate("location.hash")
    again = open_page([attribution(), depth()], fragment)
    assert again.evaluate("location.hash") == fragment
    assert again.locator("html").get_attribute("data-theme") == "dark"
    assert again.locator(".part").nth(1).get_attribute("aria-pressed") == "true"
    assert again.locator("thead").first.inner_text() == page.locator("thead").first.inner_text()
    assert again.get_by_label("Answer in").input_value() == "word"


def test_hostile_text_stays_text(open_page: Open) -> None:
    parts = ((0, len(HOSTILE)), (len(HOSTILE) + 1, len(HOSTILE) + 9))
    drove = attribution(prompt=f"{HOSTILE} </title>", features=parts, tokens=(HOSTILE, " b"))
    deep = depth(prompt=f"{HOSTILE} </title>", tokens=(HOSTILE, " b"))
    page = open_page([drove, deep], names=[HOSTILE, "two"])
    page.on("dialog", lambda dialog: pytest.fail("a token was run"))
    assert "<script>alert(1)</script></script>-->" in page.locator(".part").first.inner_text()
    page.locator(".token").first.click()
    assert "<script>alert(1)" in page.locator("#cell").inner_text()
    assert page.locator("script").count() == 2
    assert "&lt;script&gt;" in exported(page, "SVG").decode()


def test_what_a_layer_would_have_said(open_page: Open) -> None:
    deep = depth()
    assert deep.readings is not None
    page = open_page([deep])
    page.keyboard.press("m")
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowRight")
    says = deep.readings.says(5, 1)
    shown = page.locator("ol.top li").all_inner_texts()
    for line, (label, probability) in zip(shown, says, strict=True):
        assert label in line and f"{100 * probability:.1f} %" in line


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_system(open_page: Open, scheme: Any) -> None:
    page = open_page([attribution()], color_scheme=scheme)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(re.findall(r"\d+", background)[0])
    assert (red < 60) == (scheme == "dark")


def test_forced_colours_and_reduced_motion(open_page: Open) -> None:
    page = open_page([attribution(), depth()], forced_colors="active", reduced_motion="reduce")
    style = "getComputedStyle(document.querySelector('.part'))"
    assert page.evaluate(f"{style}.forcedColorAdjust") == "none"
    assert page.evaluate(f"{style}.transitionDuration") == "0s"
    backgrounds = page.locator(".part").evaluate_all(
        "all => all.map(one => getComputedStyle(one).backgroundColor)"
    )
    assert len(set(backgrounds)) == len(FEATURES)


def test_a_page_works_inside_a_notebooks_frame(browser: "Browser", tmp_path: Path) -> None:
    notebook = tmp_path / "notebook.html"
    attribution().save(tmp_path / "run")
    run = bs.open_run(tmp_path / "run")
    assert isinstance(run, bs.AttributionRun)
    notebook.write_text(f'<meta charset="utf-8">{run._repr_html_()}', encoding="utf-8")
    page = browser.new_page()
    page.goto(notebook.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator(".part").nth(1).click()
    assert frame.locator(".part").nth(1).get_attribute("aria-pressed") == "true"
    with page.expect_download() as download:
        frame.get_by_role("button", name="CSV").click()
    assert len(lines_of(Path(download.value.path()).read_bytes())) == run.heatmap.values.size
    page.close()


def test_a_long_answer_stays_light(open_page: Open, tmp_path: Path) -> None:
    run = long_depth()
    page = open_page([run])
    assert (tmp_path / "page.html").stat().st_size < 1.5e6
    page.locator(".token").nth(3999).wait_for(state="attached")
    assert page.evaluate("document.querySelectorAll('*').length") < 5000
    page.keyboard.press("m")
    page.keyboard.press("Control+End")
    assert window(page).evaluate("one => one.scrollLeft") > 10_000
    shown = page.locator("table tbody tr")
    assert shown.count() == 12 and shown.first.locator("td").count() == 12
    assert page.locator("table").get_attribute("aria-rowcount") == "64"
    assert page.locator("table").get_attribute("aria-colcount") == "4001"
    assert shown.last.locator("td").last.get_attribute("aria-colindex") == "4001"
    assert "rounded to 32 bits" in page.locator(".note").inner_text()
    written = np.array([float(line["value"]) for line in lines_of(exported(page, "CSV"))])
    values = run.heatmap.values.ravel()
    assert (written.astype(np.float32) == values.astype(np.float32)).all()
    assert np.abs(written - values).max() <= 6e-8


def test_curves_and_scores_of_faithfulness(open_page: Open) -> None:
    kept = Path(__file__).parents[1] / "kept_runs" / "schema-1" / "faithfulness"
    run = bs.open_run(kept).noted(["<b>of note</b>"])
    assert isinstance(run, bs.FaithfulnessRun)
    page = open_page([run])
    assert page.locator(".cautions li").all_text_contents() == ["<b>of note</b>"]
    assert page.locator(".curves").count() == 2
    lines = len(run.maps) + 1
    for side, curves in ((0, run.deletion), (1, run.insertion)):
        drawn = page.locator(".curves").nth(side).locator("polyline")
        assert drawn.count() == lines
        for index, curve in enumerate(curves):
            points = (drawn.nth(index).get_attribute("points") or "").split(" ")
            heights = np.array([float(point.split(",")[1]) for point in points])
            values = run.heatmap.values
            share = (curve - values.min()) / (values.max() - values.min())
            np.testing.assert_allclose(heights, 200 - 26 - share * (200 - 26 - 10), atol=1e-6)
    rows = page.locator(".scores tbody tr").all_text_contents()
    assert len(rows) == lines and rows[-1].startswith("random orders0")
    for row, ranked in zip(rows, run.maps, strict=False):
        assert row.startswith(ranked.name) and f"{abs(ranked.area):.4f}" in row


def test_a_comparison_is_three_maps(open_page: Open) -> None:
    page = open_page([bs.compare(attribution(), attribution(seed=5))], names=["both"])
    assert page.locator(".window").count() == 3
    page.locator("#words h3").nth(2).wait_for(state="attached")
    assert page.locator("#words h3").all_text_contents()[-1] == "Two maps compared"
