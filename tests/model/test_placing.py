"""Models that lie on several devices, in several processes, or in few bits."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

import bathyscope as bs
from bathyscope.core.errors import InputError, ModelError
from bathyscope.model import placing, processes
from bathyscope.model.identity import identity_of
from bathyscope.model.loading import identity, load
from bathyscope.model.placing import placement
from tests.conftest import byte_tokenizer
from tests.families import SMALL, random_model
from tests.model.parallel import PROMPT, said, tell


def require_alike(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, atol=2e-5, err_msg=name)


@pytest.fixture(scope="module")
def whole(llama_folder: str) -> dict[str, Any]:
    """What is said of a model that lies in one piece."""
    return said(load(llama_folder, device="cpu"))


def test_layers_fetched_for_each_pass_say_the_same(
    llama_folder: str, whole: dict[str, Any], tmp_path: Path
) -> None:
    parts = ["embed_tokens", "layers.0", "layers.3", "rotary_emb", "norm"]
    places: dict[str, str] = {f"model.{part}": "cpu" for part in parts}
    places |= {"lm_head": "cpu", "model.layers.1": "disk", "model.layers.2": "disk"}
    file = tmp_path / "places.json"
    file.write_text(json.dumps(places))
    model = load(llama_folder, device=str(file))
    assert model.model.model.layers[1].mlp.up_proj.weight.is_meta
    assert model.provenance["placed"] == places
    told = identity(llama_folder, device=str(file))
    assert told == {name: model.provenance[name] for name in told} and told["placed"] == places
    with pytest.raises(ModelError, match=r"layers\.1.* is fetched from elsewhere"):
        identity_of(bs.LanguageModel(model.model, byte_tokenizer()))
    require_alike(said(model), whole)


def test_an_unembedding_that_is_fetched_says_the_same(
    llama_folder: str, whole: dict[str, Any]
) -> None:
    model = load(llama_folder, device={"model": "cpu", "lm_head": "disk"})
    assert model.head.lm_head.weight.is_meta and model.head.device.type == "cpu"
    require_alike(said(model), whole)


def test_accelerate_is_asked_where_layers_belong(llama_folder: str, whole: dict[str, Any]) -> None:
    model = load(llama_folder, device="auto")
    assert model.provenance["placed"] == "auto"
    require_alike(said(model), whole)


def test_weights_are_read_straight_to_a_device(
    llama_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, Any]] = []
    real = AutoModelForCausalLM.from_pretrained

    def seen(source: str, **options: Any) -> Any:
        given.append(options)
        return real(source, **(options | {"device_map": {"": "cpu"}}))

    monkeypatch.setattr(placing, "_device", lambda device: torch.device(device or "cuda:1"))
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", seen)
    assert load(llama_folder).model.device.type == "cpu"
    assert given[0]["device_map"] == {"": torch.device("cuda:1")}
    load(llama_folder, device="cpu")
    assert "device_map" not in given[1]


def _one_of_two(rank: int, port: int, folder: str, into: str) -> None:
    surroundings = {"RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ |= {name: str(value) for name, value in surroundings.items()}
    torch.set_num_threads(1)
    tell(folder, "tensor", Path(into), gradients=False)
    torch.distributed.destroy_process_group()
    os._exit(0)


@pytest.mark.skipif(sys.platform != "linux", reason="needs processes that are copies of this one")
@pytest.mark.skipif(torch.cuda.is_available(), reason="copies of a process cannot use its CUDA")
@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_two_processes_that_divide_every_matrix_say_what_one_says(
    llama_folder: str, whole: dict[str, Any], tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    copies = multiprocessing.get_context("fork")
    given = port, llama_folder, str(tmp_path)
    both = [copies.Process(target=_one_of_two, args=(rank, *given)) for rank in (0, 1)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert [one.exitcode for one in both] == [0, 0]
    _require_told(tmp_path, {name: whole[name] for name in whole.keys() - {"saliency"}})


def _require_told(folder: Path, expected: dict[str, Any]) -> None:
    require_alike(json.loads((folder / "said.json").read_text()), expected)
    run = bs.open_run(folder / "run")
    assert run.heatmap.provenance["model"]["placed"] == "tensor"
    assert sorted(path.name for path in folder.iterdir()) == ["run", "said.json"]


@pytest.mark.slow
def test_processes_of_torchrun_say_what_one_says(
    llama_folder: str, whole: dict[str, Any], tmp_path: Path
) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    torchrun += ["--nproc-per-node", "2", "-m"]
    surroundings = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}

    def run(*command: str) -> str:
        done = subprocess.run(
            [*torchrun, *command], env=surroundings, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    told = tmp_path / "told"
    told.mkdir()
    run("tests.model.parallel", llama_folder, "tensor", str(told))
    _require_told(told, whole)
    asked = ["bathyscope", "attribute", "a [[b]] c", "--target", " d", "--model", llama_folder]
    printed = run(*asked, "--device-map", "tensor", "--json", "--output", str(tmp_path / "run"))
    assert json.loads(printed)["kind"] == "attribution", "printed once"
    assert (tmp_path / "run" / "run.json").is_file()


def test_the_processes_agree_on_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes.least(7, torch.device("cpu")) == 7

    def reduced(found: torch.Tensor, op: Any) -> None:
        assert op == torch.distributed.ReduceOp.MIN
        found.clamp_(max=5)

    monkeypatch.setattr(processes, "_joined", [2])
    monkeypatch.setattr(torch.distributed, "all_reduce", reduced)
    assert processes.least(7, torch.device("cpu")) == 5


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("tensor", "torchrun --nproc-per-node 2"),
        ("toaster", "try --device cpu, or one of auto"),
        ({"model": "cuda:77"}, "cuda:77"),
        ("missing.json", "cannot be read as a map"),
        ("list.json", "holds no map from modules to devices"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    device: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.json").write_text("[1, 2]")
    with pytest.raises(InputError, match=words):
        placement(device)


@pytest.fixture(scope="module")
def wide_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model whose matrices are as wide as the groups in which few bits share a scale."""
    from transformers import LlamaConfig

    sizes = {"hidden_size": 128, "intermediate_size": 256, "head_dim": 32, "num_hidden_layers": 2}
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("models") / "wide-llama"
    AutoModelForCausalLM.from_config(LlamaConfig(**(SMALL | sizes))).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return str(folder)


