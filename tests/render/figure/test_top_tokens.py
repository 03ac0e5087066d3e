"""Top tokens in the cells of a depth map, merged where layers in a row say the same."""

import math
from dataclasses import replace

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.heatmap import Axis
from bathyscope.render.figure.top_tokens import runs_of
from bathyscope.runs.evidence import Evidence
from bathyscope.runs.readings import Readings
from tests.render.figure.test_draw import assert_legible, depth_run

IDS = np.array(
    # layers 1 … 11 of three tokens
    [
        [1, 1, 1, 2, 2, 2, 2, 3, 3, 1, 1],
        [4, 5, 6, 7, 8, 9, 4, 5, 6, 7, 8],
        [3] * 11,
    ]
).T
LABELS = {id: f"▁w{id}" for id in range(10)} | {3: "▁the"}
GREEDY = (3, 8, 3)


def run_with_readings() -> bs.DepthRun:
    run = depth_run(tokens=3)
    chances = np.linspace(0.05, 0.9, IDS.size).reshape(*IDS.shape, 1)
    greedy = Axis("greedy", tuple(LABELS[id] for id in GREEDY), GREEDY)
    evidence = Evidence(
        Axis("token", ("a", "b", "c"), (0, 1, 2)), np.log([0.5, 0.4, 0.3]), np.array([2, 2, 2]),
        greedy, np.log([0.6, 0.6, 0.6]),
    )  # fmt: skip
    readings = Readings({}, IDS[..., None], chances, LABELS, {})
    return replace(run, readings=readings, evidence=evidence)


def by_hand(column: int) -> list[tuple[int, int, int]]:
    """Return first layer, last layer and id of every run of equal tokens."""
    found: list[tuple[int, int, int]] = []
    for layer, id in enumerate(IDS[:, column].tolist()):
        if found and found[-1][2] == id:
            found[-1] = (found[-1][0], layer, id)
        else:
            found.append((layer, layer, id))
    return found


@pytest.mark.parametrize("look", [{}, {"transpose": True}, {"width": "page"}])
def test_runs_of_a_token_are_one_label(look: dict[str, bool]) -> None:
    run = run_with_readings()
    figure = bs.figure(run, top_tokens=True, settling=True, **look)  # type: ignore[arg-type]
    assert_legible(figure)
    axes = figure.axes[0]
    words = {label.replace("▁", "␣"): id for id, label in LABELS.items()}
    written = [text for text in axes.texts if text.get_text() in words]
    expected = [(column, *one) for column in range(3) for one in by_hand(column)]
    assert len(written) == len(expected) < IDS.size
    for text, (column, first, last, id) in zip(written, expected, strict=True):
        assert words[text.get_text()] == id
        along, across = text.get_position()[:: 1 if look.get("transpose") else -1]
        assert first - 0.5 < along < last + 0.5 and abs(across - column) < 0.5
        assert (text.get_fontweight() == "bold") == (id == GREEDY[column])


def test_probabilities_stand_where_they_fit() -> None:
    run = run_with_readings()
    assert run.readings is not None
    shown = [text.get_text() for text in bs.figure(run, top_tokens=True, width=6.0).axes[0].texts]
    first, last = run.readings.top_probabilities[[0, -1], 2, 0]
    assert f"{first:.2f}→{last:.2f}".replace("0.", ".") in shown
    narrow = [text.get_text() for text in bs.figure(run, top_tokens=True).axes[0].texts]
    assert sum(text.startswith("␣") for text in narrow) == sum(len(by_hand(c)) for c in range(3))


def test_runs_cover_every_cell_once() -> None:
    from bathyscope.render.figure.canvas import View
    from bathyscope.render.lettering import lettering
    from bathyscope.render.look import Part
    from bathyscope.render.palette import scale_of

    run = run_with_readings()
    assert run.readings is not None
    view = View(run.heatmap, Part(range(2, 9), range(1, 3)), scale_of(run.heatmap), lettering([]))
    covered = np.zeros((7, 2), int)
    for one in runs_of(run.readings, view, None):
        covered[one.first : one.last + 1, one.token] += 1
        ids = IDS[2 + one.first : 3 + one.last, 1 + one.token]
        assert set(ids) == {ids[0]} and not one.final
        assert math.isclose(
            one.low, run.readings.top_probabilities[2 + one.first, 1 + one.token, 0]
        )
    assert (covered == 1).all()


def test_digits_and_tokens_are_not_both() -> None:
    with pytest.raises(bs.InputError, match="tokens or numbers"):
        bs.figure(run_with_readings(), top_tokens=True, digits=2)
