"""`bathyscope compare`: two runs, tables or prompts beside each other."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import note, progress_bars, tell
from bathyscope.cli.subjects import open_subject
from bathyscope.cli.texts import given_text, is_there, require_no_path
from bathyscope.core.errors import InputError

if TYPE_CHECKING:
    from bathyscope.prompt import Prompt
    from bathyscope.runs.base import Run
    from bathyscope.runs.comparison import Comparison

ComparedSubject = Annotated[
    str,
    typer.Argument(
        metavar="RUN|TABLE|PROMPT",
        help="A run folder, a table, or with --target a prompt.",
    ),
]


def command(
    a: ComparedSubject,
    b: ComparedSubject,
    target: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Of two prompts: the continuation of both.")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of two prompts. [default: what is marked, else sentences]"
        ),
    ] = None,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FIGURE|FOLDER",
            help="Also draw: a .png, .svg or .pdf file; or save: a folder for the comparison.",
        ),
    ] = None,
    palette: options.Palette = None,
    short: Annotated[
        bool, typer.Option("--short", help="The short account only: one paragraph.")
    ] = False,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Say what changed from one run, table or prompt to another.

    The words are Markdown; --output also draws both.
    """
    given = dict(locals())
    from bathyscope.cli.figures import import_matplotlib
    from bathyscope.cli.results import shown_if_lost
    from bathyscope.comparison.compare import compare
    from bathyscope.core.files.outputs import require_writable
    from bathyscope.render.figure.draw import draw, require_format
    from bathyscope.render.palette import require_palette

    require_palette(palette)
    drawn = output is not None and output.suffix != ""
    if output is not None:
        if drawn:
            require_format(output)
        require_writable(output, overwrite=overwrite, folder=not drawn)
    comparison = compare(*_opened(a, b, given))
    show = partial(_show, comparison, short=short, as_json=as_json)
    if output is not None:
        with shown_if_lost(show), progress_bars():
            if drawn:
                import_matplotlib()
                draw(comparison, output, palette=palette, overwrite=overwrite)
            else:
                comparison.save(output, overwrite=overwrite)
    show()
    tell(comparison.notes)
    if output is not None:
        note(f"saved: {output}")


def _opened(a: str, b: str, given: Mapping[str, Any]) -> "list[Run]":
    """Return two runs or tables, or the maps of two prompts with one target.

    Raises:
        InputError: One is a prompt and the other is not, or there is no target.
    """
    of_prompts = given["target"] is not None or given["features"] is not None
    texts = [one for one in (a, b) if _is_prompt(one, of_prompts)]
    if not texts:
        if of_prompts:
            raise InputError("--target and --features are of two prompts; runs have their own.")
        return [open_subject(Path(one)) for one in (a, b)]
    if len(texts) == 1 or given["target"] is None:
        raise InputError(
            "Two prompts are compared by one continuation of both: give both as texts, and "
            "--target TEXT."
        )
    with progress_bars() as progress:
        from bathyscope.attribution.attribute import attribute

        target = given_text(given["target"], "target")
        prompts = [_with_features(given_text(one, "prompt"), given["features"]) for one in (a, b)]
        origin = given["model"], given["revision"], given["dtype"], given["device"]
        loaded = options.load_model(*origin, progress)
        return [attribute(loaded, one, target, progress=progress) for one in prompts]


def _with_features(text: str, name: str | None) -> "Prompt":
    """Return a prompt with its features: what is marked, or its sentences, the last of which stays.

    Raises:
        InputError: There is none.
    """
    from bathyscope.prompt import Prompt
    from bathyscope.reasoning.passages import with_parts

    return with_parts(Prompt.marked(text)) if name is None else Prompt.segmented(text, name)


def _is_prompt(subject: str, of_prompts: bool) -> bool:
    """Tell whether a subject is a text: no file is called so, and it has a space.

    Where something is asked that only prompts are, a word will do.

    Raises:
        InputError: It was meant as a file that is not there.
    """
    if is_there(subject):
        return False
    if of_prompts:
        require_no_path(subject)
    return of_prompts or any(map(str.isspace, subject))


def _show(comparison: "Comparison", *, short: bool, as_json: bool) -> None:
    from bathyscope.description.describe import describe

    if as_json:
        print_json(comparison.to_document())
    else:
        print(describe(comparison, short=short), end="")
