"""Folders that hold an adapter (LoRA and its kin) of a base model, read with PEFT where it is."""

import hashlib
import json
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bathyscope.core.errors import ModelError
from bathyscope.model.measured import sha256_of

_SETTINGS = "adapter_config.json"
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True)
class Adapter:
    """An adapter and what it belongs to.

    Attributes:
        folder: Where it lies.
        base: Its base model, as its settings name it: a folder or a hub id.
        revision: That of the base, where the settings name one.
    """

    folder: Path
    base: str
    revision: str | None

    @property
    def has_tokenizer(self) -> bool:
        """Whether a tokenizer lies beside it, which goes before that of its base."""
        return any((self.folder / name).is_file() for name in _TOKENIZER)

    def provenance(self, base: dict[str, Any]) -> dict[str, Any]:
        """Return the record of both; the hash is of both where that of the base is known."""
        files = sorted([self.folder / _SETTINGS, *self.folder.glob("adapter_model.*")])
        digests = [f"{file.name} {sha256_of(file)}" for file in files]
        of_base = base.get("sha256")
        whole = hashlib.sha256("\n".join([*digests, str(of_base)]).encode()).hexdigest()
        name = self.folder.resolve().name
        if of_base is None:  # on the hub: its commit tells bases apart, and the name adapters
            return {"name": f"{name} {whole[:12]}", "adapter": digests, "base": base}
        return {"name": name, "sha256": whole, "adapter": digests, "base": base}

    def attached(self, model: Any) -> Any:
        """Return the base model with the adapter in it, as PEFT runs it.

        Raises:
            Exception: Whatever PEFT stumbles over; a weight that is missing would be random.
        """
        import peft

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # between PEFT and transformers
            warnings.filterwarnings("error", message=".*missing adapter keys.*")
            return peft.PeftModel.from_pretrained(model, str(self.folder))


def adapter_in(folder: Path) -> Adapter | None:
    """Return the adapter that a folder holds; None where it holds none.

    Raises:
        ModelError: It names no base model, or PEFT is not installed.
    """
    file = folder / _SETTINGS
    if not file.is_file():
        return None
    try:
        about = dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{file} cannot be read ({error}), so its base is not known.") from error
    base, revision = about.get("base_model_name_or_path"), about.get("revision")
    kind = about.get("peft_type", "of an unknown kind")
    if not isinstance(base, str) or not base:
        raise ModelError(
            f"{folder} holds an adapter ({kind}) that does not name its base model "
            "(base_model_name_or_path in adapter_config.json); merge it into its base with PEFT "
            "(merge_and_unload) and give that."
        )
    if find_spec("peft") is None:
        raise ModelError(
            f"{folder} holds an adapter ({kind}) of the base model {base!r}, not a whole model; "
            "install PEFT, which reads it (pip install 'bathyscope[peft]'), or give a model into "
            "which it is merged (merge_and_unload of PEFT)."
        )
    return Adapter(folder, base, revision if isinstance(revision, str) else None)
