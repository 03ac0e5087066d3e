"""Tokens as features, from the spans that the model's tokenizer reports."""

from collections.abc import Sequence

from bathyscope.core.heatmap import Span


def token_features(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return the tokens of a text as spans that leave no gap between them.

    Tokens without text (special tokens) are left out, tokens that share a character (its bytes)
    become one feature, and white space that a tokenizer leaves out of its offsets belongs to the
    token after it.
    """
    found: list[Span] = []
    for start, end in spans:
        if start == end:
            continue
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            previous = found[-1][1] if found else 0
            gap = text[previous:start]
            found.append((start if gap.strip() else previous, end))
    return found
