"""Verdicts on a loaded model that need not be reached anew at every start."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bathyscope.model.measured import Json, machine, measured_once, measuring_anew, state_of


class Verdicts:
    """Findings about a model by trying, kept under all that they depend on.

    They are kept of models that were read from files or from a commit, and only for as long as the
    model in memory is as it was loaded: hooks, other classes and changed weights have verdicts of
    their own, reached each time.
    """

    def __init__(
        self, model: Any, depends_on: Mapping[str, Json] | None = None, *, verify: bool = False
    ) -> None:
        """Begin with a model as it was loaded.

        Args:
            model: The transformers model.
            depends_on: What tells it from every other; None where nothing does.
            verify: Whether to reach verdicts anew in any case.
        """
        self._model, self._depends_on, self._verify = model, depends_on, verify
        self._loaded = None if depends_on is None else _print_of(model)

    def of(self, what: str, reach: Callable[[], Any]) -> Any:
        """Return a verdict, reached where none is kept."""
        if self._depends_on is None or _print_of(self._model) != self._loaded:
            return reach()
        conditions = {
            "what": what,
            **self._depends_on,
            "class": type(self._model).__name__,
            "dtype": str(self._model.dtype),
            "device": str(self._model.device),
            "attention": str(getattr(self._model.config, "_attn_implementation", None)),
            **machine(),
        }
        with measuring_anew(self._verify):
            return measured_once(conditions, reach)


def known_by(source: str, provenance: Mapping[str, Any]) -> dict[str, Json] | None:
    """Return what tells a model from every other: the state of its files, or its commit.

    Args:
        source: What transformers loaded: a folder or a hub id.
        provenance: Its record, with "sha256" or "revision" where these are known.
    """
    identity = {
        key: provenance.get(key) for key in ("sha256", "revision", "adapter", "weights", "placed")
    }
    folder = Path(source)
    if folder.is_dir():
        files = sorted(file for file in folder.iterdir() if file.is_file())
        return {**identity, "files": [state_of(file) for file in files]}
    return {**identity, "source": source} if identity["revision"] else None


def _print_of(model: Any) -> list[tuple[Any, ...]]:
    """Return what changes when somebody does something to a model in memory."""
    modules = [
        (
            id(type(module)),
            len(module._forward_hooks),
            len(module._forward_pre_hooks),
            "forward" in vars(module),
        )
        for module in model.modules()
    ]
    weights = [
        (id(one), None if one.is_inference() else one._version, one.data_ptr())
        for one in model.parameters()
    ]
    return [*modules, *weights]
