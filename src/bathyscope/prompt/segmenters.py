"""The ways to choose the features of a prompt, by name."""

from collections.abc import Callable, Sequence

from bathyscope.core.errors import InputError, advice
from bathyscope.core.heatmap import Span
from bathyscope.core.registry import Registry, working
from bathyscope.prompt.demonstrations import Demonstrations
from bathyscope.prompt.expressions import Expressions
from bathyscope.prompt.pattern import matches
from bathyscope.prompt.segmenter import Segmenter
from bathyscope.prompt.sentences import Sentences
from bathyscope.prompt.subwords import token_features
from bathyscope.prompt.words import Words

SEGMENTERS: Registry[Segmenter] = Registry(
    "segmenter", "bathyscope.segmenters", (Demonstrations(), Expressions(), Sentences(), Words())
)
"""Every way to find features that needs nothing but the text."""

MARKED, TOKENS, REGEX = "marked", "tokens", "regex:"


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
        name: One of `feature_names()`.
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
        found, missing = _found(SEGMENTERS.require(name), text)
    if not found:
        raise InputError(
            f"{missing}; mark what is to be measured with [[ and ]], or choose other features: "
            f"{', '.join(other for other in feature_names() if other != name)}."
        )
    return tuple(found)


def feature_names() -> tuple[str, ...]:
    """Return all that features can be asked for by."""
    return (MARKED, *SEGMENTERS, TOKENS, f"{REGEX}PATTERN")


def require_known(name: str) -> None:
    """Raise InputError where nothing finds features by this name, or what does is broken."""
    if name in (MARKED, TOKENS) or name.startswith(REGEX) or name in SEGMENTERS:
        return
    if SEGMENTERS.failed(name):
        SEGMENTERS.require(name)
    raise InputError(f"Features {name!r} are not known; {advice(name, feature_names())}.")


def _found(segmenter: Segmenter, text: str) -> tuple[list[Span], str]:
    with working("segmenter", segmenter):
        spans = [(int(start), int(end)) for start, end in segmenter.find(text)]
        return spans, segmenter.missing
