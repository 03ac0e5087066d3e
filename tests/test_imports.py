"""The house: arrows run one way, importing loads nothing heavy, files are small and searchable."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import pytest

import bathyscope

ROOT = Path(bathyscope.__file__).parent

# From the bottom up: a module may import from its own line and the lines above it here.
LEVELS = (
    "core",
    "problems",
    "prompt",
    "games",
    "runs",
    "tables",
    "comparison",
    "model",
    "attribution",
    "layers",
    "citation",
    "faithfulness",
    "thinking",
    "reasoning",
    "selection",
    "description",
    "render",
    "page",
    "study",
    "replay",
    "demo",
    "cli",
)

# How a question begins, and what functions do: first words that name no thing.
ASKING = {
    *("what", "how", "which", "why", "where", "whether", "who", "when", "whose"),
    *("is", "are", "do", "does", "may", "can", "has", "have"),
}
VERBS = {"return", "give", "tell", "make", "say", "get"}


def _imports(path: Path) -> set[str]:
    """Return the parts of bathyscope that a module imports, wherever in its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("bathyscope.")}
    return found


def _part(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def _modules() -> list[Path]:
    return [path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem[0] != "_"]


def test_every_part_has_a_level() -> None:
    assert {_part(path) for path in _modules()} == set(LEVELS)


def test_arrows_point_down() -> None:
    upward = [
        (str(path.relative_to(ROOT)), imported)
        for path in _modules()
        for imported in _imports(path)
        if LEVELS.index(imported) > LEVELS.index(_part(path))
    ]
    assert upward == []


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _imported_modules(path: Path, modules: set[str]) -> set[str]:
    """Return the files of bathyscope that a file imports, wherever in its code."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if node.module.split(".")[0] == "bathyscope":
            home = node.module.removeprefix("bathyscope").removeprefix(".")
            names = [f"{home}.{alias.name}".removeprefix(".") for alias in node.names]
            found |= {name if name in modules else home for name in names}
    return (found & modules) - {_module(path)}


def test_no_files_import_each_other_in_a_circle() -> None:
    paths = {_module(path): path for path in _modules()}
    arrows = {name: _imported_modules(path, set(paths)) for name, path in paths.items()}
    assert sum(map(len, arrows.values())) > 2 * len(paths), "the arrows must have been found"
    order = list(TopologicalSorter(arrows).static_order())  # raises CycleError, which names them
    assert set(order) == set(paths)


def test_the_architecture_page_names_every_room_in_its_order() -> None:
    page = (ROOT.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = page.split("```")[1].splitlines()[1:]
    drawn = [[word for word in line[:38].split() if word in LEVELS] for line in picture]
    assert sorted(word for line in drawn for word in line) == sorted(LEVELS)
    height = {word: len(drawn) - row for row, line in enumerate(drawn) for word in line}
    upward = [
        (path.name, imported)
        for path in _modules()
        for imported in _imports(path)
        if height[imported] > height[_part(path)]
    ]
    assert upward == []


def test_only_model_and_layers_know_torch_and_only_model_knows_transformers() -> None:
    for path in _modules():
        source = path.read_text(encoding="utf-8")
        if _part(path) != "model":
            assert "transformers import" not in source, path
        if _part(path) not in ("model", "layers", "thinking"):
            assert "import torch" not in source and "from torch" not in source, path


def _run_classes() -> set[str]:
    """Return the names of the classes of runs; `Run` itself is none that anything hangs on."""
    known = {"Run"}
    for _ in range(2):
        for path in (ROOT / "runs").glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                    known |= {node.name} if bases & known else set()
    return known - {"Run"}


def _asked_of_kinds(source: str, classes: set[str]) -> list[int]:
    """Return the lines in which source asks of which class a run is."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kinds]):
                asked = ast.walk(kinds)
            case ast.Compare(left=ast.Call(func=ast.Name(id="type"))):
                asked = ast.walk(node)
            case ast.MatchClass(cls=kinds):
                asked = ast.walk(kinds)
            case _:
                continue
        if any(isinstance(one, ast.Name) and one.id in classes for one in asked):
            found.append(node.lineno if hasattr(node, "lineno") else 0)
    return found


def test_nobody_outside_of_runs_asks_for_the_class_of_a_run() -> None:
    classes = _run_classes()
    assert {"AttributionRun", "DepthRun", "SettlingRun", "FaithfulnessRun", "TableRun"} <= classes
    for code in (
        "isinstance(x, DepthRun)",
        "isinstance(x, A | DepthRun)",
        "isinstance(x, (A, TableRun))",
        "type(x) is DepthRun",
        "match x:\n    case DepthRun():\n        pass",
    ):
        assert _asked_of_kinds(code, classes), code
    assert not _asked_of_kinds("isinstance(x, str)", classes)
    asking = {
        str(path.relative_to(ROOT)): lines
        for path in _modules()
        if _part(path) != "runs"
        and (lines := _asked_of_kinds(path.read_text(encoding="utf-8"), classes))
    }
    assert asking == {}


def test_files_and_functions_stay_short() -> None:
    for path in ROOT.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert len(source.splitlines()) <= 400, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
                first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node
                length = node.end_lineno - first.lineno + 1
                assert length <= 40, f"{path}: {node.name} has {length} lines"


def test_importing_the_package_is_light() -> None:
    heavy = ("torch", "matplotlib", "transformers", "numpy", "rich", "typer")
    code = f"import sys, bathyscope; print([m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


_LOADED = """
import sys
from bathyscope.cli.app import app
app(sys.argv[1:], standalone_mode=False)
print("loaded", *sys.modules)
"""
NEVER = {
    *("torch", "transformers", "tokenizers", "accelerate", "gguf"),
    *("pandas", "pyarrow", "scipy", "sklearn", "jinja2", "matplotlib.pyplot"),
}
SAVED = Path(__file__).parent / "kept_runs" / "schema-1" / "attribution"


def _loaded(*arguments: str) -> set[str]:
    """Return the modules that a command has loaded when it ends."""
    result = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments], capture_output=True, text=True, check=True
    )
    marked, *modules = result.stdout.splitlines()[-1].split()
    assert marked == "loaded" and "bathyscope.cli.app" in modules
    return set(modules)


