"""Vocabulary entries to labels: each token readable, characters spread over several shown whole."""

from collections.abc import Iterator, Sequence

from bathyscope.core.heatmap import Span
from bathyscope.prompt.labels import visible


def piece_labels(pieces: Sequence[bytes]) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    """Return a label for each token, and the characters it covers in their text.

    White space is visible (`▁`, `⏎`, `⇥`). Where one character is spread over several tokens, each
    shows the whole with its part: `é 1/2`, `é 2/2`.

    Args:
        pieces: The UTF-8 bytes that each token stands for.
    """
    labels: list[str] = []
    spans: list[Span] = []
    position = 0
    for size, text in _groups(pieces):
        labels += [
            visible(text) + (f" {part}/{size}" if size > 1 else "") for part in range(1, size + 1)
        ]
        spans += [(position, position + len(text))] * size
        position += len(text)
    return tuple(labels), tuple(spans)


def spelled(pieces: Sequence[bytes]) -> str:
    """Return the text that the spans of `piece_labels` are of."""
    return "".join(text for _, text in _groups(pieces))


def _groups(pieces: Sequence[bytes]) -> Iterator[tuple[int, str]]:
    """Yield how many tokens make up whole characters together, and their text."""
    index = 0
    while index < len(pieces):
        size, text = _whole_characters(pieces[index:])
        yield size, text
        index += size


def _whole_characters(pieces: Sequence[bytes]) -> tuple[int, str]:
    """Return how many leading pieces make up whole characters, and their text."""
    joined = b""
    for count, piece in enumerate(pieces, start=1):
        joined += piece
        try:
            return count, joined.decode()
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                break
    return 1, pieces[0].decode(errors="backslashreplace")


def _byte_alphabet() -> dict[str, int]:
    """Return the characters that byte-level vocabularies use for the 256 bytes (GPT-2's table)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(256 + index): byte for index, byte in enumerate(others)
    }


BYTE_OF = _byte_alphabet()
"""The byte that each character of a byte-level vocabulary stands for."""
