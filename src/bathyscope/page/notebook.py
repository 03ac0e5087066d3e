"""Runs show themselves in notebooks: importing this module gives `runs.base.Run` its page."""

from html import escape

from bathyscope.page.document import page
from bathyscope.page.wording import heading
from bathyscope.runs.base import Run

_HEIGHT = 760  # CSS pixels; the page scrolls inside


def frame(run: Run) -> str:
    """Return a run as an HTML frame that holds its page and has no access to the notebook."""
    return (
        f'<iframe title="{escape(heading([run]))}" sandbox="allow-scripts allow-downloads" '
        f'style="width: 100%; height: {_HEIGHT}px; border: 0" '
        f'srcdoc="{escape(page([run], [run.kind]))}"></iframe>'
    )


Run.in_notebook = frame