def test_help_loads_no_library_but_that_of_commands() -> None:
    given = _loaded("--help")
    assert given & {*NEVER, "numpy", "matplotlib", "rich", "regex", "importlib.metadata"} == set()


def test_words_of_a_saved_run_load_no_library_that_draws() -> None:
    given = _loaded("describe", str(SAVED))
    assert given & {*NEVER, "matplotlib", "rich"} == set()
    assert "bathyscope.description.describe" in given


def test_a_figure_of_a_saved_run_loads_what_draws_alone(tmp_path: Path) -> None:
    given = _loaded("render", str(SAVED), "-o", str(tmp_path / "a.png"))
    assert given & {*NEVER, "rich", "matplotlib.backends.backend_svg"} == set()
    assert "matplotlib.figure" in given and (tmp_path / "a.png").stat().st_size > 1000


def test_dir_lists_the_public_names_alone() -> None:
    code = "import bathyscope as bs; bs.Prompt, bs.depth; print(*dir(bs), bs.__version__)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == [
        *sorted([*bathyscope.__all__, "__version__"]),
        version("bathyscope"),
    ]


def test_every_public_name_arrives() -> None:
    assert len(bathyscope.__all__) > 40
    for name in bathyscope.__all__:
        assert getattr(bathyscope, name).__name__.rpartition(".")[2] == name
    assert callable(bathyscope.depth), "a package of the same name would hide the function"


def test_the_typed_examples_name_everything_that_is_public() -> None:
    text = (Path(__file__).parent / "typing" / "examples.py").read_text(encoding="utf-8")
    public = [*bathyscope.__all__, "__version__"]
    assert [name for name in public if f"bs.{name}" not in text] == []


def _classes() -> Counter[str]:
    found: Counter[str] = Counter()
    for path in ROOT.rglob("*.py"):
        found.update(
            node.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        )
    return found


def test_no_two_public_classes_share_a_name() -> None:
    classes = _classes()
    assert len(classes) > 100
    assert [name for name, count in classes.items() if count > 1] == []


def test_no_folder_differs_from_another_by_its_ending() -> None:
    folders = [path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()]
    stems = Counter(re.sub(r"(ing|ion|ions|s|e|ness|ed|er)$", "", name) for name in folders)
    assert len(folders) == len(LEVELS) and max(stems.values()) == 1, stems


def test_few_files_lie_loose_at_the_top() -> None:
    loose = [path.name for path in ROOT.iterdir() if path.is_file()]
    assert len(loose) <= 5, loose


def test_no_name_of_a_package_hides_a_file_of_it() -> None:
    packages = list(ROOT.rglob("__init__.py"))
    assert len(packages) > len(LEVELS)
    for package in packages:
        files = {path.stem for path in package.parent.iterdir()} - {"__init__"}
        tree = ast.parse(package.read_text(encoding="utf-8"))
        imported = {
            alias.asname or alias.name
            for node in tree.body  # what a function imports is no name of the package
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert not files & imported, package


def _documented(source: str) -> Iterator[tuple[str, str, str]]:
    """Yield what stands in a file as (kind, name, first line of its docstring)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                name = "the module" if isinstance(node, ast.Module) else node.name
                yield type(node).__name__, name, docstring.splitlines()[0]


def _unsearchable(source: str) -> list[str]:
    """Return what begins as a question; of modules and classes also what is no noun phrase."""
    found = []
    for kind, name, first in _documented(source):
        word = first.split()[0].rstrip(",:;").lower()
        things = kind in ("Module", "ClassDef")
        if "?" in first or (things and word in {*ASKING, *VERBS}):
            found.append(f"{name}: {first}")
    return found


@pytest.mark.parametrize(
    "first", ["Does it work?", "What a lens is: states.", "How deep.", "Lenses: what are they?"]
)
def test_a_question_is_found(first: str) -> None:
    assert _unsearchable(f'"""{first}"""') == [f"the module: {first}"]


def test_what_is_none_is_let_pass() -> None:
    assert _unsearchable('"""Depth maps."""\ndef f():\n    """Return where it is."""') == []
    assert _unsearchable('class A:\n    """Which one?"""') == ["A: Which one?"]
    assert _unsearchable('def f():\n    """Is it so?"""') == ["f: Is it so?"]


def test_no_docstring_begins_as_a_question() -> None:
    files = list(ROOT.rglob("*.py"))
    assert len(files) > 200
    asking = {
        str(path.relative_to(ROOT)): found
        for path in files
        if (found := _unsearchable(path.read_text(encoding="utf-8")))
    }
    assert asking == {}
