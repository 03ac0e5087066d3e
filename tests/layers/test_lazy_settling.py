"""Bounds never exceed what they bound, and depths found by them are those of the map."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

import bathyscope as bs
from bathyscope.core.settling import settling_depths
from bathyscope.layers import lazy_settling
from bathyscope.layers.bounds import lower_bound, margin
from bathyscope.layers.last_layer import LastLayerComparison
from bathyscope.layers.lazy_settling import Settler
from tests.conftest import tiny
from tests.layers.test_last_layer import PROMPT, RESPONSE, large_vocabulary, weights, with_head


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 10**9),
    heat=st.floats(0.01, 20),
    likeness=st.floats(0, 1),
    chosen=st.integers(1, 60),
    summed=st.integers(0, 60),
)
def test_hunt_for_a_divergence_below_its_bound(
    seed: int, heat: float, likeness: float, chosen: int, summed: int
) -> None:
    """Any tokens, likely or not, any partial sum that includes them, any two distributions."""
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, 60, generator=generator, dtype=torch.float64) * heat
    a = likeness * b + (1 - likeness) * a
    q = b.softmax(-1)
    order = torch.randperm(60, generator=generator)
    some, more = order[:chosen], order[: max(chosen, summed)]
    bound = lower_bound(a[None, some], q[some], a[more].logsumexp(-1)[None])
    p, last = a.softmax(-1).numpy(), q.numpy()
    middle = (p + last) / 2  # SciPy's jensenshannon takes the root of −1e-17 where both are equal
    truth = (rel_entr(p, middle) + rel_entr(last, middle)).sum() / (2 * np.log(2))
    assert float(bound) <= truth + 1e-12


def test_the_bound_is_tight_where_all_is_known() -> None:
    a, b = torch.randn(2, 50, dtype=torch.float64)
    bound = lower_bound(a[None], b.softmax(-1), a.logsumexp(-1)[None])
    truth = jensenshannon(a.softmax(-1).numpy(), b.softmax(-1).numpy(), base=2) ** 2
    assert 0.6 * truth < float(bound) <= truth


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    threshold=st.floats(0, 1),
    spread=st.sampled_from([0.02, 0.2, 1.0, 5.0]),
    noise=st.floats(0, 3),
)
def test_hunt_for_a_depth_that_is_not_the_maps(
    seed: int, threshold: float, spread: float, noise: float
) -> None:
    """A walk towards the last state: divergences of every size, and some near the threshold."""
    anatomy = large_vocabulary(spread)
    torch.manual_seed(seed)
    final = torch.randn(6, 24)
    steps = torch.linspace(1, 0, 6)[:5, None, None]
    rows = final + noise * steps * torch.randn(5, 6, 24)
    values = LastLayerComparison(anatomy).columns(rows, final).bits
    near = float((values - threshold).abs().min()) < 1e-5  # which rounding alone decides
    depths = Settler(anatomy, threshold).depths(rows, final)
    assert near or depths.tolist() == settling_depths(values.numpy(), threshold).tolist()


@pytest.mark.parametrize("seed", range(20))
def test_a_likely_first_token_and_a_bias_change_nothing(seed: int) -> None:
    """Positions with fewer likely tokens are filled up with token 0, which must not count."""
    torch.manual_seed(seed)
    head = torch.nn.Linear(24, 400)
    torch.nn.init.normal_(head.weight, std=0.6)
    torch.nn.init.normal_(head.bias, std=2)
    with torch.no_grad():
        head.bias[0] = 6.0
    anatomy = with_head(head)
    final = torch.randn(12, 24) * torch.linspace(0.1, 4, 12)[:, None]
    rows = final + torch.linspace(2, 0, 6)[:5, None, None] * torch.randn(5, 12, 24)
    values = LastLayerComparison(anatomy).columns(rows, final).bits
    for threshold in (0.1, 0.3, 0.5, 0.8):
        assert float((values - threshold).abs().min()) > 1e-6  # which rounding would decide
        depths = Settler(anatomy, threshold).depths(rows, final)
        assert depths.tolist() == settling_depths(values.numpy(), threshold).tolist()


@pytest.mark.parametrize("lens", ["norm", "raw"])
@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.9])
def test_ratio_only_agrees_with_the_map(family: str, lens: str, threshold: float) -> None:
    model = tiny(family)
    with_map = bs.depth(model, PROMPT, RESPONSE, lens=lens, threshold=threshold)
    without = bs.depth(model, PROMPT, RESPONSE, lens=lens, threshold=threshold, ratio_only=True)
    assert without.settling_depth.tolist() == with_map.settling_depth.tolist()
    assert without.deep_thinking_ratio == with_map.deep_thinking_ratio
    assert without.tokens.labels == with_map.heatmap.columns.labels
    assert 0 <= without.provenance["cells_computed"] <= 1


def test_most_cells_of_a_peaked_model_are_not_computed() -> None:
    anatomy = large_vocabulary(2.0)
    rows, final = torch.randn(20, 10, 24), torch.randn(10, 24)
    settler = Settler(anatomy, 0.5)
    assert settler.depths(rows, final).tolist() == [21] * 10
    assert settler.computed < 0.2 * settler.cells


def test_poor_choices_of_columns_cost_only_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy_settling, "_COLUMNS", 1)
    monkeypatch.setattr(lazy_settling, "_LEAST_PROBABILITY", 0.3)
    test_ratio_only_agrees_with_the_map("gemma3", "norm", 0.5)


def test_an_unembedding_that_is_no_plain_matrix_is_computed_whole() -> None:
    class Scaled(torch.nn.Linear):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return super().forward(input) * 0.5

    anatomy = large_vocabulary(2.0)
    scaled = Scaled(24, 30_000, bias=False)
    scaled.weight = torch.nn.Parameter(weights(anatomy))
    odd = type(anatomy)(**(vars(anatomy) | {"lm_head": scaled}))
    rows, final = torch.randn(5, 4, 24), torch.randn(4, 24)
    values = LastLayerComparison(odd).columns(rows, final).bits
    expected = (rows.double() @ scaled.weight.double().T * 0.5).softmax(-1)
    last = (final.double() @ scaled.weight.double().T * 0.5).softmax(-1)
    np.testing.assert_allclose(
        values.numpy(),
        jensenshannon(expected.detach().numpy(), last.detach().numpy(), axis=-1, base=2) ** 2,
        atol=1e-5,
    )
    depths = Settler(odd, 0.5).depths(rows, final)
    assert depths.tolist() == settling_depths(values.numpy(), 0.5).tolist()


def test_the_margin_grows_with_the_logits_and_the_coarseness_of_their_type() -> None:
    small, large = margin(torch.tensor([1.0, 100.0]), torch.float32)
    assert 1e-5 < small < large < 0.01
    assert margin(torch.tensor(30.0), torch.bfloat16) > 0.1
    assert margin(torch.tensor(30.0), torch.float64) < 1.1e-5


def test_top_k_is_checked() -> None:
    with pytest.raises(bs.InputError, match="vocabulary has 258"):
        bs.depth(tiny("llama"), PROMPT, RESPONSE, top_k=259)
    with pytest.raises(bs.InputError, match="0 or more"):
        bs.depth(tiny("llama"), PROMPT, RESPONSE, top_k=-1)
    with pytest.raises(bs.InputError, match="choose one"):
        bs.depth(tiny("llama"), PROMPT, RESPONSE, top_k=1, ratio_only=True)


def test_groups_of_positions_name_each_likely_token_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy_settling, "_BYTES_AT_ONCE", 7 * 40)  # some groups of one, some of more
    heat = torch.tensor([0.01, 1, 5, 40, 40, 40, 40, 3, 7])[:, None]
    q = (torch.randn(9, 9_000) * heat).softmax(-1)
    seen: dict[int, dict[int, float]] = {}
    sizes = []
    for positions, ids, share in lazy_settling._likely(q, bytes_each=7):
        sizes.append(len(positions))
        for position, id_row, q_row in zip(positions.tolist(), ids, share, strict=True):
            named = [(i, s) for i, s in zip(id_row.tolist(), q_row.tolist(), strict=True) if s]
            assert position not in seen and len(dict(named)) == len(named)
            seen[position] = dict(named)
    least = lazy_settling._LEAST_PROBABILITY
    assert seen == {
        row: {id: p for id, p in enumerate(values) if p >= least}
        for row, values in enumerate(q.tolist())
    }
    assert min(sizes) == 1 < max(sizes) and not seen[0]
