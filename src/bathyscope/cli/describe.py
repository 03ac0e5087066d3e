"""`bathyscope describe`: a run or a table in words."""

from bathyscope.cli.subjects import Subject, open_subject


def command(subject: Subject) -> None:
    """Say in Markdown what a saved run, or a plain CSV table, shows."""
    from bathyscope.render.description import describe

    print(describe(open_subject(subject)), end="")
