"""The models that tests use: tiny random ones, and the real one."""

import atexit
import gc
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest
import torch
import typer.testing
from hypothesis import settings

from bathyscope.demo.demo import compute
from bathyscope.model import bundled
from bathyscope.model.cache import cache_folder
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.loading import load
from bathyscope.runs.base import Run
from tests.families import DEEP, FAMILIES
from tests.families import byte_tokenizer as byte_tokenizer
from tests.families import random_model as random_model


@cache
def tiny(family: str) -> LanguageModel:
    """Return a wrapped random model, built once for each family."""
    return LanguageModel(random_model(family), byte_tokenizer())


def ending_with(token: int) -> LanguageModel:
    """Return the tiny llama with another token as the one that ends a text."""
    model = LanguageModel(random_model("llama"), byte_tokenizer())
    model.model.generation_config.eos_token_id = token
    return model


DEMO = "the demo's maps"

LONGEST = (
    DEMO,
    "tests/test_docs.py",
    "tests/games/test_sampling.py",
    "tests/page/test_page.py",
    "tests/runs/test_damage.py",
    "tests/replay/test_rerun.py",
    "tests/cli/test_texts.py",
    "tests/render/figure/test_draw.py",
    "tests/test_benchmarks.py",
    "tests/test_examples.py",
    "tests/test_light.py",
    "tests/thinking/test_think.py",
    "tests/reliability/test_kills.py",
)
"""What is begun first, so that no process is left alone with it at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have one process run the tests of a file, and one all that look at the demo's maps."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    groups = {item.nodeid: _group(item) for item in items}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups[item.nodeid]))
    order = {group: place for place, group in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(groups[item.nodeid], len(order)))


def pytest_collection_finish() -> None:
    """Take all that is there now for good out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let go of it: some libraries complain of what is still there at the end."""
    gc.unfreeze()


def _group(item: pytest.Item) -> str:
    return DEMO if "demo_runs" in getattr(item, "fixturenames", ()) else item.nodeid.split("::")[0]


PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
"""Among so many pytest-xdist divides the tests."""

THREADS = max(1, torch.get_num_threads() // PROCESSES)
"""One process's share of the threads that torch takes alone, which OMP_NUM_THREADS may limit."""

# Shared fixtures are made before `threads` is, and commands in processes of their own inherit it:
# threads beyond the cores wait for each other, which costs more than it gains.
torch.set_num_threads(THREADS)
os.environ["OMP_NUM_THREADS"] = str(THREADS)


@pytest.fixture(autouse=True)
def threads(request: pytest.FixtureRequest) -> None:
    """One thread for tiny models, whose matrices are too small to share; for real ones a share."""
    real = any(request.node.get_closest_marker(name) for name in ("real", "slow"))
    torch.set_num_threads(THREADS if real else 1)


@pytest.fixture(params=sorted(set(FAMILIES) - {DEEP}))
def family(request: pytest.FixtureRequest) -> str:
    """Each family of models in turn, by name; for layers and for thinking a deep one, too."""
    return str(request.param)


@pytest.fixture
def llama() -> LanguageModel:
    """A tiny model of the commonest family."""
    return tiny("llama")


@pytest.fixture(scope="session")
def smollm() -> LanguageModel:
    """The embedded model, from the user's own cache; obtained when it is not there yet."""
    return load()


@pytest.fixture(scope="session")
def demo_runs(smollm: LanguageModel) -> dict[str, Run]:
    """The demo's five maps of the embedded model, by name, for all who look at what it asks.

    Tests with this fixture are run by one process, so that they are computed once.
    """
    return compute(smollm)


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a tiny model, as `--model` takes it."""
    folder = tmp_path_factory.mktemp("models") / "tiny-llama"
    random_model("llama").save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return str(folder)


def _own_cache() -> None:
    """Give the tests a cache of their own that shows the models of the user's, where it has them.

    What tests measure of folders that are gone afterwards stays out of the user's.
    """
    users = cache_folder()
    if not (users / bundled.FILE_NAME).exists():
        return  # the model is obtained once, into the user's
    own = Path(tempfile.mkdtemp(prefix="bathyscope-tests-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    for entry in users.iterdir():
        if entry.name != "measured":
            (own / entry.name).symlink_to(entry)
    os.environ["BATHYSCOPE_CACHE"] = str(own)


_own_cache()

# To put the command line together takes longer than to compute a map of a tiny model.
typer.testing._get_command = cache(  # type: ignore[attr-defined]
    typer.testing._get_command  # type: ignore[attr-defined]
)

# Tests must not depend on what the hub answers, nor wait for it.
os.environ["HF_HUB_OFFLINE"] = "1"

# A test is right or wrong, not slow: on a busy machine examples take what they take.
settings.register_profile("bathyscope", deadline=None)
settings.load_profile("bathyscope")
