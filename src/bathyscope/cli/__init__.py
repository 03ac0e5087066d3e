"""The command line: adapters over the public functions."""

import gc
import sys


def main() -> None:
    """Run the command line: exit code 0, 1 failure, 2 wrong use or input, 130 interrupted."""
    from bathyscope.cli.app import app
    from bathyscope.cli.ending import ending_at_once
    from bathyscope.cli.messages import complain
    from bathyscope.cli.terminal import arguments, show_anything
    from bathyscope.core.errors import InputError

    gc.set_threshold(50_000)  # most of what a short process makes lives as long as it does
    with ending_at_once():
        show_anything()
        try:
            given = arguments(sys.argv[1:])
        except InputError as error:
            complain(str(error))
            sys.exit(2)
        app(given)
