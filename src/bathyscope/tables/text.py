"""From bytes to text."""

import codecs

from bathyscope.tables.grid import NotATable


def decoded(content: bytes) -> str:
    """Return UTF-8 text, or UTF-16 where the mark before it says so; without that mark.

    Raises:
        NotATable: It is something else.
    """
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding, name = ("utf-16", "UTF-16") if marked else ("utf-8-sig", "UTF-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotATable(f"it is not {name} text ({error.reason} at byte {error.start}).") from error
