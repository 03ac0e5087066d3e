"""The ways to choose the features of a prompt, by name."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bathyscope.core.errors import InputError, advice
from bathyscope.core.heatmap import Span
from bathyscope.core.registry import Registry, working
from bathyscope.prompt.demonstrations import Demonstrations
from bathyscope.prompt.expressions import Expressions
from bathyscope.prompt.pattern import matches
from bathyscope.prompt.segmenter import Segmenter
from bathyscope.prompt.sentences import Sentences
from bathyscope.prompt.subwords import token_features
from bathyscope.prompt.templates import Messages, Turns, pasted
from bathyscope.prompt.thoughts import Reasoning
from bathyscope.prompt.words import Words

SEGMENTERS: Registry[Segmenter] = Registry(
    "segmenter",
    "bathyscope.segmenters",
    (Demonstrations(), Expressions(), Sentences(), Words(), Messages(), Turns(), Reasoning()),
)
"""Every way to find features that needs nothing but the text."""

MARKED, TOKENS, REGEX = "marked", "tokens", "regex:"


class Segmented(NamedTuple):
    """Features that were found.

    Attributes:
        spans: Where they stand.
        names: What each is called; empty where their texts are their names.
    """

    spans: tuple[Span, ...]
    names: tuple[str, ...] = ()


def find_features(
    text: str,
    marks: Sequence[Span],
    name: str,
    token_spans: Callable[[str], Sequence[Span]] | None = None,
) -> Segmented:
    """Return the features of a text by the name of what chooses them.

    Where something is marked they lie inside the marks; otherwise, where the text is a conversation
    in its chat template, inside what is said in it.

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
        return Segmented(tuple(_required(marks, "The prompt has no mark", name)))
    conversation = None if marks else pasted(text)
    parts = marks if conversation is None else conversation.contents
    return features_in(text, parts, name, token_spans, bool(marks))


def features_in(
    text: str,
    parts: Sequence[Span],
    name: str,
    token_spans: Callable[[str], Sequence[Span]] | None = None,
    marked: bool = False,
) -> Segmented:
    """Return the features inside some parts of a text, or in all of it where there are none.

    Args:
        text: The text.
        parts: Spans, ascending, that do not overlap.
        name: One of `feature_names()` but "marked".
        token_spans: Character spans of a text's tokens; needed by "tokens" alone.
        marked: Whether the parts are marks.

    Raises:
        InputError: Nothing is found.
    """
    names: Sequence[str] = ()
    segmenter = None if name == TOKENS or name.startswith(REGEX) else SEGMENTERS.require(name)
    if segmenter is not None and (segmenter.whole or not parts):
        found, names = _found(segmenter, text)
        found, names = inside(text, found, names, parts if marked else ())
    elif name == TOKENS:
        if token_spans is None:
            raise InputError("Features by tokens need a tokenizer; pass model.tokens.spans.")
        found, _ = inside(text, token_features(text, token_spans(text)), (), parts)
    else:
        found = [
            (first + start, first + end)
            for first, last in parts or [(0, len(text))]
            for start, end in _in_part(text[first:last], name, segmenter)
        ]
    missing = _missing(name, segmenter) + (" inside its marks" if marked else "")
    return Segmented(tuple(_required(found, missing, name)), tuple(names))


def _in_part(text: str, name: str, segmenter: Segmenter | None) -> list[Span]:
    return (
        matches(text, name.removeprefix(REGEX)) if segmenter is None else _found(segmenter, text)[0]
    )


def _missing(name: str, segmenter: Segmenter | None) -> str:
    if segmenter is not None:
        return segmenter.missing
    if name == TOKENS:
        return "The prompt has no token"
    return f"Nothing in the prompt matches {name.removeprefix(REGEX)!r}"


def _required(found: Sequence[Span], missing: str, name: str) -> Sequence[Span]:
    if not found:
        raise InputError(
            f"{missing}; mark what is to be measured with [[ and ]], or choose other features: "
            f"{', '.join(other for other in feature_names() if other != name)}."
        )
    return found


def inside(
    text: str, spans: Sequence[Span], names: Sequence[str], parts: Sequence[Span]
) -> tuple[list[Span], list[str]]:
    """Return what of some spans lies inside parts of a text, and the names of these.

    A span that is larger than a part, and holds it, is kept whole: a demonstration in which
    something is marked. No parts restrict nothing.
    """
    kept = [(place, one) for place, span in enumerate(spans) for one in _cut(text, span, parts)]
    called = [names[place] for place, _ in kept] if names else []
    return [one for _, one in kept], called


def _cut(text: str, span: Span, parts: Sequence[Span]) -> list[Span]:
    """Return a span, or what of it lies inside parts."""
    start, end = span
    if not parts or any(start <= first and last <= end for first, last in parts):
        return [span]
    cut = [(max(start, first), min(end, last)) for first, last in parts]
    return [(a, b) for a, b in cut if a < b and text[a:b].strip()]


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


def _found(segmenter: Segmenter, text: str) -> tuple[list[Span], list[str]]:
    with working("segmenter", segmenter):
        spans = [(int(start), int(end)) for start, end in segmenter.find(text)]
        return spans, [str(name) for name in segmenter.names(text)] if spans else []
