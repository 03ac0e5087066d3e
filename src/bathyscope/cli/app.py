"""The commands, and how each of them ends: an exit code and one sentence, never a traceback."""

import functools
import sys
import warnings
from collections.abc import Callable
from typing import ParamSpec

import typer

from bathyscope.cli import (
    attribute,
    batch,
    chain,
    compare,
    demo,
    depth,
    describe,
    evaluate,
    lens,
    listings,
    open,
    problems,
    provenance,
    rank,
    render,
    rerun,
    runs,
    select,
    study,
    support,
    think,
    view,
)
from bathyscope.cli.messages import complain, show_warning
from bathyscope.core.errors import BathyscopeError, WriteError, packages_needed

P = ParamSpec("P")

app = typer.Typer(
    name="bathyscope",
    help="See what happened inside a language model while it wrote an answer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("bathyscope"))
        raise typer.Exit


@app.callback()
def _program(
    version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_print_version
    ),
) -> None:
    pass


def _ends_well(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what a command raises into an exit code: 1 failure, 2 wrong input, 130 interrupted."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        warnings.showwarning = show_warning
        try:
            with packages_needed():
                command(*args, **kwargs)
            sys.stdout.flush()  # what standard output refuses is known now, not after the end
        except WriteError as error:
            complain(str(error))
            raise typer.Exit(1) from None
        except BathyscopeError as error:
            complain(str(error))
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            complain("interrupted; nothing half-written is left.")
            raise typer.Exit(130) from None
        except BrokenPipeError:  # whoever read the output has seen enough
            sys.stdout = None
            raise typer.Exit(0) from None
        except OSError as error:
            sys.stdout = None if error.filename is None else sys.stdout
            complain(f"{error.filename or 'standard output'}: {error.strerror or error}.")
            raise typer.Exit(1) from None

    return guarded


LISTS = {
    "attribute": (listings.methods, listings.features),
    "evaluate": (listings.methods, listings.features),
    "chain": (listings.steps, listings.methods_over_games, listings.features),
    "depth": (listings.layer_statistics, listings.lenses),
    "think": (listings.lenses,),
    "select": (listings.selectors,),
    "study": (listings.claims,),
    "rank": (listings.methods, listings.features),
    "batch": (listings.engines, listings.methods, listings.features, listings.lenses),
}
"""What the help of a command ends with."""

for name, module in {
    "attribute": attribute,
    "depth": depth,
    "chain": chain,
    "evaluate": evaluate,
    "think": think,
    "render": render,
    "describe": describe,
    "view": view,
    "compare": compare,
    "provenance": provenance,
    "rerun": rerun,
    "select": select,
    "demo": demo,
    "batch": batch,
    "open": open,
    "study": study,
    "rank": rank,
    "support": support,
}.items():
    kind = listings.ending_with(*LISTS.get(name, ()))
    app.command(name, cls=kind)(_ends_well(module.command))

lens_app = typer.Typer(help="Fit a lens to read a model's layers through.", no_args_is_help=True)
lens_app.command("fit")(_ends_well(lens.fit))
lens_app.command("train", hidden=True)(_ends_well(lens.fit))  # its name before there were kinds
lens_app.command("convert")(_ends_well(lens.convert))
app.add_typer(lens_app, name="lens")

problems_app = typer.Typer(help="Problems with known answers, as JSON Lines.", no_args_is_help=True)
problems_app.command("arithmetic")(_ends_well(problems.arithmetic))
problems_app.command("read", cls=listings.ending_with(listings.shapes))(_ends_well(problems.read))
problems_app.command("gym")(_ends_well(problems.gym))
app.add_typer(problems_app, name="problems")

runs_app = typer.Typer(help="List, show, name and delete saved runs.", invoke_without_command=True)
runs_app.callback()(_ends_well(runs.listed))
for _name in ("show", "name", "delete"):
    runs_app.command(_name)(_ends_well(getattr(runs, _name)))
app.add_typer(runs_app, name="runs")
