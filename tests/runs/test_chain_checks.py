"""Chains whose record is forged, digest and all, are refused: what contradicts or cannot be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.runs.base import Run
from bathyscope.runs.folder import sealed
from tests.conftest import tiny
from tests.reasoning.texts import PROMPT, RESPONSE

Change = Callable[[dict[str, Any]], object]
LONG = "\n".join(f"{i} + {i}" for i in range(8))
RUNS: dict[str, Callable[[], bs.ChainRun]] = {
    "exact": lambda: bs.chain(tiny("llama"), PROMPT, RESPONSE, steps="lines", depth=True),
    "alone": lambda: bs.chain(tiny("llama"), PROMPT, RESPONSE, method="leave_one_out"),
    "sampled": lambda: bs.chain(
        tiny("llama"), PROMPT, LONG, steps="lines", budget=150
    ),
    "unseen": lambda: bs.chain(
        tiny("llama"), PROMPT, RESPONSE, steps="lines", reading="suppression"
    ),
    "logarithms": lambda: bs.chain(
        tiny("llama"), PROMPT, RESPONSE, steps="lines", reading="suppression", variant="ln_kl"
    ),
    "rewritten": lambda: bs.chain(
        tiny("llama"), PROMPT, RESPONSE, steps="lines", reading="resampling", similarity="words",
        n=6, max_new_tokens=4, gold="6",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def documents() -> dict[str, str]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: json.dumps(make().to_document()) for name, make in RUNS.items()}


def opened(text: str, folder: Path, change: Change = lambda document: None) -> Run:
    document = json.loads(text)
    change(document)
    del document["digest"]
    (folder / "run.json").write_text(json.dumps(sealed(document)))
    return bs.open_run(folder)


@pytest.mark.parametrize("name", RUNS)
def test_what_was_not_changed_opens(documents: dict[str, str], name: str, tmp_path: Path) -> None:
    again, before = opened(documents[name], tmp_path).to_document(), json.loads(documents[name])
    for document in (again, before):  # a note says that the arrays are not there
        del document["digest"]
        document.pop("notes", None)
    assert again == before


def spans(*edges: int) -> Change:
    """Return a change of the spans everywhere that they stand, by pairs of edges."""
    steps = [[a, b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return lambda d: d["provenance"].update(step_spans=steps)


def moved(d: dict[str, Any]) -> None:
    """Move every step, on the axes too: the labels are then of another text."""
    for one in [*d["provenance"]["step_spans"], *d["heatmap"]["rows"]["spans"]]:
        one[1] -= 1
    d["heatmap"]["columns"]["spans"][2:] = d["heatmap"]["rows"]["spans"][:-1]


FORGED: list[tuple[str, Change, str]] = [
    ("exact", spans(0, 7, 8, 13, 14, 18, 19, 28), "step_spans are not one behind the other"),
    ("exact", spans(0, 7, 6, 13, 14, 18, 19, 27), "step_spans are not one behind the other"),
    ("exact", spans(0, 7, 8, 8, 14, 18, 19, 27), "step_spans are not one behind the other"),
    ("exact", spans(8, 13, 0, 7, 14, 18, 19, 27), "step_spans are not one behind the other"),
    ("exact", spans(0, 7, 8, 13, 14, 18), "do not fit together"),
    ("exact", spans(0, 6, 8, 13, 14, 18, 19, 27), "spans of the rows are not those"),
    ("exact", spans(), "do not fit together"),
    ("exact", moved, "labels of the rows are not the text"),
    ("exact", lambda d: d["heatmap"]["rows"].update(spans=None), "spans of the rows"),
    ("exact", lambda d: d["heatmap"]["columns"]["labels"].__setitem__(0, "x"), "of the columns"),
    ("exact", lambda d: d["heatmap"]["columns"]["spans"].__setitem__(1, [10, 16]), "the columns"),
    ("exact", lambda d: d["provenance"].update(features=[[3, 9], [8, 17]]), "features are not"),
    ("exact", lambda d: d["provenance"].update(features=[[3, 9], [10, 99]]), "features are not"),
    ("exact", lambda d: d["provenance"].update(features=[[3, 9]]), "do not fit together"),
    ("exact", lambda d: d["provenance"].update(prompt="Q"), "features are not"),
    ("exact", lambda d: d["provenance"].update(given="Q"), "step_spans are not"),
    ("exact", lambda d: d.update(parts=1), "do not fit together"),
    ("exact", lambda d: d["beside"].update(joy=d["beside"]["leave_one_out"]), "beside has joy"),
    ("exact", lambda d: d["beside"].clear(), "beside has nothing"),
    ("exact", lambda d: d["beside"]["leave_one_out"]["quantity"].update(unit="bits"), "'bits'"),
    ("exact", lambda d: d["beside"]["leave_one_out"]["values"][0].__setitem__(4, 1.0), "leave_one"),
    ("exact", lambda d: d["heatmap"]["quantity"].update(unit="bits"), "its unit is 'nats'"),
    ("exact", lambda d: d["heatmap"]["values"][0].__setitem__(3, 1.0), "in the map a step owes"),
    ("exact", lambda d: d["depth"]["deep_share"].__setitem__(0, 1.5), "at most 1"),
    ("exact", lambda d: d["depth"]["deep_share"].__setitem__(0, -0.5), "at least 0"),
    ("exact", lambda d: d["depth"]["deep_share"].__setitem__(0, 1.0), "contradict each other"),
    ("exact", lambda d: d["depth"]["median"].__setitem__(0, 4.0), "contradict each other"),
    ("exact", lambda d: d["depth"]["median"].__setitem__(0, 0.0), "no layer of the model"),
    ("exact", lambda d: d["depth"]["median"].__setitem__(0, 5.0), "no layer of the model"),
    ("exact", lambda d: d["depth"]["median"].__setitem__(0, 1.3), "no layer of the model"),
    ("exact", lambda d: d["depth"]["median"].pop(), "shape"),
    ("exact", lambda d: d["depth"].update(deep_layer=2), "deep_layer is not"),
    ("exact", lambda d: d["all"].__setitem__(0, 0.5), "log-probability is above 0"),
    ("exact", lambda d: d["none"].__setitem__(0, -1.0), "gap is not"),
    ("exact", lambda d: d["total"]["through"].__setitem__(0, 0.9), "total.through"),
    ("exact", lambda d: d["total"].update(hops=9), "total.hops"),
    ("exact", lambda d: d.update(total=None), "has total"),
    ("exact", lambda d: d["rankings"][0]["deletion"].__setitem__(0, -1.0), "area|end"),
    ("exact", lambda d: d["rankings"][0].update(area=3.0), "area of a ranking"),
    ("exact", lambda d: d["rankings"][0]["deletion"].pop(), "shape"),
    ("exact", lambda d: d["provenance"]["reading"].update(exact=False), "contradict"),
    ("exact", lambda d: d["provenance"]["reading"].update(name="suppression"), "contradict"),
    ("exact", lambda d: d.update(low=d["heatmap"]["values"]), "low does not belong"),
    ("exact", lambda d: d.update(unseen=d["heatmap"]["values"]), "bound|contradict"),
    ("exact", lambda d: d.update(standard_error=d["beside"]), "standard_error"),
    ("alone", lambda d: d["beside"].update(leave_one_out={}), "beside"),
    ("sampled", lambda d: d["standard_error"][0].__setitem__(5, 1.0), "in standard_error a step"),
    ("sampled", lambda d: d["standard_error"][-1].__setitem__(0, -1.0), "at least 0"),
    ("sampled", lambda d: d.update(degrees_of_freedom=None), "belong together"),
    ("unseen", lambda d: d["heatmap"]["values"][-1].__setitem__(0, -0.1), "divergence is below 0"),
    ("unseen", lambda d: d["heatmap"]["values"][-1].__setitem__(0, None), "divergence is below 0"),
    ("unseen", lambda d: d["heatmap"]["quantity"].update(unit="bits"), "its unit is 'nats'"),
    ("unseen", lambda d: d.update(all=[0, 0, 0, 0]), "all does not belong to the suppression"),
    ("unseen", lambda d: d["beside"].update(different=d["beside"].popitem()[1]), "log_prob_change"),
    ("logarithms", lambda d: d["heatmap"]["values"][-1].__setitem__(0, 9.0), "log_divergence"),
    ("logarithms", lambda d: d["beside"]["log_divergence"]["values"][-1].__setitem__(0, -30), "le"),
    ("logarithms", lambda d: d.update(parts=2), "do not fit together"),
    ("rewritten", lambda d: d["heatmap"]["values"][0].__setitem__(0, -0.5), "outside 0..inf"),
    ("rewritten", lambda d: d["heatmap"]["values"][0].__setitem__(0, 30.0), "not hold its value"),
    ("rewritten", lambda d: d["low"][0].__setitem__(0, d["high"][0][0] + 1), "not hold its value"),
    ("rewritten", lambda d: d["high"][0].__setitem__(0, None), "where nothing was compared|none"),
    ("rewritten", lambda d: d.update(low=None), "has low"),
    ("rewritten", lambda d: d["beside"]["total_variation"]["values"][0].__setitem__(0, 2), "0..1"),
    ("rewritten", lambda d: d["beside"]["accuracy"]["values"][0].__setitem__(0, -1.5), "-1..1"),
    ("rewritten", lambda d: d["beside"].pop("accuracy"), "beside has"),
    ("rewritten", lambda d: d["beside"]["different"]["values"][0].__setitem__(0, 7), "different"),
    ("rewritten", lambda d: d["beside"]["different"]["values"][0].__setitem__(0, 1.5), "different"),
    ("rewritten", lambda d: d["beside"]["different"]["values"][0].__setitem__(0, 0), "compared"),
    ("rewritten", lambda d: d["provenance"]["reading"]["answers"].pop(), "answers are not"),
    ("rewritten", lambda d: d["provenance"]["reading"]["answers"][0].update(x=1), "answers are"),
    ("rewritten", lambda d: d["provenance"]["reading"].update(tokens_written=10**6), "tokens_wr"),
    ("rewritten", lambda d: d["provenance"]["reading"].update(variant="joy"), "beside has|'joy'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "said"), FORGED, ids=[f"{at} {one[0]}" for at, one in enumerate(FORGED)]
)
def test_what_was_forged_is_refused_in_one_sentence(
    documents: dict[str, str], name: str, change: Change, said: str, tmp_path: Path
) -> None:
    with pytest.raises(bs.InputError, match=said) as error:
        opened(documents[name], tmp_path, change)
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)
