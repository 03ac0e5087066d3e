"""A prompt and the spans of it whose effect is asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bathyscope.errors import InputError
from bathyscope.heatmap import Span

OPEN, CLOSE = "[[", "]]"
# A run of backslashes matters only directly before a mark: each pair stands for one backslash,
# and a single one left over turns the mark into plain text. Elsewhere backslashes are text.
_MARK = re.compile(r"(\\*)(\[\[|\]\])")


@dataclass(frozen=True)
class Prompt:
    """Text with features: spans that can be present or absent.

    Attributes:
        text: The whole prompt, marks removed.
        features: Character spans (start, end) in `text`, ascending, not overlapping.
    """

    text: str
    features: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        """Check that the spans lie in the text, in order, without overlap."""
        previous_end = 0
        for start, end in self.features:
            if not previous_end <= start < end <= len(self.text):
                raise InputError(
                    f"The feature at characters {start}..{end} is empty, overlaps the one before "
                    f"it, or lies outside the prompt of {len(self.text)} characters."
                )
            previous_end = end

    @classmethod
    def marked(cls, source: str) -> "Prompt":
        r"""Read a prompt whose features are marked `[[like this]]`.

        A backslash makes a mark literal: `\[[` stands for `[[`, and `\]]` inside a feature for
        `]]`. A `]]` outside of a feature is plain text.

        Raises:
            InputError: A mark is never closed, is opened twice, or holds nothing.
        """
        text = ""
        features: list[Span] = []
        opened: int | None = None
        opened_at = position = 0
        for match in _MARK.finditer(source):
            slashes, mark = match.groups()
            text += source[position : match.start()] + "\\" * (len(slashes) // 2)
            position = match.end()
            if len(slashes) % 2 or (mark == CLOSE and opened is None):
                text += mark
            elif mark == OPEN and opened is None:
                opened, opened_at = len(text), match.start()
            elif mark == OPEN:
                raise InputError(
                    f"The mark [[ in line {_line(source, opened_at)} is still open at the next "
                    f"[[ in line {_line(source, match.start())}; close it with ]] first, "
                    "or write \\[[ for a literal one."
                )
            elif opened is not None:
                if opened == len(text):
                    raise InputError(
                        f"The mark in line {_line(source, opened_at)} holds nothing; "
                        "put the text to be measured between [[ and ]]."
                    )
                features.append((opened, len(text)))
                opened = None
        if opened is not None:
            raise InputError(
                f"The mark [[ in line {_line(source, opened_at)} is never closed; add ]], "
                "or write \\[[ for a literal one."
            )
        return cls(text + source[position:], tuple(features))

    @property
    def labels(self) -> tuple[str, ...]:
        """The text of each feature."""
        return tuple(self.text[start:end] for start, end in self.features)

    def masked(self, present: Sequence[bool], baseline: str = "") -> str:
        """Return the prompt with every absent feature replaced by the baseline text.

        Args:
            present: One flag for each feature.
            baseline: What stands where a feature is absent.
        """
        parts: list[str] = []
        position = 0
        for (start, end), stays in zip(self.features, present, strict=True):
            parts += [self.text[position:start], self.text[start:end] if stays else baseline]
            position = end
        return "".join([*parts, self.text[position:]])


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
