"""The source distribution and the wheel, built as for a release, hold the package and nothing else.

The wheel is installed where the checkout is not to be seen: an environment of its own, beside which
lie the dependencies of this one.
"""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "bathyscope"
KEPT = ROOT / "tests" / "kept_runs" / "schema-1" / "attribution"
BESIDE = {"README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "pyproject.toml", "PKG-INFO"}


def _run(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints, run where no checkout leads to this package."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV"))}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The source distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        folder,
        ROOT,
    ]
    _run(*build, cwd=folder)
    found = {path.suffix: path for path in folder.iterdir()}
    assert set(found) == {".gz", ".whl"}
    return found


def _sources() -> set[str]:
    """Return every file of the package that git would keep."""
    files = (path for path in PACKAGE.rglob("*") if path.is_file())
    kept = (path for path in files if "__pycache__" not in path.parts)
    return {path.relative_to(PACKAGE.parent).as_posix() for path in kept}


def test_the_wheel_holds_the_package_and_nothing_else(distributions: dict[str, Path]) -> None:
    with zipfile.ZipFile(distributions[".whl"]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        about = {PurePosixPath(name).name for name in set(wheel.namelist()) - names}
    assert names == _sources()
    assert {"METADATA", "entry_points.txt", "LICENSE"} <= about
    endings = {PurePosixPath(name).suffix for name in names}
    assert {".py", ".typed", ".json", ".js", ".css", ".html"} <= endings
    assert "bathyscope/py.typed" in names
    assert "bathyscope/runs/run.schema.json" in names


def test_the_source_distribution_has_no_tests_and_no_caches(
    distributions: dict[str, Path],
) -> None:
    with tarfile.open(distributions[".gz"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {name.removeprefix("src/") for name in names if name.startswith("src/")} == _sources()
    others = {name for name in names if not name.startswith("src/")}
    assert BESIDE <= others <= BESIDE | {".gitignore"}


@pytest.fixture(scope="module")
def fresh(distributions: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a new environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "install"]
    wheel = distributions[".whl"]
    _run(*pip, "--no-deps", "--no-index", "--disable-pip-version-check", wheel, cwd=folder)
    # Folders that a .pth names are not searched for .pth files: the checkout's is not followed.
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = Path(_run(python, "-c", ask, cwd=folder).strip())
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


def test_the_installed_wheel_is_what_runs(fresh: Path, tmp_path: Path) -> None:
    ask = "import bathyscope; print(bathyscope.__file__)"
    assert Path(_run(fresh / "python", "-c", ask, cwd=tmp_path).strip()).is_relative_to(
        fresh.parent
    )
    ask = "from importlib.metadata import version; print(version('bathyscope'))"
    expected = _run(fresh / "python", "-c", ask, cwd=tmp_path)
    assert _run(fresh / "bathyscope", "--version", cwd=tmp_path) == expected
    assert "attribute" in _run(fresh / "bathyscope", "--help", cwd=tmp_path)
    assert _run(fresh / "python", "-m", "bathyscope", "--version", cwd=tmp_path) == expected


def test_its_assets_arrive(fresh: Path, tmp_path: Path) -> None:
    """The page's modules, the figures' colours, the words: from a run of an earlier day."""
    assert "nats" in _run(fresh / "bathyscope", "describe", KEPT, cwd=tmp_path)
    _run(fresh / "bathyscope", "view", KEPT, "-o", "page.html", cwd=tmp_path)
    _run(fresh / "bathyscope", "render", KEPT, "-o", "figure.svg", cwd=tmp_path)
    assert (tmp_path / "page.html").stat().st_size > 50_000
    assert (tmp_path / "figure.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_it_does_the_main_job(fresh: Path, llama_folder: str, tmp_path: Path) -> None:
    """What `uvx bathyscope` and `pipx run bathyscope` do with the wheel, once it is installed."""
    prompt = "Q: [[9 + 3]]\nA: [[12]]\nQ: 5?\nA:"
    command = ["attribute", prompt, "--target", " 00", "-m", llama_folder, "-o", "run"]
    assert "Both features" in _run(fresh / "bathyscope", *command, cwd=tmp_path)
    made = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"run.json", "arrays.safetensors", "scores.csv"} <= made
    assert "nats" in _run(fresh / "bathyscope", "describe", "run", cwd=tmp_path)
