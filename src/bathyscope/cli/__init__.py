"""The command line: adapters over the public functions."""


def main() -> None:
    """Run the command line: exit code 0, 1 failure, 2 wrong use or input, 130 interrupted."""
    from bathyscope.cli.app import app

    app()
