"""What README and docs show is run: every Python block, every console command."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import bathyscope as bs
from bathyscope.cli.app import app
from bathyscope.model import loading
from bathyscope.model.language_model import LanguageModel

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

EXECUTED = [page for page in PAGES if page.name != "extending.md"]  # a package: tests/extension

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def loaded_once(smollm: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the embedded model to whoever loads it as it is: some hundred examples do."""
    real = loading.load

    def load(model: str | None = None, **asked: Any) -> LanguageModel:
        changed = {name for name, value in asked.items() if value not in (None, "float32")}
        return real(model, **asked) if model or changed - {"progress"} else smollm

    for place in (bs, loading):
        monkeypatch.setattr(place, "load", load)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)


@pytest.mark.parametrize("page", EXECUTED, ids=lambda page: page.name)
def test_python_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}  # a page reads from top to bottom: blocks share their names
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)


QUESTIONS = ROOT / "docs" / "questions.md"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page != QUESTIONS], ids=lambda page: page.name
)
def test_commands_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "console"):
        for command in re.split(r"^\$ ", block, flags=re.M)[1:]:
            program, *arguments = shlex.split(command, comments=True)
            if program == "make":
                assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.M)
                continue
            if program == "pip":  # what it would install is this project
                assert arguments == ["install", "bathyscope"]
                continue
            assert program == "bathyscope"
            result = CliRunner().invoke(app, arguments)
            assert result.exit_code == 0, result.output


_ANSWERS = re.findall(
    r"```console\n\$ (.*?)```\n\n```text\n(.*?)```", QUESTIONS.read_text(encoding="utf-8"), re.S
)


def test_every_question_has_an_answer() -> None:
    assert len(_ANSWERS) == QUESTIONS.read_text(encoding="utf-8").count("## ") == 5


@pytest.mark.parametrize(("command", "shown"), _ANSWERS, ids=range(1, len(_ANSWERS) + 1))
def test_questions_are_answered_as_shown(
    command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, shlex.split(command.replace("\\\n", ""))[1:])
    assert result.exit_code == 0, result.output
    printed = [_words(line) for line in result.stdout.splitlines()]
    whole = [word for line in printed for word in line]
    for line in shown.splitlines():
        places = printed if "|" in line else [whole]
        assert any(_holds(place, _words(line)) for place in places), f"{line}\n{result.stdout}"


def _words(line: str) -> list[str]:
    return re.sub(r"[|│┃┏┓┡┩━─┳╇└┘┴]", " ", line).split()


def _holds(words: list[str], shown: list[str]) -> bool:
    """Tell whether words stand among others, one after the other; numbers within 2 %."""
    ends = len(words) - len(shown) + 1
    return any(all(map(_same, words[k : k + len(shown)], shown)) for k in range(ends))


def _same(word: str, shown: str) -> bool:
    numbers = [one.replace("−", "-").rstrip(".,") for one in (word, shown)]
    try:
        return float(numbers[0]) == pytest.approx(float(numbers[1]), rel=0.02, abs=0.02)
    except ValueError:
        return word == shown


@pytest.mark.parametrize(
    ("words", "shown", "held"),
    [
        ("│ a b │ +1.00 │", "a b | +1.01", True),
        ("│ a b │ +1.00 │", "a b | +1.20", False),
        ("│ a b │ +1.00 │", "b a", False),
        ("−0.5 nats.", "-0.5 nats.", True),
        ("layer 24", "layer 25", False),
    ],
)
def test_what_is_shown_is_compared(words: str, shown: str, held: bool) -> None:
    assert _holds(_words(words), _words(shown)) is held


def test_links_and_pictures_exist() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
