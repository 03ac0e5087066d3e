"""Cells computed in blocks, against SciPy in float64."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine, jensenshannon
from scipy.special import log_softmax
from scipy.stats import entropy

import bathyscope as bs
from bathyscope.layers import last_layer as module
from bathyscope.layers.divergence import jensen_shannon
from bathyscope.layers.kernels.torch_rows import TorchRows
from bathyscope.layers.kernels.workers import Workers
from bathyscope.layers.last_layer import LastLayerComparison
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.logits import as_float
from tests import brute_force
from tests.conftest import random_model, tiny

PROMPT, RESPONSE = "Q: what is 8 + 5?\nA:", " it is 13."


def large_vocabulary(spread: float, dtype: torch.dtype = torch.float32) -> Anatomy:
    """Return an unembedding of 30,000 tokens whose logits have tails down to exp(−100) and less."""
    torch.manual_seed(3)
    head = torch.nn.Linear(24, 30_000, bias=False)
    torch.nn.init.normal_(head.weight, std=spread)
    nothing = torch.nn.Identity()
    return Anatomy(nothing, head.to(dtype), lambda logits: logits, "", (nothing,) * 6, ())


def weights(anatomy: Anatomy) -> torch.Tensor:
    """Return the matrix of the unembedding."""
    assert anatomy.linear_head is not None
    return anatomy.linear_head.weight.detach()


@pytest.fixture(params=["fastest", "torch"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go through the rows as this machine does, and as one without a compiler does."""
    if request.param == "torch":
        monkeypatch.setattr(module, "fastest_rows", lambda _, device: TorchRows(device))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("spread", [0.05, 1.0, 6.0])
def test_unequal_distributions_with_tails_agree_with_scipy(spread: float) -> None:
    anatomy = large_vocabulary(spread)
    rows, final = torch.randn(5, 3, 24), torch.randn(3, 24)
    rows[2] = final + 0.05 * rows[2]
    values = LastLayerComparison(anatomy).columns(rows, final).bits
    weight = weights(anatomy).double().numpy()
    q = np.exp(log_softmax(final.double().numpy() @ weight.T, axis=-1))
    for layer in range(5):
        p = np.exp(log_softmax(rows[layer].double().numpy() @ weight.T, axis=-1))
        expected = jensenshannon(p, q, axis=-1, base=2) ** 2
        np.testing.assert_allclose(values[layer].numpy(), expected, atol=1e-5)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_last_layer_compared_with_itself_is_exactly_zero(dtype: torch.dtype) -> None:
    anatomy = large_vocabulary(1.0, dtype)
    with torch.no_grad():  # eighths multiply exactly, in whatever order the product sums them
        weights(anatomy).mul_(8).round_().div_(8)
    final = (torch.randn(3, 24) * 8).round().div(8).to(dtype)
    values = LastLayerComparison(anatomy).columns(final[None].repeat(2, 1, 1), final).bits
    assert values.tolist() == [[0.0] * 3] * 2


def with_head(head: torch.nn.Module) -> Anatomy:
    nothing = torch.nn.Identity()
    return Anatomy(nothing, head, lambda logits: logits, "", (nothing,) * 6, ())


class Sliced(torch.nn.Linear):
    """A head that takes off the rows that only pad its vocabulary: its logits have gaps."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input)[:, :500]


class Wider(torch.nn.Linear):
    """A head of float32 whose logits are float64."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input).double()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", [torch.nn.Linear, Sliced, Wider])
def test_unusual_heads_agree_with_scipy(kind: type[torch.nn.Linear]) -> None:
    torch.manual_seed(5)
    head = kind(24, 510)  # with a bias
    torch.nn.init.normal_(head.bias, std=3)
    torch.nn.init.normal_(head.weight)
    anatomy = with_head(head)
    rows, final = torch.randn(5, 3, 24), torch.randn(3, 24)
    values = LastLayerComparison(anatomy).columns(rows, final).bits
    with torch.no_grad():
        p, q = (head(x.flatten(0, -2)).double().softmax(-1).numpy() for x in (rows, final))
    expected = jensenshannon(p.reshape(5, 3, -1), q, axis=-1, base=2) ** 2
    np.testing.assert_allclose(values.numpy(), expected, atol=1e-5)


@pytest.mark.usefixtures("way")
def test_small_divergences_keep_their_digits() -> None:
    anatomy = large_vocabulary(1.0)
    final = torch.randn(4, 24)
    rows = final[None] + 1e-3 * torch.randn(1, 4, 24)
    values = LastLayerComparison(anatomy).columns(rows, final).bits
    weight = weights(anatomy).double()
    p, q = (rows[0].double() @ weight.T).softmax(-1), (final.double() @ weight.T).softmax(-1)
    expected = jensen_shannon(p, q)
    assert 0 < float(expected.max()) < 1e-5
    np.testing.assert_allclose(values[0].numpy(), expected.numpy(), rtol=0.02)


