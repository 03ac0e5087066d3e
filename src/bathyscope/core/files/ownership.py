"""Ownership of files: told by what is in one, for `--overwrite` replaces nothing else."""

import mmap
import re
from pathlib import Path
from typing import BinaryIO

from bathyscope.core.files.scratch import is_scratch

# How a file of a kind begins, and what stands somewhere in one of ours.
_MARKS = (
    (b"\x89PNG", b"Software\0bathyscope"),
    (b"<?xml", b"<dc:title>bathyscope</dc:title>"),
    (b"%PDF", b"/Creator (bathyscope)"),
    (b"<!doctype html>", b'<meta name="generator" content="bathyscope">'),
    (b"row,row_label,column,column_label,value", b"row_label"),
    (b"% LaTeX table by bathyscope", b"\\end{table}"),
    (b"PAR1", b"written by bathyscope"),
    (b"<!doctype html>", b"<title>bathyscope: a look inside</title>"),  # demos had no generator
)
_LENS = re.compile(rb'.{8}\{"__metadata__":\{"bathyscope":', re.DOTALL)
_RUN = re.compile(rb'\{\s*"schema":\s*\d+,\s*"kind":\s*"')

_DOCUMENT = "run.json"
_BESIDE = {"arrays.safetensors", "scores.csv", "figure.png", "description.md"}
_PARTS = re.compile(
    r"target-[1-9]\d*|(?:given-)?(?:division|multiplication)|depth|maps|passages|sentences"
)


def foreign(path: Path) -> Path | None:
    """Return what is not bathyscope's own at a path or below it, the first found; None if all is.

    Own are figures, pages, tables of cells and lenses, told by their marks; a folder with a run;
    one with runs of several targets, or of the demo. A folder of other folders with runs is not
    one result.

    Raises:
        OSError: Something cannot be read.
    """
    if path.is_symlink():
        return path
    if path.is_dir():
        return _foreign_inside(path, with_parts=True)
    # Nothing is lost with an empty file; those that are made to reserve a name are empty.
    return None if path.stat().st_size == 0 or _is_own(path) else path


def _foreign_inside(folder: Path, *, with_parts: bool) -> Path | None:
    document = folder / _DOCUMENT
    with_run = document.is_file() and _is_own(document)
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            return entry
        if entry.is_dir():
            found = None if is_scratch(entry.name) else entry
            if with_parts and _PARTS.fullmatch(entry.name):
                found = _foreign_inside(entry, with_parts=False)
            if found is not None:
                return found
        elif not (with_run and entry.name in _BESIDE) and not _is_own(entry):
            return entry
    return None


def _is_own(file: Path) -> bool:
    if not file.is_file() or file.stat().st_size == 0:
        return False
    with file.open("rb") as opened, _mapped(opened) as content:
        if file.name == _DOCUMENT:
            return _RUN.match(content) is not None
        marked = any(
            content[: len(head)] == head and content.find(mark) >= 0 for head, mark in _MARKS
        )
        return marked or _LENS.match(content) is not None


def _mapped(opened: BinaryIO) -> mmap.mmap:
    return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
