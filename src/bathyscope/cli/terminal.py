"""Terminal encoding: arguments as UTF-8, and output in whatever it can show."""

import io
import sys
from collections.abc import Sequence

from bathyscope.core.errors import InputError


def arguments(given: Sequence[str]) -> list[str]:
    """Return arguments read as UTF-8, whatever the language of the terminal is set to.

    Raises:
        InputError: One is no UTF-8.
    """
    return [_as_utf_8(argument) for argument in given]


def _as_utf_8(argument: str) -> str:
    """Return an argument in which bytes that Python could not read are read as UTF-8."""
    try:
        content = argument.encode("utf-8", "surrogateescape")
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = content.decode("utf-8", "backslashreplace")
        raise InputError(
            f"The argument {shown} is no UTF-8: {error.reason} at byte {error.start}; convert it "
            "first, or give the text as a UTF-8 file."
        ) from error


def show_anything() -> None:
    """Write characters that standard output or error cannot show as escapes, and never fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
