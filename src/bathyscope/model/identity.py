"""Identity of a model, for files that belong to a single one."""

import hashlib

import torch

from bathyscope.model.language_model import LanguageModel


def identity_of(model: LanguageModel) -> str:
    """Return one line that no other model has, whatever name either goes by.

    The hash in the model's provenance where it was read from files, else the commit of the hub,
    else a hash of its class and its weights in memory. The first two do not depend on the dtype.
    """
    provenance = model.provenance
    if provenance.get("sha256"):
        return f"sha256:{provenance['sha256']}"
    if provenance.get("revision"):
        return f"commit:{provenance['name']}@{provenance['revision']}"
    digest = hashlib.sha256(type(model.model).__name__.encode())
    for name, tensor in sorted(model.model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy())
    return f"weights:{digest.hexdigest()}"
