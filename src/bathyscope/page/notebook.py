"""Runs show themselves in notebooks: importing this module gives runs and maps their views."""

from html import escape

from bathyscope.core.heatmap import Heatmap
from bathyscope.description.describe import describe
from bathyscope.description.words.account import IN_FULL, divided
from bathyscope.page.document import FRAMED, page
from bathyscope.page.wording import heading
from bathyscope.runs.base import Run

_HEIGHT = 600  # CSS pixels; the page scrolls inside


def frame(run: Run) -> str:
    """Return a run as an HTML frame that holds its page and has no access to the notebook."""
    return (
        f'<iframe title="{escape(heading([run]))}" sandbox="allow-scripts allow-downloads" '
        f'style="width: 100%; height: {_HEIGHT}px; border: 0" '
        f'srcdoc="{escape(page([run], [run.kind], FRAMED))}"></iframe>'
    )


def in_words(subject: Run | Heatmap) -> str:
    """Return a run or a map as Markdown: the short account, and the full one folded."""
    title, short, full = divided(describe(subject))
    return (
        f"**{title}**\n\n{short}\n\n<details>\n<summary>{IN_FULL}</summary>\n\n{full}\n</details>\n"
    )


Run.in_notebook = frame
Run.in_words = in_words
Heatmap.in_words = in_words
