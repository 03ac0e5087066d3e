"""The page itself: style, modules and data put into one HTML file that asks no network."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path

from bathyscope.core.errors import InputError
from bathyscope.core.files.writing import new_file
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.page.data import Shown, page_data
from bathyscope.runs.base import Run
from bathyscope.runs.table import as_run

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z]+\.js)";\n', re.M)
STYLES = ("page.css", "text.css", "maps.css", "details.css", "narrow.css", "print.css")
"""The style sheets, in order."""

FRAMED = (*STYLES, "framed.css")
"""Those of a page in a notebook, where it has a frame of little height."""

FILE = "file.js"
"""The module that a page as a file begins with; another page may begin with another."""


@keywords_checked
def view(
    subjects: Run | Heatmap | Sequence[Run | Heatmap],
    path: str | Path,
    *,
    names: Sequence[str] | None = None,
    overwrite: bool = True,
) -> None:
    """Write maps as one interactive HTML file, whole or not at all.

    Maps of the same quantity stand side by side on one scale; maps of the same answer are linked.
    The file needs no network and no other file.

    Args:
        subjects: A run, a map, or several.
        path: Where to; a name that ends in .html.
        names: What each is called on the page; None numbers them.
        overwrite: Whether an existing page is replaced; never a file that bathyscope did not write.

    Raises:
        InputError: There is nothing to show, names do not fit, the ending is another, or the file
            exists and may not be replaced.
        WriteError: The file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path} does not end in .html; choose such a name for the page.")
    several = subjects if isinstance(subjects, Sequence) else [subjects]
    document = page(several, names)
    with new_file(path, overwrite=overwrite) as partial:
        partial.write_text(document, encoding="utf-8")


def addresses(subjects: Sequence[Run | Heatmap], names: Sequence[str]) -> list[str]:
    """Return for each map what is put behind a page's name to open it there: `#cell=…`.

    Args:
        subjects: The maps of a page, as `view` is given them.
        names: What each is called on it.
    """
    runs = map(as_run, subjects)
    maps = page_data([Shown(*each) for each in zip(runs, names, strict=True)])["maps"]
    first = {name: next(m for m in maps if m["name"].startswith(name)) for name in names}
    opening = ((one["id"], one["opening"]) for one in first.values())
    return [f"#cell={id}:{at['row']}:{at['column']}" for id, at in opening]


def page(
    subjects: Sequence[Run | Heatmap],
    names: Sequence[str] | None = None,
    styles: Sequence[str] = STYLES,
) -> str:
    """Return the page of some maps as one HTML document.

    Args:
        subjects: Runs and maps.
        names: What each is called; None numbers them.
        styles: The style sheets, in order.
    """
    called = [f"map {number}" for number in range(1, len(subjects) + 1)] if names is None else names
    if len(called) != len(subjects):
        raise InputError(f"{len(subjects)} maps need as many names, not {len(called)}.")
    runs = map(as_run, subjects)
    data = page_data([Shown(*each) for each in zip(runs, called, strict=True)])
    script, style = modules(), "".join(map(_asset, styles))
    return _filled(
        _asset("page.html"),
        {
            "policy": escape(_policy(script, style)),
            "heading": escape(data["heading"]),
            "lede": data.pop("lede"),  # made from escaped text
            "style": style,
            # "<" would let a label end the element or open a comment; JSON has an escape for it.
            "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
            "script": script,
        },
    )


def modules(entry: str = FILE) -> str:
    """Return all modules that one needs as one, each after its imports, none with any.

    Names at the top of modules are therefore all different; a browser refuses the page otherwise.
    """
    order: list[str] = []
    sources: dict[str, str] = {}

    def visit(name: str) -> None:
        if name in sources:
            return
        sources[name] = _asset(name)
        for needed in _IMPORT.findall(sources[name]):
            visit(needed)
        order.append(name)

    visit(entry)
    bare = (re.sub(r"^export ", "", _IMPORT.sub("", sources[name]), flags=re.M) for name in order)
    return "\n" + "\n".join(bare)


def _policy(script: str, style: str) -> str:
    """Return a content security policy: this script, this style, and nothing from anywhere."""
    return (
        f"default-src 'none'; script-src '{source_hash(script)}'; "
        f"style-src '{source_hash(style)}'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def source_hash(text: str) -> str:
    """Return how a content security policy names a script or a style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _filled(template: str, parts: dict[str, str]) -> str:
    """Replace `{{name}}` by its part, once: what looks like a place inside a part stays."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _asset(name: str) -> str:
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")
