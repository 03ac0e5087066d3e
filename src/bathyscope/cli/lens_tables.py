"""Tables of fitted lenses: losses or errors, layer by layer."""

from collections.abc import Mapping, Sequence
from typing import Any


def print_lens(about: Mapping[str, Any]) -> None:
    """Print what the file of a lens says of how good it is, layer by layer."""
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    for part in _tuned(about) if "held_out" in about else _jacobian(about):
        console.print(part)


def _tuned(about: Mapping[str, Any]) -> list[Any]:
    held_out = about["held_out"]
    losses = held_out["kl_from_last"]
    rows = [
        (f"{norm:.3f}", f"{tuned:.3f}")
        for norm, tuned in zip(losses["norm"], losses["tuned"], strict=True)
    ]
    title = "Bits lost by taking a layer's prediction for the last layer's"
    return [
        _by_layer(title, ("norm", "tuned"), rows),
        f"Mean KL divergence over {held_out['tokens']} tokens held out of the training.",
    ]


def _jacobian(about: Mapping[str, Any]) -> list[Any]:
    relative = about.get("error", {}).get("relative")
    errors = ["–"] * len(about["size"]) if relative is None else [f"{e:.3f}" for e in relative]
    rows = [
        (f"{size:.1f}", f"{trace:.1f}", error)
        for size, trace, error in zip(about["size"], about["trace"], errors, strict=True)
    ]
    names = ("size (Frobenius)", "trace", "relative standard error")
    return [_by_layer("Jacobian of the last layer by each layer", names, rows), _source(about)]


def _source(about: Mapping[str, Any]) -> str:
    if "converted" in about:
        said = about["converted"]
        return f"Taken from {said['file']}, fitted on {said['n_prompts']} prompts."
    passages = about["error"]["passages"]
    end = (
        "; the error is not known until each half of the text was asked along every direction."
        if about["error"]["relative"] is None
        else "; the error is that of two halves of the text."
    )
    count = sum(passages)
    number = f"{count} passage{'' if count == 1 else 's'}"
    return f"Mean over {number}, {about['fit']['estimator']} estimator{end}"


def _by_layer(title: str, names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Any:
    from rich.table import Table

    table = Table(title=title)
    for name in ("layer", *names):
        table.add_column(name, justify="right")
    for layer, row in enumerate(rows, 1):
        table.add_row(str(layer), *row)
    return table
