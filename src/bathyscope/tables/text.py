"""From bytes to text."""

from bathyscope.core import text
from bathyscope.core.errors import InputError
from bathyscope.tables.grid import NotATable


def decoded(content: bytes) -> str:
    """Return the text of a table, by the rule of `core.text.decoded`.

    Raises:
        NotATable: It is none.
    """
    try:
        return text.decoded(content, "it")
    except InputError as error:
        raise NotATable(str(error)) from error
