"""Batches: pieces of unequal length that go through the model together."""

from collections.abc import Sequence

# A forward pass costs about as much as this many tokens before the first one is counted: weights
# are read, kernels started. (Embedded model, 2 cores: 40 ms, at 650 tokens a second.)
_PASS_COST = 24


def alike(lengths: Sequence[int], most_tokens: int) -> list[list[int]]:
    """Split pieces into batches of similar length, so that little is spent on padding.

    Minimises the padded tokens plus a constant for each pass, over all ways to cut the pieces,
    sorted by length, into batches of at most `most_tokens` padded tokens.

    Args:
        lengths: Tokens of each piece.
        most_tokens: Most tokens in a batch, padding included; one piece alone may have more.

    Returns:
        Batches of indices into `lengths`, longest pieces first.
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    # Only a change of length can be the place to cut, or a full batch.
    best: list[tuple[float, int]] = [(0.0, 0)]  # cost of the first n pieces; where the last begins
    for end in range(1, len(order) + 1):
        candidates = []
        for begin in range(end - 1, -1, -1):
            padded = lengths[order[begin]] * (end - begin)
            if padded > most_tokens and end - begin > 1:
                break
            candidates.append((best[begin][0] + padded + _PASS_COST, begin))
        best.append(min(candidates))
    batches: list[list[int]] = []
    end = len(order)
    while end:
        begin = best[end][1]
        batches.append(order[begin:end])
        end = begin
    return batches[::-1]
