"""`bathyscope open`: the maps of one record of a study, as run folders."""

from pathlib import Path
from typing import Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json

Study = Annotated[Path, typer.Argument(metavar="STUDY", help="A folder of `bathyscope batch`.")]


def command(
    study: Study,
    record: Annotated[str, typer.Argument(metavar="ID", help="Id of a record, as in its tables.")],
    output: options.Output = None,
    name: options.Name = None,
    overwrite: options.Overwrite = False,
    figure: options.Figure = None,
    palette: options.Palette = None,
    wide: options.Wide = False,
    as_json: options.Json = False,
) -> None:
    """Show the maps of one record of a study, and save them as runs."""
    from bathyscope.cli.results import Delivery
    from bathyscope.study.store import open_study

    opened = open_study(study)
    runs = opened.runs(record)
    if not runs:
        print_json(opened.record(record))
        return
    delivery = Delivery(output, figure or [], palette, False, overwrite, as_json, wide, name)
    delivery.check(len(runs))
    delivery.deliver(runs)
