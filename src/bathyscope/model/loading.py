"""From what the user names to a loaded model: the embedded one, a folder, a hub id, a GGUF file."""

import hashlib
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from bathyscope.core.errors import ModelError
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.progress import Progress, standard
from bathyscope.model import bundled, gguf
from bathyscope.model.adapters import Adapter, adapter_in
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.measured import measuring_anew, sha256_of
from bathyscope.model.placing import Place, computed_in, placement, record_of
from bathyscope.model.quiet import quietly
from bathyscope.model.verdicts import Verdicts, known_by


@keywords_checked
def load(
    model: str | Path | None = None,
    *,
    revision: str | None = None,
    dtype: str = "float32",
    device: Place = None,
    verify: bool = False,
    progress: Progress = standard,
) -> LanguageModel:
    """Load a causal language model and verify its anatomy.

    Args:
        model: A folder, a `.gguf` file, or an id on the Hugging Face hub; None for the embedded
            SmolLM2-135M-Instruct. A folder with an adapter (LoRA and its kin) is read with PEFT,
            where that is installed, upon the base model that it names. No code that
            comes with a model is ever run.
        revision: Branch, tag or commit of a hub id.
        dtype: One of float32, bfloat16, float16, float64; or int8, int4 (torchao), llm.int8, nf4
            (bitsandbytes): weights in few bits, computed in bfloat16.
        device: A torch device such as "cpu" or "cuda:0"; None takes CUDA where there is one.
            "auto", "balanced" and "sequential" lay layers over all devices and the main memory; a
            mapping from modules to devices, or a .json file with one, says where; "tensor" divides
            every matrix among the processes that torchrun started.
        verify: Measure again what the cache keeps of files and models that have not changed:
            hashes, where the layers are, and whether prompts may share their beginnings.
        progress: Told of the steps.

    Raises:
        InputError: `dtype`, `device` or `revision` cannot be used.
        ModelError: The model is not found, is not a causal language model, or fails the check.
    """
    computed_in(dtype)
    with measuring_anew(verify):
        return _loaded(model, revision, dtype, device, progress, verify)


def _loaded(
    model: str | Path | None,
    revision: str | None,
    dtype: str,
    device: Place,
    progress: Progress,
    verify: bool,
) -> LanguageModel:
    adapter = None if model is None else adapter_in(Path(model).expanduser())
    if adapter is None:
        source, provenance = _source(model, revision, computed_in(dtype), progress)
    else:
        revision = revision or adapter.revision
        source, provenance = _base_of(adapter, revision, computed_in(dtype), progress)
    provenance = {"source": None if model is None else str(model), **provenance}
    return _from_pretrained(source, provenance, revision, dtype, device, progress, adapter, verify)


def identity(
    model: str | Path | None = None,
    *,
    revision: str | None = None,
    dtype: str = "float32",
    device: Place = None,
    progress: Progress = standard,
) -> dict[str, Any]:
    """Return what tells the model that `load` would load from others, without its weights.

    Returns:
        Name and hash of its files, or name and revision of a hub id; how its weights are kept and,
        where they are spread, where: all as in the provenance of the loaded model; plain JSON
        values.

    Raises:
        InputError: `dtype` is not known, or a map of devices cannot be read.
        ModelError: The model is not found.
    """
    computed = computed_in(dtype)
    adapter = None if model is None else adapter_in(Path(model).expanduser())
    if adapter is None:
        _, found = _source(model, revision, computed, progress)
    else:
        _, found = _base_of(adapter, revision or adapter.revision, computed, progress)
    return {**found, "dtype": computed, **record_of(device, dtype)}


def _base_of(
    adapter: Adapter, revision: str | None, dtype: str, progress: Progress
) -> tuple[str, dict[str, Any]]:
    try:
        source, base = _source(adapter.base, revision, dtype, progress)
    except ModelError as error:
        raise ModelError(f"The base model of the adapter in {adapter.folder}: {error}") from error
    return source, adapter.provenance(base)


def _source(
    model: str | Path | None, revision: str | None, dtype: str, progress: Progress
) -> tuple[str, dict[str, Any]]:
    """Return what transformers is to load, and where that came from."""
    if model is None:
        folder = bundled.bundled_folder(progress)
        return str(folder), {
            "name": bundled.NAME,
            "file": bundled.FILE_NAME,
            "sha256": bundled.SHA256,
        }
    path = Path(model).expanduser()
    if path.is_dir():
        return str(path), {"name": path.resolve().name, "sha256": weights_digest(path)}
    if path.is_file():
        with path.open("rb") as file:
            if file.read(4) != gguf.MAGIC:
                raise ModelError(
                    f"{path} is a file but not a GGUF file; --model takes a folder, a hub id, "
                    "or a .gguf file."
                )
        digest = sha256_of(path)
        folder = gguf.converted(path.resolve(), digest, progress, dtype)
        return str(folder), {"name": path.stem, "file": path.name, "sha256": digest}
    name = str(model)
    if path.suffix == ".gguf" or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(f"There is no model at {path}; give a folder, a hub id, or a .gguf file.")
    return name, {"name": name, "revision": revision}


