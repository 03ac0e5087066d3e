"""Every text is read by one rule, from a file, from standard input, or as an argument."""

import codecs
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import MARKED, call

ENCODINGS = ("ascii", "latin-1", "utf-8")


def prompt_of(*arguments: str, stdin: bytes | None = None) -> tuple[dict[str, Any], str]:
    result = call("attribute", *arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["provenance"], " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (MARKED.encode(), False),
        (codecs.BOM_UTF8 + MARKED.encode(), False),
        (MARKED.replace("\n", "\r\n").encode(), False),
        (MARKED.replace("\n", "\r").encode() + b"\r", True),
        (MARKED.encode() + b"\n", True),
        (codecs.BOM_UTF8 + MARKED.replace("\n", "\r\n").encode() + b"\r\n", True),
        (MARKED.encode("utf-16"), False),
    ],
)
def test_a_file_and_standard_input_are_the_text_itself(
    here: Path, llama_folder: str, content: bytes, note: bool
) -> None:
    (here / "p.txt").write_bytes(content)
    options = ["--target", " 00", "-m", llama_folder]
    expected, _ = prompt_of(MARKED, *options)
    for source, stdin, origin in (("p.txt", None, "p.txt"), ("-", content, "standard input")):
        provenance, notes = prompt_of(source, *options, stdin=stdin)
        assert provenance["prompt"] == expected["prompt"]
        assert (f"the line break at the end of {origin} is left out" in notes) == note
        kept, notes = prompt_of(source, *options, "--keep-newline", stdin=stdin)
        assert kept["prompt"] == expected["prompt"] + "\n" * note
        assert "left out" not in notes


def test_one_line_break_is_dropped_and_no_more(here: Path, llama_folder: str) -> None:
    (here / "p.txt").write_text(MARKED + "\n\n")
    provenance, _ = prompt_of("p.txt", "--target", " 00", "-m", llama_folder)
    assert provenance["prompt"].endswith("A:\n")


def test_arguments_are_read_alike_and_keep_their_ends(here: Path, llama_folder: str) -> None:
    texts = ["\ufeffQ: [[1]]\r\nA:", "--target", " 2\r\n", "--against", "\ufeff3\r\n"]
    provenance, notes = prompt_of(*texts, "--baseline", "\r\n", "-m", llama_folder)
    assert provenance["prompt"] == "Q: 1\nA:"
    assert provenance["given"] == " 2\n"
    assert provenance["against"] == "3\n"
    assert provenance["method"]["baseline"] == "\n"
    assert "left out" not in notes
    result = call("depth", "a", "--response", "\ufeffb\r\n", "-m", llama_folder, "--json")
    assert json.loads(result.stdout)["provenance"]["given"] == "b\n"


@pytest.mark.parametrize(
    ("command", "content", "message"),
    [
        (["attribute"], b'{"prompt": "a"}\n{"prompt": "b"}\n', "holds 2 JSON records"),
        (["depth"], codecs.BOM_UTF8 + b'[{"role": "user"}]', "holds 1 JSON record, not"),
        (["think"], b'{"prompt": "a"}', "holds 1 JSON record, not"),
        (["evaluate", "--methods", "shapley"], b'{"a": "b"}', "holds 1 JSON record, not"),
        (["lens", "train", "-o", "l.safetensors"], b'{"text": "b"}', "holds 1 JSON record, not"),
        (["attribute"], b"[[a]]\xff", "is not UTF-8 text (invalid start byte at byte 5)"),
        (["lens", "train", "-o", "l.safetensors"], b"a\xe9", "at byte 1"),
        (["depth"], b"\r\n", "is empty; give a text"),
    ],
)
def test_what_is_no_text_is_refused(
    here: Path, command: list[str], content: bytes, message: str
) -> None:
    (here / "p.txt").write_bytes(content)
    for source, stdin in (("p.txt", None), ("-", content)):
        result = call(*command, source, stdin=stdin)
        assert result.exit_code == 2, result.output
        assert message in " ".join(result.stderr.split())
        assert result.stdout == "" and sorted(p.name for p in here.iterdir()) == ["p.txt"]


def bathyscope(*arguments: str | bytes, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    command: list[Any] = [sys.executable, "-m", "bathyscope", *arguments]
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment})


