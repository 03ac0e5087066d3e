"""Short accounts: every sentence of 500 random maps is read back, and none has too many words."""

import re
from statistics import median

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.heatmap import Heatmap
from bathyscope.description.words.short import numbers
from tests.description import short_others, short_sentences
from tests.description.depth_sentences import DepthTruth
from tests.description.random_runs import OTHERS, random_runs
from tests.description.reader import short_page
from tests.description.truth import Truth, margins_of


def read(run: object) -> set[str]:
    """Read a short account back; return the names of the rules that read its sentences."""
    found = short_page(bs.describe(run, short=True))  # type: ignore[arg-type]
    require_few_digits(" ".join(found.short))
    if isinstance(run, Heatmap):
        return set(short_sentences.plain.read_short(found, Truth.of(run)))
    if isinstance(run, bs.DepthRun):
        return set(short_sentences.depth.read_short(found, DepthTruth.of_run(run)))
    if isinstance(run, bs.Comparison):
        return set(short_sentences.comparison.read_short(found, run))
    assert isinstance(run, bs.AttributionRun)
    contrast = run.heatmap.provenance.get("against") is not None
    tokens = len(run.heatmap.rows) - contrast
    truth = Truth.of(run.heatmap, margins_of(run), tokens or None, run)
    truth.row_noun = truth.row_noun if tokens else "row"
    told = set(short_sentences.attribution.read_short(found, truth))
    assert len(told & {"driven", "one_cell", "none_driven"}) == 1
    assert ("caution" in told) != run.heatmap.provenance["generated"]
    return told


def require_few_digits(said: str) -> None:
    """Fail where a number has more than four digits that count; whole ones have all they need."""
    for number in re.findall(r"\d[\d,]*\.\d+|\d+(?=e[+−]\d)", said):
        digits = re.sub(r"[.,]", "", number).lstrip("0")
        assert len(digits) <= 4, f"{number} in {said}"


def words_of(run: object) -> int:
    return len(bs.describe(run, "text", short=True).split())  # type: ignore[arg-type]


def test_every_sentence_of_500_random_maps_is_true_and_short() -> None:
    runs = random_runs()
    told = [read(run) for run in runs]
    words = [words_of(run) for run in runs]
    assert len(runs) == 500 and median(words) <= 80 and max(words) <= 90
    rules = ("attribution", "plain", "depth", "comparison")
    known = {name for rule in rules for name, _, _ in getattr(short_sentences, rule).rules}
    assert set().union(*told) == known, "every rule has read a sentence"


@pytest.mark.parametrize("kind", OTHERS)
def test_every_sentence_of_other_kinds_is_true_and_short(kind: str) -> None:
    rules = getattr(short_others, {"depth_groups": "groups_of_depth"}.get(kind, kind))
    told = set()
    for seed in range(40):
        run = OTHERS[kind](np.random.default_rng(seed))
        found = short_page(bs.describe(run, short=True))
        require_few_digits(" ".join(found.short))
        told |= set(rules.read_short(found, run))
        assert words_of(run) <= 90
    unsaid = {name for name, _, _ in rules.rules} - told
    assert unsaid <= {"caution", "unknown", "unvaried"}, "every rule has read a sentence"


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (0.059013207753499344, "0.060"),
        (0.05, "0.050"),
        (1.0000001, "1.1"),
        (0.0996, "0.10"),
        (130.0, "130"),
        (131.0, "140"),
        (999_999.0, "1.0e+06"),
        (5e-324, "4.9e−324"),
        (0.0, "0"),
    ],
)
def test_sizes_are_rounded_up_to_two_digits(size: float, written: str) -> None:
    assert numbers.at_most(size) == written
    assert short_sentences.number(written) >= size


@pytest.mark.parametrize(
    ("half", "written"),
    [(None, ""), (0.0, " ± 0"), (0.5, " ± 0.50"), (130.2, " ± 130"), (1234.0, " ± 1,200")],
)
def test_margins_have_two_digits(half: float | None, written: str) -> None:
    assert numbers.margin(half) == written