@pytest.mark.filterwarnings("ignore")  # of the packages, about each other
@pytest.mark.parametrize("dtype", list(placing.FEW_BITS))
def test_weights_in_few_bits_are_near_those_in_many(dtype: str, wide_folder: str) -> None:
    pytest.importorskip(placing.FEW_BITS[dtype].package)
    exact, few = load(wide_folder, device="cpu"), load(wide_folder, dtype=dtype, device="cpu")
    assert few.provenance["weights"] == dtype and few.provenance["dtype"] == "bfloat16"
    told = identity(wide_folder, dtype=dtype, device="cpu")
    assert told == {name: few.provenance[name] for name in told}
    unnamed = [bs.LanguageModel(one.model, byte_tokenizer()) for one in (exact, few)]
    assert len({identity_of(one) for one in unnamed}) == 2, "packed weights are hashed, too"
    one, other = (bs.attribute(model, PROMPT, " 35 =") for model in (exact, few))
    error = np.abs(one.all - other.all)
    assert 0 < error.max() < 0.3
    here, there = (bs.depth(model, PROMPT.text, " 35 =").heatmap for model in (exact, few))
    np.testing.assert_allclose(there.values, here.values, atol=0.1)


@pytest.mark.filterwarnings("ignore")
def test_packed_weights_that_give_no_gradient_are_refused(wide_folder: str) -> None:
    pytest.importorskip("bitsandbytes")
    model = load(wide_folder, dtype="nf4", device="cpu")

    class Stops(torch.nn.Linear):
        def forward(self, states: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                return super().forward(states)

    plain = load(wide_folder, device="cpu")
    plain.model.model.layers[1].mlp.up_proj.__class__ = Stops
    for one in (model, plain):
        with pytest.raises(ModelError, match="give no gradient"):
            bs.attribute(one, PROMPT, " 35 =", method="saliency")


def test_few_bits_without_their_package_are_refused(
    llama_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "find_spec", lambda name: None)
    for dtype, kept in placing.FEW_BITS.items():
        with pytest.raises(InputError, match=f"need {kept.package}, .*quantised"):
            load(llama_folder, dtype=dtype)


def test_a_random_model_is_no_other(llama_folder: str, whole: dict[str, Any]) -> None:
    """The folder's model and the one in memory are the same, so `whole` stands for both."""
    model = bs.LanguageModel(random_model("llama"), byte_tokenizer())
    require_alike(said(model), whole)
