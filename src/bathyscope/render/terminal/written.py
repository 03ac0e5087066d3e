"""The text that a run is of, as text."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from bathyscope.prompt.labels import of_label
from bathyscope.prompt.roles import Role, roles
from bathyscope.runs.base import Run

_MOST = 2000  # characters; what is longer is in the run's folder


def written(run: Run) -> RenderableType | None:
    """Return the continuation as text, who wrote it, and whether it was cut; None without one."""
    if run.text is None or "generated" not in run.provenance:
        return None
    text = run.text if len(run.text) <= _MOST else run.text[:_MOST] + "…"
    return Group(Text(f"{_by(run)}:", style="bold"), Padding(Text(_printable(text)), (0, 0, 1, 2)))


def _by(run: Run) -> str:
    if not run.provenance["generated"]:
        return "Text, given to the model"
    limit = cut_at(run)
    if limit is None:
        return "Text, written by the model"
    return f"Text, written by the model and cut at {limit:,} tokens (--max-new-tokens)"


def cut_at(run: Run) -> int | None:
    """Return after how many tokens the model's text was cut; None where it ended by itself."""
    said: Any = run.provenance
    limit = said.get("max_new_tokens", said.get("chain", {}).get("max_new_tokens"))
    ids = said.get("target_ids") or ()
    if not said.get("generated") or limit is None or len(ids) < limit:
        return None
    return None if _ends(run) else int(limit)


def _ends(run: Run) -> bool:
    """Tell whether the last token is a special one, such as ends a text."""
    axis = run.token_axis
    last = "" if axis is None else axis.labels[-1]
    return roles([of_label(last)])[0] is Role.OTHER


def _printable(text: str) -> str:
    """Return a text with its line breaks; other characters that are not seen as escapes."""
    return "".join(_shown(text))


def _shown(text: str) -> Iterator[str]:
    for character in text:
        seen = character.isprintable() or character in "\n\t"
        yield character if seen else ascii(character)[1:-1]
