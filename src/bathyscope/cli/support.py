"""`bathyscope support`: which passage of documents an answer owes, sentence by sentence."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import note, progress_bars, tell
from bathyscope.cli.texts import given_text, is_there, read_text
from bathyscope.core.errors import InputError

if TYPE_CHECKING:
    from bathyscope.citation.result import Support
    from bathyscope.core.progress import Progress

_SHOWN = 10  # parts of a ranking in the terminal
_AS_GIVEN = (
    *("method", "budget", "tolerance", "seed", "max_new_tokens", "batch_tokens"),
    *("chat", "system", "no_system"),
)
"""Options that are settings of the same name."""


def command(
    context: Annotated[
        str,
        typer.Option(
            metavar="FILE|FOLDER|TEXT", help="A text file, a folder of them, a text, or -."
        ),
    ],
    question: Annotated[str, typer.Option(metavar="TEXT", help="What is asked about it.")],
    answer: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="The answer: a file or a text. [default: the model writes it]"
        ),
    ] = None,
    method: Annotated[str, typer.Option(metavar="NAME", help="As of attribute.")] = "shapley",
    budget: Annotated[
        int | None,
        typer.Option(help="Coalitions to evaluate at most. [default: 256, or what is needed]"),
    ] = None,
    tolerance: options.Tolerance = None,
    seed: Annotated[int, typer.Option(help="Where random numbers start.")] = 0,
    cache: options.Cache = False,
    chat: options.Chat = False,
    system: options.System = None,
    no_system: options.NoSystem = False,
    max_new_tokens: options.MaxNewTokens = 64,
    batch_tokens: options.BatchTokens = None,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Also save: both maps, and a page of citations.",
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Rank passages by what an answer owes them; cite them in it.

    Sentences of the best are ranked, too.
    """
    given = dict(locals())
    with progress_bars() as progress:
        from bathyscope.citation.context import passages
        from bathyscope.citation.support import support
        from bathyscope.core.files.outputs import require_writable

        said = None if answer is None else read_text(answer, "answer")
        documents = _documents(context)
        passages(documents)  # what is wrong with it is said before anything is loaded
        settings = _settings(given, progress)
        if output is not None:
            require_writable(output, overwrite=overwrite)
        loaded = options.load_model(model, revision, dtype, device, progress)
        asked = given_text(question, "question")
        found = support(loaded, documents, asked, said, settings=settings)
    show = partial(_show, found, as_json=as_json)
    if output is not None:
        from bathyscope.cli.results import shown_if_lost

        with shown_if_lost(show):
            _save(found, output, overwrite=overwrite)
    show()
    tell(found.notes)
    if output is not None:
        note(f"saved: {output / 'citations.html'}")


def _documents(source: str) -> "Path | list[str]":
    """Return a file or folder as it is, and a text in its paragraphs."""
    from bathyscope.citation.context import paragraphs

    if source != "-" and is_there(source):
        return Path(source)
    if source != "-" and source.isascii() and source.split() == [source]:  # no text to cite from
        raise InputError(
            f"There is no file or folder {source}; give documents that are there, their text, or - "
            "for standard input."
        )
    return [*paragraphs(read_text(source, "context"))]


def _settings(given: Mapping[str, Any], progress: "Progress") -> Any:
    from bathyscope.attribution.settings import AttributionSettings

    return AttributionSettings(
        **{name: given[name] for name in _AS_GIVEN},
        cache=options.cache_file(given["cache"]),
        progress=progress,
    )


def _save(found: "Support", folder: Path, *, overwrite: bool) -> None:
    from bathyscope.cli.figures import import_matplotlib
    from bathyscope.core.files.writing import new_folder
    from bathyscope.render.citations import write_citations
    from bathyscope.render.figure.draw import draw

    import_matplotlib()
    with new_folder(folder, overwrite=overwrite) as partial_folder:
        found.write(partial_folder)
        for name, run in found.maps.items():
            draw(run, partial_folder / name / "figure.png")
        write_citations(found, partial_folder / "citations.html")


def _show(found: "Support", *, as_json: bool) -> None:
    if as_json:
        print_json(found.to_document())
        return
    from rich.console import Console

    from bathyscope.render.terminal.citations import citations

    Console(markup=False, highlight=False).print(citations(found, _SHOWN))
