"""`bathyscope lens`: lenses that belong to one model, fitted to text or taken from others."""

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.lens_tables import print_lens
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import note, progress_bars
from bathyscope.cli.texts import read_text
from bathyscope.core.errors import InputError, WriteError, advice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bathyscope.layers.lenses.jacobian import JacobianLens
    from bathyscope.layers.lenses.tuned import TunedLens

    Fitted = Callable[[Any, Callable[[Any], None]], TunedLens | JacobianLens]

Output = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", help="The .safetensors file to write."),
]

_ONLY = {
    "tuned": ("steps", "positions", "learning_rate", "held_out"),
    "jacobian": ("estimator", "directions", "passages", "minutes", "begin", "first_only"),
}
"""Options that one kind of lens alone has."""


def fit(
    texts: Annotated[
        list[str],
        typer.Argument(metavar="TEXT...", help="Files, texts, or -: what it is fitted on."),
    ],
    output: Output,
    kind: Annotated[str, typer.Option(help="tuned or jacobian.")] = "tuned",
    sequence_length: Annotated[
        int | None,
        typer.Option(help="Tokens the text is cut into. [default: 256 tuned, 128 jacobian]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the order in which the text is read.")] = 0,
    steps: Annotated[
        int | None, typer.Option(help="tuned: steps of the optimiser. [default: 250]")
    ] = None,
    positions: Annotated[
        int | None, typer.Option(help="tuned: tokens that each step learns from. [default: 64]")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="tuned: at the first step; falls to 0. [default: 0.001]")
    ] = None,
    held_out: Annotated[
        float | None,
        typer.Option(help="tuned: share of each text, its end, that judges it. [default: 0.1]"),
    ] = None,
    estimator: Annotated[
        str | None, typer.Option(help="jacobian: random or exact. [default: random]")
    ] = None,
    directions: Annotated[
        int | None,
        typer.Option(help="jacobian: random directions of each passage. [default: 64]"),
    ] = None,
    passages: Annotated[
        int | None,
        typer.Option(
            help="jacobian: stop after so many. [default: all, and until every direction was asked]"
        ),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="jacobian: stop when so much time has passed.")
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option(
            help="jacobian: whether passages begin with the token that begins a text: tokenizer, "
            "always or never. [default: tokenizer]"
        ),
    ] = None,
    first_only: Annotated[
        bool | None,
        typer.Option("--first-only", help="jacobian: read only the beginning of each text."),
    ] = None,
    keep_newline: options.KeepNewline = False,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    overwrite: options.Overwrite = False,
    verify: options.Verify = False,
    as_json: options.Json = False,
) -> None:
    """Fit a lens of a model to text, and say how good it is.

    A Jacobian lens that is interrupted is gone on with by the same command.
    """
    given = {
        "sequence_length": sequence_length, "steps": steps, "positions": positions,
        "learning_rate": learning_rate, "held_out": held_out, "estimator": estimator,
        "directions": directions, "passages": passages, "minutes": minutes, "begin": begin,
        "first_only": first_only,
    }  # fmt: skip
    chosen = {name: value for name, value in given.items() if value is not None}
    with progress_bars() as progress:
        from bathyscope.cli.results import shown_if_lost
        from bathyscope.core.files.outputs import require_writable

        _require_kind(kind, chosen)
        read = [read_text(text, "text", keep_newline=keep_newline) for text in texts]
        make = _tuned if kind == "tuned" else _jacobian
        fitted = make(read, output, {**chosen, "seed": seed, "progress": progress})
        require_writable(output, overwrite=overwrite, folder=False)
        loaded = options.load_model(model, revision, dtype, device, progress, verify=verify)

        def save(lens: "TunedLens | JacobianLens") -> None:
            with shown_if_lost(partial(_show, lens, as_json=as_json)):
                lens.save(output, overwrite=overwrite)

        with _told_of_what_is_kept(output):
            lens = fitted(loaded, save)
    _show(lens, as_json=as_json)
    note(f"translators: {output}")


def convert(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A published Jacobian lens, a torch archive.")
    ],
    output: Output,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    overwrite: options.Overwrite = False,
    verify: options.Verify = False,
    as_json: options.Json = False,
) -> None:
    """Take over a Jacobian lens that others published for a model."""
    with progress_bars() as progress:
        from bathyscope.core.files.outputs import require_writable
        from bathyscope.layers.lenses.archive import require_archive
        from bathyscope.layers.lenses.published import convert_lens

        require_archive(file)
        require_writable(output, overwrite=overwrite, folder=False)
        loaded = options.load_model(model, revision, dtype, device, progress, verify=verify)
        lens = convert_lens(loaded, file)
        lens.save(output, overwrite=overwrite)
    _show(lens, as_json=as_json)
    note(f"translators: {output}")


@contextmanager
def _told_of_what_is_kept(output: Path) -> "Iterator[None]":
    """Say where the sums of a fit lie that was interrupted, or whose lens could not be saved."""
    from bathyscope.layers.jacobian_kept import kept_beside

    try:
        yield
    except (KeyboardInterrupt, WriteError, typer.Exit):
        if (kept := kept_beside(output)).exists():
            note(f"{kept} keeps what was done so far; the same command goes on from there.")
        raise


def _require_kind(kind: str, chosen: dict[str, Any]) -> None:
    if kind not in _ONLY:
        raise InputError(f"The kind {kind!r} is not known; {advice(kind, _ONLY)} (--kind).")
    for other, names in _ONLY.items():
        for name in names:
            if other != kind and name in chosen:
                raise InputError(
                    f"--{name.replace('_', '-')} belongs to --kind {other}, not to {kind}; leave "
                    "it out."
                )
    if chosen.get("estimator") == "exact" and "directions" in chosen:
        raise InputError(
            "--estimator exact asks along every direction; leave out --directions, or take "
            "--estimator random."
        )


def _tuned(texts: list[str], output: Path, given: dict[str, Any]) -> "Fitted":
    from bathyscope.layers.lens_training import LensTraining, train_lens

    settings = LensTraining(**given)

    def fitted(model: Any, save: "Callable[[Any], None]") -> "TunedLens":
        lens = train_lens(model, texts, settings=settings)
        save(lens)
        return lens

    return fitted


def _jacobian(texts: list[str], output: Path, given: dict[str, Any]) -> "Fitted":
    from bathyscope.layers.jacobian_fit import fit_jacobian_lens
    from bathyscope.layers.jacobian_kept import kept_beside
    from bathyscope.layers.jacobian_settings import JacobianFit

    settings, keep = JacobianFit(**given), kept_beside(output)
    return lambda model, save: fit_jacobian_lens(
        model, texts, settings=settings, keep=keep, save=save
    )


def _show(lens: "TunedLens | JacobianLens", *, as_json: bool) -> None:
    if as_json:
        print_json(lens.about)
    else:
        print_lens(lens.about)
