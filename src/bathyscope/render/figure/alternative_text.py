"""Alternative text of an SVG, for whoever cannot see it."""

import hashlib
from html import escape
from pathlib import Path


def add_alternative_text(path: Path, words: str) -> None:
    """Give an SVG that matplotlib wrote a title and a description, as screen readers read them.

    Args:
        path: The file, changed in place.
        words: Markdown; its heading becomes the title, all of it the description.
    """
    svg, words = path.read_text(encoding="utf-8"), _speakable(words)
    start = svg.index("<svg")
    end = svg.index(">", start)
    name = hashlib.sha256(words.encode()).hexdigest()[:12]  # several may stand in one page
    title = words.partition("\n")[0].lstrip("# ")
    path.write_text(
        f'{svg[:end]} role="img" aria-labelledby="title-{name}" aria-describedby="words-{name}">\n'
        f' <title id="title-{name}">{escape(title, quote=False)}</title>\n'
        f' <desc id="words-{name}">{escape(words, quote=False)}</desc>{svg[end + 1 :]}',
        encoding="utf-8",
    )


def _speakable(words: str) -> str:
    """Return a text as XML may hold it: control characters and lone surrogates as escapes."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in words)
