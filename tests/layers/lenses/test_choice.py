"""Lenses by name, those of other packages among them."""

import pytest
from torch import Tensor

import bathyscope as bs
from bathyscope.layers.lenses.choice import LENSES
from bathyscope.layers.lenses.lens import Lens
from bathyscope.layers.settings import DepthOverrides, DepthSettings
from bathyscope.model.anatomy import Anatomy
from tests.conftest import tiny

PROMPT, RESPONSE = "Q: 8 + 5?\nA:", " 8 + 5 = 13"


class HalfwayLens(Lens):
    """Reads the mean of the normed and the raw state."""

    name = "halfway"
    summary = "read halfway between raw and normed"

    def __call__(self, anatomy: Anatomy, states: Tensor) -> Tensor:
        return (anatomy.normed(states) + anatomy.projected(states)) / 2


def test_a_lens_of_ones_own_works_in_every_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LENSES._known, "halfway", HalfwayLens)
    model = tiny("llama")
    run = bs.depth(model, PROMPT, RESPONSE, lens="halfway")
    usual = bs.depth(model, PROMPT, RESPONSE)
    assert abs(run.heatmap.values - usual.heatmap.values).max() > 1e-3
    assert "read halfway between raw and normed" in bs.describe(run)
    quick = bs.settle(model, PROMPT, RESPONSE, lens="halfway")
    assert quick.settling_depth.tolist() == run.settling_depth.tolist()
    streamed = list(bs.stream(model, PROMPT, lens="halfway", max_new_tokens=2))
    written = bs.depth(model, PROMPT, lens="halfway", max_new_tokens=2)
    assert [token.settling_depth for token in streamed] == written.settling_depth.tolist()


def test_a_run_through_a_lens_that_is_not_installed_is_told_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(LENSES._known, "halfway", HalfwayLens)
    run = bs.depth(tiny("llama"), PROMPT, RESPONSE, lens="halfway")
    monkeypatch.undo()
    assert "halfway" not in LENSES
    assert "Intermediate layers are read halfway between raw and normed" in bs.describe(run)


def test_an_unknown_lens_is_refused_before_the_first_token() -> None:
    for verb in (bs.depth, bs.settle, bs.stream):
        with pytest.raises(bs.InputError, match="lens 'bogus' is not known"):
            verb(tiny("llama"), PROMPT, lens="bogus")


def test_every_setting_of_depth_is_a_keyword_and_comes_back_from_the_record() -> None:
    names = set(DepthSettings.__dataclass_fields__)
    assert set(DepthOverrides.__annotations__) == names
    made = DepthSettings(
        lens="raw", threshold=0.25, depth_fraction=0.5, top_k=2, statistics=("rank",),
        max_new_tokens=3, begin="always",
    )  # fmt: skip
    run = bs.depth(tiny("llama"), PROMPT, settings=made)
    assert DepthSettings.from_document(run.heatmap.provenance) == made
    default = DepthSettings()
    same = {name for name in names if getattr(made, name) == getattr(default, name)}
    assert same == {"translators", "progress", "chat", "system", "no_system"}
