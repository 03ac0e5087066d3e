"""Identity of a model, for files that belong to a single one."""

import hashlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import ModelError
from bathyscope.model.language_model import LanguageModel


def identity_of(model: LanguageModel) -> str:
    """Return one line that no other model has, whatever name either goes by.

    The hash in the model's provenance where it was read from files, else the commit of the hub,
    else a hash of its class and its weights in memory. The first two do not depend on the dtype.

    Raises:
        ModelError: It is known by its weights alone, and some are fetched from elsewhere.
    """
    provenance = model.provenance
    if provenance.get("sha256"):
        return f"sha256:{provenance['sha256']}"
    if provenance.get("revision"):
        return f"commit:{provenance['name']}@{provenance['revision']}"
    digest = hashlib.sha256(type(model.model).__name__.encode())
    for name, tensor in sorted(model.model.state_dict().items()):
        for part in _plain(tensor) if isinstance(tensor, Tensor) else ():
            if part.is_meta:
                raise ModelError(
                    f"Nothing tells {type(model.model).__name__} from other models: no file of it "
                    f"is known, and its {name} is fetched from elsewhere when it is needed; load "
                    "it with bathyscope.load, which names its files."
                )
            digest.update(name.encode())
            numbers: Any = part.cpu().contiguous().flatten().view(torch.uint8).numpy()
            digest.update(numbers)
    return f"weights:{digest.hexdigest()}"


def _plain(tensor: Tensor) -> Iterator[Tensor]:
    """Yield the tensors that one is made of: itself, or what few bits are packed into."""
    if not hasattr(tensor, "__tensor_flatten__"):
        yield tensor
        return
    for name in tensor.__tensor_flatten__()[0]:
        yield from _plain(getattr(tensor, name))
