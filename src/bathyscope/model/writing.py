"""Answers of many prompts: in batches where that changes nothing, else one by one."""

from collections.abc import Callable, Iterator, Sequence

from bathyscope.core.errors import ModelError
from bathyscope.core.progress import Progress
from bathyscope.model.continuing import Continuable, Together, batches, begun, continuable
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.sequences import greedy
from bathyscope.model.sharing import longest_shareable
from bathyscope.model.tokenizer import TransformersTokens

STAGE = "generate the answers"


def written(
    model: Continuable,
    prompts: Sequence[Ids],
    max_new_tokens: int,
    alone: Callable[[Ids], Ids],
    progress: Progress,
    stop: str = "",
) -> Iterator[tuple[int, Ids]]:
    """Yield the index of each prompt and what the model writes after it, as soon as it has ended.

    Args:
        model: The model.
        prompts: Token ids of each, at least one.
        max_new_tokens: Where to stop if the model does not end its answer before.
        alone: Writes the answer of one prompt, where the model is not to be trusted with several.
        progress: Told of every step.
        stop: A text that ends an answer when it has been written; none where empty.
    """
    tally = _Tally(len(prompts), max_new_tokens, progress)
    limit = longest_shareable(model.model)
    several = [
        i for i, ids in enumerate(prompts) if limit is None or len(ids) + max_new_tokens <= limit
    ]
    if len(several) < 2 or not _may_be_batched(model):
        several = []
    for index in (i for i in range(len(prompts)) if i not in set(several)):
        yield index, alone(prompts[index])
        tally.add(max_new_tokens)
    chosen = [prompts[i] for i in several]
    for batch in batches(model, chosen, max_new_tokens, look=False) if several else []:
        for own, ids in _batch(model, chosen, batch, max_new_tokens, tally, stop):
            yield several[own], ids


def before(tokens: TransformersTokens, ids: Ids, stop: str) -> Ids:
    """Return what was written before a stop: no token that has a part in it."""
    while stop and stop in tokens.decode(ids):
        ids = ids[:-1]
    return ids


def _may_be_batched(model: Continuable) -> bool:
    try:
        return continuable(model, look=False)
    except ModelError:  # no cache that text could be continued on
        return False


def _batch(
    model: Continuable,
    prompts: Sequence[Ids],
    batch: Together,
    count: int,
    tally: "_Tally",
    stop: str,
) -> Iterator[tuple[int, Ids]]:
    own = [prompts[i] for i in batch.indices]
    sequences = begun(model, own, stop, joined=batch.joined, look=False)
    waiting = set(range(len(own)))
    for step in range(count):
        if step:
            sequences.advance()
        tally.add(len(sequences.choose(greedy)))
        for done in sorted(i for i in waiting if sequences.ended[i] or step == count - 1):
            waiting.remove(done)
            tally.add(count - step - 1)
            yield batch.indices[done], tuple(sequences.token_ids[done])
        if not waiting:
            return


class _Tally:
    """Counts tokens for those who listen; those that an early end saves count as written."""

    def __init__(self, prompts: int, count: int, progress: Progress) -> None:
        self.done, self.total, self.progress = 0, prompts * count, progress
        progress(STAGE, 0, self.total)

    def add(self, tokens: int) -> None:
        """Note that more are done."""
        self.done += tokens
        self.progress(STAGE, self.done, self.total)
