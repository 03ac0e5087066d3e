"""A processor in the place of a device: counts what would be launched there, and what would wait.

Everything computed counts as lying on the device until it is brought over by `cpu()`; what is
computed of that is the processor's own affair.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten
from torch.utils.weak import WeakIdKeyDictionary

VIEWS = {
    *("view", "_unsafe_view", "slice", "t", "transpose", "expand", "unsqueeze", "select"),
    *("alias", "detach", "reshape", "permute", "squeeze", "split", "unbind", "_reshape_alias"),
    *("empty", "empty_like", "new_empty", "lift_fresh", "split_with_sizes"),
}
WAITS = {
    *("_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "bincount"),
    "repeat_interleave",
}


class Device(TorchDispatchMode):
    """What a device would have been asked for.

    Attributes:
        launches: Kernels started.
        waits: Times that the processor waited for an answer.
        handed: Tensors made there of Python's numbers, for each of which it waits, too.
        doubles: Operations that made float64, which MPS does not have.
    """

    def __init__(self) -> None:
        super().__init__()
        self.launches = self.waits = self.handed = 0
        self.doubles: list[str] = []
        self._here = WeakIdKeyDictionary()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        given = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, Tensor)]
        out = func(*args, **(kwargs or {}))
        made = [one for one in tree_flatten(out)[0] if isinstance(one, Tensor)]
        if any(one in self._here for one in given):
            for one in made:
                self._here[one] = True
            return out
        name = func.overloadpacket.__name__
        self.launches += name not in VIEWS
        self.waits += name in WAITS
        if name not in VIEWS and any(one.dtype == torch.float64 for one in made):
            self.doubles.append(name)
        return out

    def brought_over(self, tensor: Tensor) -> Tensor:
        """Return what `cpu()` returns."""
        if tensor in self._here:
            return tensor
        self.waits += 1
        with torch.utils._python_dispatch._disable_current_modes():
            copy = tensor.detach().clone()
        self._here[copy] = True
        return copy

    def made(self, *given: Any, **options: Any) -> Tensor:
        """Return what `torch.tensor()` returns."""
        tensor = _TENSOR(*given, **options)
        self.handed += options.get("device") is not None and tensor.numel() > 0
        return tensor

    def listed(self, tensor: Tensor) -> Any:
        """Return what `tolist()` returns."""
        return _TOLIST(self.brought_over(tensor))

    def as_array(self, tensor: Tensor, **options: Any) -> Any:
        """Return what `numpy()` returns of a tensor that was brought over."""
        if tensor not in self._here:
            raise TypeError("can't convert a tensor on a device to numpy; bring it over by cpu()")
        return _NUMPY(tensor, **options)


_TOLIST, _NUMPY, _TENSOR = Tensor.tolist, Tensor.numpy, torch.tensor


@contextmanager
def counted() -> Iterator[Device]:
    """Count what a device would have been asked for in here."""
    device = Device()
    with (
        patch.object(Tensor, "cpu", lambda self: device.brought_over(self)),
        patch.object(Tensor, "tolist", lambda self: device.listed(self)),
        patch.object(torch, "tensor", device.made),
        patch.object(Tensor, "numpy", lambda self, **options: device.as_array(self, **options)),
        device,
    ):
        yield device
