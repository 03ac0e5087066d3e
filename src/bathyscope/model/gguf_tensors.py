"""The tensors of a GGUF file, dequantised one at a time by transformers' own rules.

transformers reads most architectures whole: every tensor dequantised before the first is used. The
same rules (names, permutations of heads, norms less 1) are applied here to one tensor after the
other, so that memory does not grow with the model.
"""

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_ELEMENTS_AT_ONCE = 1 << 20  # that are dequantised together


class GgufTensors:
    """The weights of a GGUF file under the names that a model of transformers gives them.

    Attributes:
        num_tensors: The most that there will be.
        num_elements: Numbers in all tensors together.
        bits: Bits that the file has for a number, on average.
    """

    def __init__(self, file: Path, model: Any) -> None:
        """Open a file.

        Args:
            file: The file.
            model: The model without weights (on the device "meta").

        Raises:
            Exception: Whatever a damaged file, or an unknown architecture, makes a reader raise.
        """
        from gguf import GGUFReader

        rules: Any = import_module("transformers.modeling_gguf_pytorch_utils")
        self._reader = GGUFReader(str(file))
        self._parsed: dict[str, Any] = rules.load_gguf_checkpoint(str(file), return_tensors=False)
        self._parsed["tensors"] = {}
        architecture = str(self._reader.fields["general.architecture"].contents())
        kind: Any = rules.TENSOR_PROCESSORS.get(architecture, rules.TensorProcessor)
        self._processor = kind(config=self._parsed.get("config", {}))
        self._names: dict[str, str] = rules.get_gguf_hf_weights_map(model, self._processor)
        self.num_tensors = len(model.state_dict()) + len(self._reader.tensors)
        self.num_elements = sum(int(one.n_elements) for one in self._reader.tensors)
        self.bits = 8 * sum(int(one.n_bytes) for one in self._reader.tensors) / self.num_elements

    def __iter__(self) -> Iterator[tuple[str, Tensor]]:
        """Yield names and tensors in float32, each as soon as all its parts have been read."""
        gathered: dict[str, Tensor] = self._parsed["tensors"]
        waiting = Counter(self._names.values())  # experts come in parts: gate and up
        for one in self._reader.tensors:
            result = self._processor.process(
                weights=_dequantised(one),
                name=one.name,
                tensor_key_mapping=self._names,
                parsed_parameters=self._parsed,
            )
            # Experts' names are mapped without their ending.
            target = self._names.get(one.name, self._names.get(one.name.removesuffix(".weight")))
            if target is not None:
                waiting[target] -= 1
            if result.name in self._names:
                yield self._names[result.name], torch.from_numpy(_ordered(result.weights))
            del result  # or it would be held beside the next
            for name in [name for name in gathered if waiting[name] <= 0]:
                yield name, gathered.pop(name)
        yield from gathered.items()


def has_rules(file: Path) -> bool:
    """Tell whether transformers has rules of this kind for a file's architecture.

    Those of the newest ones are of another kind, which it applies itself, to all tensors at once.
    """
    newer: Any = import_module("transformers.integrations.gguf")
    metadata, _ = newer.read_gguf_metadata(str(file))
    return metadata["general.architecture"] not in newer.GGUF_CONFIG_ARCHS


def _dequantised(tensor: Any) -> NDArray[np.float32]:
    """Return a tensor's numbers in float32, a few rows at a time: the library holds them twice."""
    from gguf import dequantize

    data = tensor.data
    if data.ndim < 2:
        return np.array(dequantize(data, tensor.tensor_type), dtype=np.float32)
    rows = data.reshape(-1, data.shape[-1])
    first = dequantize(rows[:1], tensor.tensor_type)
    width = first.shape[-1]
    full = np.empty((len(rows), width), dtype=np.float32)
    step = max(1, _ELEMENTS_AT_ONCE // width)
    for begin in range(0, len(rows), step):
        part = slice(begin, begin + step)
        full[part] = dequantize(rows[part], tensor.tensor_type)
    shaped: NDArray[np.float32] = full.reshape(*data.shape[:-1], width)
    return shaped


def _ordered(weights: Any) -> Any:
    """Return an array in memory order, copied only where it is not."""
    return np.ascontiguousarray(weights, dtype=np.float32)
