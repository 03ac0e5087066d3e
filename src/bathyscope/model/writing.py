"""Texts behind many prompts: in batches where that changes nothing, else one by one."""

from collections.abc import Callable, Iterator, Sequence

from bathyscope.core.errors import ModelError
from bathyscope.core.progress import Progress
from bathyscope.model.continuing import Continuable, batches, begun, continuable
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.sequences import Choose, Pasts, Sampler, Sequences, greedy, pasts_of
from bathyscope.model.sharing import longest_shareable
from bathyscope.model.tokenizer import TransformersTokens

STAGE, SAMPLES = "generate the answers", "write continuations"


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
    tally = _Tally(STAGE, len(prompts), max_new_tokens, progress)
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
        own = [chosen[i] for i in batch.indices]
        sequences = begun(model, own, stop, joined=batch.joined, look=False)
        for at, ids in _run(sequences, greedy, max_new_tokens, tally):
            yield several[batch.indices[at]], ids


def sampled(
    model: Continuable,
    prompts: Sequence[Ids],
    count: int,
    seeds: Sequence[int],
    temperature: float,
    progress: Progress,
) -> list[Ids]:
    """Return what is sampled behind prompts, each by its seed, whatever is written beside it.

    What the beginnings of all prompts share is computed once, for all batches together; their keys
    and values are held meanwhile, so all should be beginnings of few texts. A model that was seen
    to read unequal texts side by side otherwise than alone, or that keeps a running state, reads
    each different prompt by itself, once.

    Args:
        model: The model.
        prompts: Token ids of each; those that occur several times are continued as often.
        count: Tokens at which to stop what does not end before.
        seeds: One for each prompt.
        temperature: By which logits are divided.
        progress: Told of every step.

    Raises:
        ModelError: The model does not go on from a cache as it reads a text in one piece.
    """
    tally = _Tally(SAMPLES, len(prompts), count, progress)
    together = batches(model, prompts, count, look=False)
    joined = [prompts[i] for batch in together if batch.joined for i in batch.indices]
    pasts = pasts_of(model, joined) if joined else {}
    found: list[Ids] = [()] * len(prompts)
    for batch in together:
        own = [prompts[i] for i in batch.indices]
        sequences = _begun_once(model, own, pasts if batch.joined else None)
        sampler = Sampler([seeds[i] for i in batch.indices], temperature)
        for at, ids in _run(sequences, sampler, count, tally):
            found[batch.indices[at]] = ids
    return found


def _begun_once(model: Continuable, prompts: Sequence[Ids], pasts: Pasts | None) -> Sequences:
    """Return what continues prompts; one that stands alone in its batch is read once."""
    if pasts is not None:
        return begun(model, prompts, joined=True, look=False, pasts=pasts)
    if len(set(prompts)) > 1:
        return begun(model, prompts, look=False)
    sequences = begun(model, prompts[:1], look=False)
    sequences.fork(len(prompts))
    return sequences


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


def _run(
    sequences: Sequences, choose: Choose, count: int, tally: "_Tally"
) -> Iterator[tuple[int, Ids]]:
    """Yield the index of each sequence and what it has got, as soon as it has ended."""
    waiting = set(range(len(sequences)))
    for step in range(count):
        if step:
            sequences.advance()
        tally.add(len(sequences.choose(choose)))
        for done in sorted(i for i in waiting if sequences.ended[i] or step == count - 1):
            waiting.remove(done)
            tally.add(count - step - 1)
            yield done, tuple(sequences.token_ids[done])
        if not waiting:
            return


class _Tally:
    """Counts tokens for those who listen; those that an early end saves count as written."""

    def __init__(self, stage: str, prompts: int, count: int, progress: Progress) -> None:
        self.stage, self.progress = stage, progress
        self.done, self.total = 0, prompts * count
        progress(stage, 0, self.total)

    def add(self, tokens: int) -> None:
        """Note that more are done."""
        self.done += tokens
        self.progress(self.stage, self.done, self.total)
