"""Text as it comes in: one rule for prompts, answers, training text and tables alike."""

import codecs
import json
import re

from bathyscope.core.errors import InputError

_LINE_BREAK = re.compile(r"\r\n?")
_SHOWN = 24  # characters of a text in a message about it
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(content: bytes, source: str) -> str:
    r"""Return bytes as text: UTF-8, or UTF-16 by its mark, without mark, lines ending in \n.

    Args:
        content: The bytes.
        source: Where they come from, to say so: a file's name.

    Raises:
        InputError: They are no such text.
    """
    encoding, name = ("utf-16", "UTF-16") if content.startswith(_UTF_16) else ("utf-8", "UTF-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{source} is not {name} text ({error.reason} at byte {error.start}); convert it to "
            "UTF-8."
        ) from error
    return plain(text)


def plain(text: str) -> str:
    r"""Return text without a byte-order mark before it, lines ending in \n."""
    return _LINE_BREAK.sub("\n", text.removeprefix("\ufeff"))


def require_characters(text: str, name: str) -> None:
    """Refuse a text with half a surrogate pair, which stands for no character.

    Python writes bytes that are no UTF-8 so, and JSON can hold them.

    Args:
        text: The text.
        name: What to call it.

    Raises:
        InputError: There is one.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"The {name} holds no valid Unicode: at character {error.start} stands "
            f"{ascii(text[error.start])[1:-1]}, a byte that was no UTF-8 or half of a surrogate "
            "pair; correct the text."
        ) from error


def number_of_records(text: str) -> int:
    """Return how many JSON records a text is made of; 0 where it is anything else.

    Records are objects: one a line (JSON Lines), one alone, or the entries of one list.
    """
    whole = _json(text)
    if isinstance(whole, list) and whole and all(isinstance(entry, dict) for entry in whole):
        return len(whole)
    if isinstance(whole, dict):
        return 1
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) if lines and all(isinstance(_json(line), dict) for line in lines) else 0


def true_minus(text: str) -> str:
    """Return a number's text with the minus sign that is one."""
    return text.replace("-", "−")


def shortened(text: str) -> str:
    """Return the beginning of a text in quotes, to name it in a message."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def _json(text: str) -> object:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value
