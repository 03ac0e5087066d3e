"""Calling the command line, in this process or one of its own, in a folder of its own."""

import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bathyscope.cli.app import app

MARKED = "Q: [[9 + 3]]\nA: [[12]]\nQ: 5?\nA:"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which commands run."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def call(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


def started(*arguments: str) -> "subprocess.Popen[str]":
    """Start the command as a terminal would, to be interrupted.

    A shell that runs the tests behind its back has them ignore Ctrl-C, which children inherit.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "bathyscope", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def tree(folder: Path) -> list[str]:
    """Return everything below a folder, by path."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