@pytest.mark.usefixtures("way")
def test_cells_are_those_of_the_columns() -> None:
    anatomy = large_vocabulary(1.0)
    rows, final = torch.randn(5, 3, 24), torch.randn(3, 24)
    comparison = LastLayerComparison(anatomy)
    values = comparison.columns(rows, final).bits
    layer, token = torch.tensor([4, 0, 2]), torch.tensor([1, 1, 2])
    cells = comparison.cells(rows[layer, token], token, comparison.last_layer(final))
    np.testing.assert_allclose(cells.numpy(), values[layer, token].numpy(), atol=2e-6)


def test_sixteen_bits_stay_within_what_the_docs_state() -> None:
    rows, final = torch.randn(5, 3, 24), torch.randn(3, 24)
    exact = LastLayerComparison(large_vocabulary(1.0)).columns(rows, final).bits
    half = (
        LastLayerComparison(large_vocabulary(1.0, torch.bfloat16))
        .columns(rows.bfloat16(), final.bfloat16())
        .bits
    )
    assert 0 < float((exact - half).abs().max()) < 0.05


def test_further_quantities_agree_with_scipy(family: str) -> None:
    """Entropy, KL, rank, probability, cosine and top tokens, capped and scaled logits included."""
    model, reference = tiny(family), random_model(family, torch.float64)
    run = bs.depth(model, PROMPT, RESPONSE, top_k=3)
    assert run.readings is not None
    ids = model.tokens.encode(PROMPT + RESPONSE)
    first = len(model.tokens.encode(PROMPT))
    stream: list[torch.Tensor] = []
    for block in brute_force.blocks(reference):
        block.register_forward_hook(
            lambda _, __, out: stream.append(out[0] if isinstance(out, tuple) else out)
        )
    with torch.no_grad():
        logits = reference(torch.tensor([ids])).logits[0]
        for layer in range(model.num_layers - 1):
            read = brute_force.unembedded(reference, stream[layer], "norm")[0]
            for t, position in enumerate(range(first - 1, len(ids) - 1)):
                p = np.exp(log_softmax(read[position].numpy()))
                q = np.exp(log_softmax(logits[position].numpy()))
                token = ids[position + 1]
                cells = {name: values[layer, t] for name, values in run.readings.cells.items()}
                assert cells["entropy"] == pytest.approx(entropy(p, base=2), abs=2e-4)
                assert cells["kl_from_last"] == pytest.approx(entropy(q, p, base=2), abs=1e-3)
                assert cells["probability"] == pytest.approx(p[token], abs=2e-5)
                assert cells["rank"] == 1 + (p > p[token]).sum()
                h, last = stream[layer][0, position].numpy(), stream[-1][0, position].numpy()
                assert cells["cosine"] == pytest.approx(1 - cosine(h, last), abs=1e-5)
                top = np.argsort(-p)[:3]
                assert run.readings.top_ids[layer, t].tolist() == top.tolist()
                np.testing.assert_allclose(
                    run.readings.top_probabilities[layer, t], p[top], atol=2e-5
                )


def test_what_a_layer_would_say_has_labels_and_survives_a_file(tmp_path) -> None:  # type: ignore
    run = bs.depth(tiny("llama"), PROMPT, RESPONSE, top_k=2)
    run.save(tmp_path / "run")
    again = bs.open_run(tmp_path / "run")
    assert isinstance(again, bs.DepthRun) and again.readings is not None and run.readings
    assert again.readings.says(1, 0) == run.readings.says(1, 0)
    assert len(run.readings.says(3, 4)) == 2
    assert again.readings.cells["rank"].tolist() == run.readings.cells["rank"].tolist()


def test_workers_cover_every_row_once_and_leave_torch_its_threads() -> None:
    threads = torch.get_num_threads()
    seen = torch.zeros(101)
    workers = Workers(torch.device("cpu"))

    def mark(part: slice) -> None:
        seen[part] += 1

    workers.each(101, mark)
    assert seen.tolist() == [1] * 101
    assert torch.get_num_threads() == threads


def test_an_error_in_a_worker_arrives() -> None:
    def fail(part: slice) -> None:
        raise ValueError(f"row {part.start}")

    with pytest.raises(ValueError, match="row"):
        Workers(torch.device("cpu")).each(9, fail)


def test_half_precision_is_widened() -> None:
    assert as_float(torch.zeros(1, dtype=torch.bfloat16)).dtype == torch.float32
    assert as_float(torch.zeros(1, dtype=torch.float64)).dtype == torch.float64