@pytest.mark.parametrize("locale", [{}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_arguments_that_are_no_utf_8_are_one_sentence(locale: dict[str, str]) -> None:
    result = bathyscope("attribute", b"[[a]] \xff", **locale, PYTHONCOERCECLOCALE="0")
    assert result.returncode == 2
    assert result.stderr.startswith(b"bathyscope: The argument [[a]] \\xff is no UTF-8")
    assert b"at byte 6" in result.stderr and b"Traceback" not in result.stderr


def test_a_terminal_without_utf_8_shows_everything(here: Path, llama_folder: str) -> None:
    (here / "t.csv").write_text("row,é\n▁😀,1\n", encoding="utf-8")
    expected: dict[str, Any] = {}
    for encoding in ENCODINGS:
        run = {"PYTHONIOENCODING": encoding, "LC_ALL": "C"}
        words = bathyscope("describe", "t.csv", **run)
        facts = bathyscope("describe", "t.csv", "--format", "json", **run)
        assert (words.returncode, facts.returncode) == (0, 0), words.stderr + facts.stderr
        document = json.loads(facts.stdout.decode(encoding))
        assert document == (expected := expected or document)
        assert ("😀".encode() in words.stdout) == (encoding == "utf-8")
    assert "😀" in json.dumps(expected, ensure_ascii=False)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_in_a_terminal_without_utf_8(here: Path, llama_folder: str, as_json: bool) -> None:
    arguments = ["attribute", "[[é]] [[😀]] ü", "--target", " é", "-m", llama_folder]
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    encoded = [argument.encode() for argument in arguments]
    result = bathyscope(*encoded, *(["--json"] if as_json else []), **locale)
    assert result.returncode == 0, result.stderr
    assert result.stdout.isascii() and b"Traceback" not in result.stderr
    if as_json:
        assert json.loads(result.stdout)["provenance"]["prompt"] == "é 😀 ü"
    else:
        assert b"\\xe9" in result.stdout


@pytest.mark.parametrize(
    "text", ["1/2=", "and/or", "3.5", "i.e.", "https://a.b/c", "/no_think", "km/h:"]
)
def test_a_word_with_a_slash_or_a_dot_is_a_text(here: Path, llama_folder: str, text: str) -> None:
    result = call("depth", text, "--response", " 00", "-m", llama_folder, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["provenance"]["prompt"] == text
    assert ("is read as the text itself" in result.stderr) == ("/" in text)


PATHS = ["prompt.TXT", "./one", "../here/none", "{here}/texts/b/c", "no/q.md", "~/q"]
TAKE_TEXTS = [
    ["think"],
    ["evaluate", "--methods", "shapley"],
    ["rank"],
    ["lens", "fit", "-o", "l.safetensors"],
    ["chain", "Q?", "--response"],
    ["support", "--question", "Why?", "--context"],
    ["compare", "A text.", "--target", " b"],
]


@pytest.mark.parametrize(
    ("command", "path"),
    [
        *((["attribute"], path) for path in PATHS),
        *((command, "texts/one") for command in TAKE_TEXTS),
    ],
)
def test_a_path_of_which_there_is_no_file_is_one_sentence(
    here: Path, command: list[str], path: str
) -> None:
    (here / "texts").mkdir()
    path = path.format(here=here)
    result = call(*command, path, "-m", "/nowhere/at/all")
    assert result.exit_code == 2 and result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("bathyscope: There is no file ") and path in line
    assert "standard input" in line and [one.name for one in here.iterdir()] == ["texts"]


@pytest.mark.parametrize("text", ["See texts/one", "What is in README.md"])
def test_a_text_that_ends_as_a_path_does_is_read_with_a_note(
    here: Path, llama_folder: str, text: str
) -> None:
    result = call("depth", text, "--response", " 00", "-m", llama_folder, "--json")
    assert json.loads(result.stdout)["provenance"]["prompt"] == text
    assert ("is read as the text itself" in result.stderr) == text.endswith(".md")


def test_a_folder_is_no_text_and_standard_input_takes_what_is_called_like_it(
    here: Path, llama_folder: str
) -> None:
    (here / "and").mkdir()
    asked = ["--response", " 00", "-m", llama_folder, "--json"]
    for source in ("and", "and/or"):
        result = call("depth", source, *asked)
        assert result.exit_code == 2 and "standard input (-)" in result.stderr
        taken = call("depth", "-", *asked, stdin=source)
        assert json.loads(taken.stdout)["provenance"]["prompt"] == source


def test_prompts_of_one_word_are_compared(here: Path, llama_folder: str) -> None:
    result = call("compare", "[[1]]/2=", "[[1]]/3=", "--target", " 00", "-m", llama_folder)
    assert result.exit_code == 0, result.output
