"""Short accounts: every sentence of 500 random maps is read back, and none has too many words."""

from statistics import median

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.heatmap import Heatmap
from tests.description import short_others, short_sentences
from tests.description.depth_sentences import DepthTruth
from tests.description.random_runs import OTHERS, random_runs
from tests.description.reader import short_page
from tests.description.truth import Truth, margins_of


def read(run: object) -> set[str]:
    """Read a short account back; return the names of the rules that read its sentences."""
    found = short_page(bs.describe(run, short=True))  # type: ignore[arg-type]
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
        told |= set(rules.read_short(short_page(bs.describe(run, short=True)), run))
        assert words_of(run) <= 90
    unsaid = {name for name, _, _ in rules.rules} - told
    assert unsaid <= {"caution", "unknown", "unvaried"}, "every rule has read a sentence"
