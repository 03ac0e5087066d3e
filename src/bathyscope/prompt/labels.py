"""Labels of features beside a map: on one line, white space visible, all different."""

import re
from collections import Counter
from collections.abc import Sequence

from bathyscope.core.heatmap import Axis
from bathyscope.prompt.prompt import Prompt
from bathyscope.prompt.segmenters import TOKENS

_VISIBLE = {" ": "▁", "\n": "⏎", "\t": "⇥", "\r": "␍"}
_INVISIBLE = str.maketrans({mark: character for character, mark in _VISIBLE.items()})
_PART = re.compile(r" \d/\d$")


def visible(text: str) -> str:
    r"""Return text in which every character can be seen.

    Space ▁, newline ⏎, tab ⇥, return ␍; control, zero-width and unassigned characters as escapes
    such as `\x07` or `\u200d`.
    """
    return "".join(
        _VISIBLE.get(character)
        or (character if character.isprintable() else ascii(character)[1:-1])
        for character in text
    )


def of_label(label: str) -> str:
    """Return the text of a token that `visible` shows, but for escapes, which stay as they are.

    A part of a character that is spread over several tokens, `é 1/2`, gives the character.
    """
    return _PART.sub("", label).translate(_INVISIBLE)


def feature_axis(prompt: Prompt) -> Axis:
    """Return the axis of a prompt's features.

    Line breaks and tabs are visible, spaces as they are; white space at the ends is not shown,
    but for tokens, which often differ in nothing else. Where features have names, those are shown.
    """
    label = visible if prompt.segmenter == TOKENS else on_one_line
    shown = list(map(label, prompt.names or prompt.labels))
    return Axis("feature", distinct(shown), spans=prompt.features)


def distinct(labels: Sequence[str]) -> tuple[str, ...]:
    """Number the labels that occur more than once: `#1 the`, `#2 the`.

    The number stands first because figures shorten long labels at their end.
    """
    counts = Counter(labels)
    seen: Counter[str] = Counter()
    numbered: list[str] = []
    for label in labels:
        seen[label] += 1
        numbered.append(f"#{seen[label]} {label}" if counts[label] > 1 else label)
    return tuple(numbered)


def on_one_line(text: str) -> str:
    """Return a text on one line, white space but spaces visible, without that at its ends."""
    bare = text.strip()
    return " ".join(map(visible, bare.split(" "))) if bare else visible(text)
