"""Imports of transformers that reading a causal language model has no use for, put off.

Half of what transformers imports before the first pass serves other ends: training across
machines, compilation, losses of detectors of objects, quantisation. Within `lean_imports` the names
that its modules take from there are stand-ins, each of which becomes the real thing when it is
called, subclassed or asked for an attribute. No number depends on when a module is read.
"""

import builtins
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from importlib.util import resolve_name
from types import ModuleType
from typing import Any, Union

from bathyscope.model.import_structure import kept_structure

_PUT_OFF = re.compile(
    r"""( torch \. ( _dynamo | distributed \. ( tensor | fsdp | _composable | checkpoint ) )
        | transformers \. distributed \. \w+ _parallel
        | accelerate | bitsandbytes | torchao | scipy \. optimize
        ) (\..*)?""",
    re.VERBOSE,
)

_COMPILER = "torch._dynamo"


@contextmanager
def lean_imports() -> Iterator[None]:
    """Put off what a causal language model can do without while it is imported and loaded.

    For the command line, whose process is its own: a stand-in that a module of transformers has
    taken stays with it. Afterwards every import gives the real module again.
    """
    given = builtins.__import__

    def put_off(
        name: str,
        globals: Any = None,
        locals: Any = None,
        fromlist: Any = (),
        level: int = 0,
    ) -> Any:
        importer = str((globals or {}).get("__name__", ""))
        if importer.partition(".")[0] not in ("transformers", "torch"):
            return given(name, globals, locals, fromlist, level)
        path = resolve_name("." * level + name, globals["__package__"]) if level else name
        later = None if path in sys.modules else _instead_of(path, importer, bool(fromlist))
        if later is not None:
            return later
        found = given(name, globals, locals, fromlist, level)
        if path == "transformers.utils.import_utils":
            kept_structure(sys.modules[path])
        return found

    builtins.__import__ = put_off
    try:
        with _without_compiler(), _plain_shapes():
            yield
    finally:
        builtins.__import__ = given


def _instead_of(path: str, importer: str, names_wanted: bool) -> Any:
    """Return what stands in for a module; None where it is to be imported."""
    if importer.startswith("transformers"):
        return _Later(path) if names_wanted and _PUT_OFF.fullmatch(path) else None
    # A model is first built of tensors without numbers. PyTorch asks whether their shapes are
    # plain numbers, and imports SymPy to find that they are.
    if (importer, path) == ("torch._prims_common", "sympy"):
        return _Later(path)
    if (importer, path) == ("torch.compiler", _COMPILER):
        return sys.modules["torch"]
    return None


class _Later:
    """A module that has not been imported."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _Name(self._path, name)


class _Name:
    """A name of such a module."""

    def __init__(self, path: str, name: str) -> None:
        self._path, self._name = path, name

    def _real(self) -> Any:
        return getattr(import_module(self._path), self._name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._real()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return getattr(self._real(), name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._real(),)

    def __instancecheck__(self, instance: Any) -> bool:
        # Of a class that nobody has imported there is no instance.
        return self._path in sys.modules and isinstance(instance, self._real())

    def __subclasscheck__(self, subclass: Any) -> bool:
        return self._path in sys.modules and issubclass(subclass, self._real())

    def __or__(self, other: Any) -> Any:
        return Union[self, other]  # noqa: UP007  (the operator is what is being defined)

    __ror__ = __or__


def _plain_shapes() -> AbstractContextManager[Any]:
    """Return a mode in which tensors without numbers come about with no algebra of their shapes.

    A model is first built of such tensors. PyTorch decomposes what is done to them by code that
    imports SymPy; ranges, and arithmetic with single numbers, have the shapes of real ones.
    """
    import torch
    from torch import Tensor
    from torch.overrides import TorchFunctionMode

    draws = (torch.nn.init.normal_, Tensor.normal_)
    arithmetic = (Tensor.div, Tensor.__rdiv__, Tensor.__rpow__)

    class PlainShapes(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            given = kwargs or {}
            if func is torch.arange and torch.device(given.get("device") or "cpu").type == "meta":
                return func(*args, **{**given, "device": "cpu"}).to("meta")
            if func in draws and (tensor := [*args, *given.values()][0]).is_meta:
                return tensor
            if func in arithmetic and args[0].is_meta and isinstance(args[1], (int, float)):
                ones = torch.ones(args[0].shape, dtype=args[0].dtype, device="cpu")
                return func(ones, args[1]).to("meta")
            if func is torch.empty_like and args[0].is_meta:
                return torch.empty(args[0].shape, **{"dtype": args[0].dtype, **given})
            return func(*args, **given)

    return PlainShapes()


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Have the attribute `torch._dynamo` stand in for the module until more is asked of it.

    transformers decorates functions for the compiler to keep off them, and where nothing has been
    compiled there is no compiler to tell. Whoever imports the module gets it.
    """
    import torch

    if _COMPILER in sys.modules:
        yield
        return
    stand_in = _Compiler(_COMPILER)
    torch._dynamo = stand_in
    try:
        yield
    finally:
        if vars(torch).get("_dynamo") is stand_in:
            del torch._dynamo


class _Compiler(ModuleType):
    def __getattr__(self, asked: str) -> Any:
        if asked.startswith("__"):
            raise AttributeError(asked)
        if asked in ("allow_in_graph", "assume_constant_result", "disable"):
            return _left_alone
        return getattr(import_module(_COMPILER), asked)


def _left_alone(function: Callable[..., Any] | None = None, *args: Any, **kwargs: Any) -> Any:
    return (lambda given: given) if function is None else function
