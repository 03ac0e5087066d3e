"""The commands and how they end: exit codes and one sentence instead of a traceback."""

import sys
from collections.abc import Sequence

import click
import typer

from bathyscope.cli import attribute, demo, depth, describe, render
from bathyscope.cli.messages import complain
from bathyscope.errors import BathyscopeError

app = typer.Typer(
    name="bathyscope",
    help="See what happened inside a language model while it wrote an answer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("attribute")(attribute.command)
app.command("depth")(depth.command)
app.command("render")(render.command)
app.command("describe")(describe.command)
app.command("demo")(demo.command)


@app.callback()
def _version(
    version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True),
) -> None:
    if version:
        from importlib.metadata import version as version_of

        print(version_of("bathyscope"))
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        code = typer.main.get_command(app).main(
            args=list(arguments), prog_name="bathyscope", standalone_mode=False
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted; nothing half-written is left.")
        return 130
    except BathyscopeError as error:
        complain(str(error))
        return 2
    except BrokenPipeError:  # whoever read the output has seen enough
        sys.stderr.close()
        return 0
    except OSError as error:
        complain(f"{error.filename or 'a file'}: {error.strerror or error}.")
        return 1
    return code if isinstance(code, int) else 0
