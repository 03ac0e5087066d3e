"""Notes on features: not wrong, but worth knowing before their numbers are read."""

from collections.abc import Callable, Iterator, Sequence

from bathyscope.core.heatmap import Span
from bathyscope.core.text import shortened
from bathyscope.prompt.prompt import Prompt
from bathyscope.prompt.segmenters import MARKED, TOKENS

_SHOWN = 5  # features named in one note
_WINDOW = 64  # characters on each side of a cut that decide how it is tokenised
_REPEATING = ("words", TOKENS)  # their repetition is the rule, and needs no words


def notes(
    prompt: Prompt, token_spans: Callable[[str], Sequence[Span]], removed: bool = True
) -> tuple[str, ...]:
    """Return a sentence for each thing worth knowing about a prompt's features.

    Named are: features of white space only; marked ones that look like code (`[[1], [2]]`);
    features with the same text; edges that cut a token between two letters or digits, so that the
    feature's tokens are not its own; and features whose removal lets the letters or digits beside
    them grow into one token. White space and punctuation share tokens with their neighbours in
    every tokenizer and are not named.

    Args:
        prompt: The prompt as the model reads it.
        token_spans: Character spans of a text's tokens.
        removed: Whether absent features are replaced by nothing.
    """
    found: list[str] = []
    if prompt.segmenter != TOKENS:
        blank = [i for i, label in enumerate(prompt.labels) if not label.strip()]
        if blank:
            found.append(f"{_listed(prompt, blank)}: white space only; measured like any other.")
    if prompt.segmenter == MARKED:
        code = [i for i, label in enumerate(prompt.labels) if not _brackets_match(label)]
        if code:
            found.append(
                f"{_listed(prompt, code)}: square brackets that do not match; write \\[[ where [[ "
                "is code and no mark."
            )
    if prompt.segmenter not in _REPEATING:
        found += _repetitions(prompt)
    cut = list(_cut_tokens(prompt, token_spans(prompt.text)))
    if cut:
        found.append(
            f"{_listed(prompt, cut)}: an edge lies inside a token of the prompt, so that absence "
            "changes what is outside of the feature too; move the mark to a token's edge."
        )
    merging = [i for i in range(len(prompt.features)) if _merges(prompt, i, token_spans)]
    if removed and merging:
        absent = "it" if len(merging) == 1 else "one of them"
        found.append(
            f"{_listed(prompt, merging)}: without {absent} the text on both sides becomes one "
            "token; a baseline text such as a space keeps them apart."
        )
    return tuple(found)


def _listed(prompt: Prompt, features: Sequence[int]) -> str:
    """Return features by position, counted from 1, with their text: Feature 2 ('12')."""
    named = [f"{i + 1} ({shortened(prompt.labels[i])})" for i in features[:_SHOWN]]
    more = [f"{len(features) - _SHOWN} more"] if len(features) > _SHOWN else []
    names = [*named, *more]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"Feature{'s' if len(features) > 1 else ''} {listed}"


def _brackets_match(text: str) -> bool:
    """Tell whether every square bracket has its partner, in order."""
    depth = 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if depth < 0:
            return False
    return depth == 0


def _repetitions(prompt: Prompt) -> Iterator[str]:
    positions: dict[str, list[int]] = {}
    for index, label in enumerate(prompt.labels):
        positions.setdefault(label, []).append(index)
    repeated = [group for group in positions.values() if len(group) > 1]
    for group in repeated[:_SHOWN]:
        yield f"{_listed(prompt, group)}: the same text; told apart by position."
    if len(repeated) > _SHOWN:
        yield f"{len(repeated) - _SHOWN} more texts occur as several features."


def _cut_tokens(prompt: Prompt, spans: Sequence[Span]) -> Iterator[int]:
    """Yield the features with an edge between two letters or digits of one token."""
    inside = {
        position
        for start, end in spans
        for position in range(start + 1, end)
        if _joins(prompt.text[position - 1], prompt.text[position])
    }
    for index, (start, end) in enumerate(prompt.features):
        if start in inside or end in inside:
            yield index


def _merges(prompt: Prompt, feature: int, token_spans: Callable[[str], Sequence[Span]]) -> bool:
    """Tell whether a token reaches over the cut that a feature alone leaves behind."""
    start, end = prompt.features[feature]
    before, after = prompt.text[max(0, start - _WINDOW) : start], prompt.text[end : end + _WINDOW]
    if not before or not after or not _joins(before[-1], after[0]):
        return False
    cut = len(before)
    return any(first < cut < last for first, last in token_spans(before + after))


def _joins(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum()
