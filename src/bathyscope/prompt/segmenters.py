"""The ways to choose the features of a prompt, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.prompt.demonstrations import demonstrations
from bathyscope.prompt.expressions import expressions
from bathyscope.prompt.pattern import matches
from bathyscope.prompt.sentences import sentences
from bathyscope.prompt.subwords import token_features
from bathyscope.prompt.words import words


@dataclass(frozen=True)
class Segmenter:
    """A way to find features in a text.

    Attributes:
        find: From a text to spans: ascending, inside, not overlapping, not empty.
        missing: What to say where it finds none: "No … in the prompt".
    """

    find: Callable[[str], list[Span]]
    missing: str


SEGMENTERS: dict[str, Segmenter] = {
    "demonstrations": Segmenter(
        demonstrations,
        "No demonstrations were found in the prompt: they are blocks divided by blank lines or "
        "opened by a repeated label such as Q:, with the open question last",
    ),
    "expressions": Segmenter(
        expressions, "No arithmetic such as 9 + 3 = 12 was found in the prompt"
    ),
    "sentences": Segmenter(sentences, "No sentence was found in the prompt"),
    "words": Segmenter(words, "No word was found in the prompt"),
}
MARKED, TOKENS, REGEX = "marked", "tokens", "regex:"
FEATURES = (MARKED, *SEGMENTERS, TOKENS, f"{REGEX}PATTERN")


def find_features(
    text: str,
    marks: Sequence[Span],
    name: str,
    token_spans: Callable[[str], Sequence[Span]] | None = None,
) -> tuple[Span, ...]:
    """Return the features of a text by the name of what chooses them.

    Args:
        text: The prompt without its marks.
        marks: What was marked in it.
        name: One of `FEATURES`.
        token_spans: Character spans of a text's tokens; needed by "tokens" alone.

    Raises:
        InputError: The name is unknown or nothing is found.
    """
    require_known(name)
    if name == MARKED:
        found, missing = list(marks), "The prompt has no mark"
    elif name == TOKENS:
        if token_spans is None:
            raise InputError("Features by tokens need a tokenizer; pass model.tokens.spans.")
        found, missing = token_features(text, token_spans(text)), "The prompt has no token"
    elif name.startswith(REGEX):
        pattern = name.removeprefix(REGEX)
        found, missing = matches(text, pattern), f"Nothing in the prompt matches {pattern!r}"
    else:
        found, missing = SEGMENTERS[name].find(text), SEGMENTERS[name].missing
    if not found:
        raise InputError(
            f"{missing}; mark what is to be measured with [[ and ]], or choose other features: "
            f"{', '.join(other for other in FEATURES if other != name)}."
        )
    return tuple(found)


def require_known(name: str) -> None:
    """Raise InputError where no segmenter has this name."""
    if name not in (MARKED, TOKENS, *SEGMENTERS) and not name.startswith(REGEX):
        raise InputError(f"Features {name!r} are not known; choose one of {', '.join(FEATURES)}.")
