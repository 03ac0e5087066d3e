"""The command line: adapters over the public functions."""

import sys


def main() -> None:
    """Run the command line and exit with its code: 0, 1 failure, 2 wrong input, 130 interrupted."""
    from bathyscope.cli.app import run

    sys.exit(run(sys.argv[1:]))
