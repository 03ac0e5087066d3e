"""From bytes to text."""

from bathyscope.tables.grid import NotATable


def decoded(content: bytes) -> str:
    """Return UTF-8 text, without the mark that some programs put before it.

    Raises:
        NotATable: It is something else.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotATable(f"it is not UTF-8 text ({error.reason} at byte {error.start}).") from error