def _from_pretrained(
    source: str,
    provenance: dict[str, Any],
    revision: str | None,
    dtype: str,
    device: Place,
    progress: Progress,
    adapter: Adapter | None,
    verify: bool,
) -> LanguageModel:
    import torch
    from transformers import AutoModelForCausalLM

    stage, placed = f"load {provenance['name']}", placement(device, dtype)
    progress(stage, 0, 3)
    # None would have transformers ask on the terminal, in the midst of whatever stands there.
    options: dict[str, Any] = {"trust_remote_code": False}
    options |= {} if revision is None else {"revision": revision}
    if not Path(source).is_dir() and not hub_answers():
        options["local_files_only"] = True  # saves a minute of retries that cannot succeed
    try:
        tokenizer = _tokenizer(source, adapter, options)
        progress(stage, 1, 3)
        loader: Any = AutoModelForCausalLM
        options |= {"dtype": getattr(torch, computed_in(dtype)), "output_loading_info": True}
        with quietly():
            model, report = loader.from_pretrained(source, **options, **placed.options)
        model = model if adapter is None else adapter.attached(model)
    except Exception as error:  # readers of foreign files raise whatever they stumble over
        named = source if adapter is None else f"{adapter.folder} on {source}"
        raise _not_loadable(named, error, offline="local_files_only" in options) from error
    _require_all_weights(source, report)
    progress(stage, 2, 3)
    provenance = _with_commit({**provenance, **placed.record}, model)
    # What is kept might be found by one of several processes while another still looks for it.
    known = None if placed.together else known_by(source, provenance)
    wrapped = LanguageModel(model, tokenizer, provenance, Verdicts(model, known, verify=verify))
    progress(stage, 3, 3)
    return wrapped


def _with_commit(provenance: dict[str, Any], model: Any) -> dict[str, Any]:
    commit = getattr(model.config, "_commit_hash", None)
    return provenance if commit is None else {**provenance, "revision": commit}


def _require_all_weights(source: str, report: dict[str, Any]) -> None:
    if report["missing_keys"]:
        raise ModelError(
            f"{source!r} is no whole causal language model: it lacks the weights "
            f"{', '.join(sorted(report['missing_keys'])[:3])}, which would be random."
        )


def _tokenizer(source: str, adapter: Adapter | None, options: dict[str, Any]) -> Any:
    from transformers import AutoTokenizer

    if adapter is not None and adapter.has_tokenizer:
        return AutoTokenizer.from_pretrained(adapter.folder, trust_remote_code=False)
    return AutoTokenizer.from_pretrained(source, **options)


def _not_loadable(source: str, error: Exception, *, offline: bool) -> ModelError:
    if offline and not Path(source).is_dir():
        return ModelError(
            f"The model {source!r} is neither a folder, nor a .gguf file, nor in the Hugging "
            "Face cache of this machine, and the hub cannot be reached from here."
        )
    if "trust_remote_code" in str(error):
        return ModelError(
            f"{source!r} needs Python code that comes with its files (auto_map), and bathyscope "
            "runs no code of a model; where you trust it, load it with transformers yourself and "
            "pass model and tokenizer to bathyscope.LanguageModel."
        )
    return ModelError(
        f"{source!r} cannot be loaded as a causal language model: {_first_sentence(error)}"
    )


def hub_answers() -> bool:
    """Tell whether the hub's machine can be connected to, or is behind a proxy and may be."""
    from huggingface_hub.constants import ENDPOINT

    url = urlsplit(ENDPOINT)
    if getproxies() or url.hostname is None:
        return True
    try:
        socket.create_connection((url.hostname, url.port or 443), timeout=5).close()
    except OSError:
        return False
    return True


def weights_digest(folder: Path) -> str:
    """Return one SHA-256 over the configuration and weight files of a folder, in name order."""
    files = [*folder.glob("config.json"), *folder.glob("*.safetensors"), *folder.glob("*.bin")]
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{folder} holds no config.json, so it is not a transformers model folder."
        )
    digests = "".join(f"{file.name} {sha256_of(file)}\n" for file in sorted(files))
    return hashlib.sha256(digests.encode()).hexdigest()


def _first_sentence(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text.split(". ")[0][:300].rstrip(".") + "."
