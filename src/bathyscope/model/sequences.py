"""Several texts written at once, token by token, open to a look into each token."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import InputError, ModelError
from bathyscope.model.foreign import run
from bathyscope.model.forward import require_numbers
from bathyscope.model.language_model import LanguageModel, end_of_text
from bathyscope.model.logits import as_float
from bathyscope.model.past import cache_name, cache_of, empty_cache
from bathyscope.model.products import forward_only
from bathyscope.model.sharing import longest_shareable

Choose = Callable[[Tensor, Sequence[int]], Tensor]
"""Takes logits (rows, vocab_size) in at least float32 and which sequence each row belongs to,
returns token ids (rows,)."""


_COLDEST = 1e-30  # smaller ones are no numbers in float32; at this one nothing is left to chance


def greedy(logits: Tensor, sequences: Sequence[int]) -> Tensor:
    """Choose the most probable token each time."""
    return logits.argmax(-1)


class Sampler:
    """Chooses at random, each sequence by a generator of its own.

    What a sequence becomes depends on its seed alone, not on which others are written beside it.
    """

    def __init__(self, seeds: Sequence[int], temperature: float) -> None:
        """Prepare a generator for each sequence."""
        self.temperature = temperature
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, logits: Tensor, sequences: Sequence[int]) -> Tensor:
        """Return one token id for each row of logits."""
        # Differences to the largest cannot overflow upwards, however small the temperature.
        below = logits - logits.amax(-1, keepdim=True)
        probabilities = (below / max(self.temperature, _COLDEST)).softmax(-1).cpu()
        chosen = [
            torch.multinomial(row, 1, generator=self._generators[sequence])
            for row, sequence in zip(probabilities, sequences, strict=True)
        ]
        return torch.cat(chosen).to(logits.device)

    def only(self, indices: Sequence[int]) -> "Sampler":
        """Return a sampler that goes on with some of the sequences."""
        chosen = copy.copy(self)
        chosen._generators = [self._generators[i] for i in indices]
        return chosen


def of_equal_length(prompts: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """Return which prompts may be run as one batch without padding, as indices."""
    lengths = sorted({len(prompt) for prompt in prompts})
    return [[i for i, prompt in enumerate(prompts) if len(prompt) == n] for n in lengths]


class Sequences:
    """A batch of texts on one cache, of keys and values or of running states.

    Their prompts are of one length: what a family makes of padding is its own affair, and some make
    NaN of it, or count it as text.

    Attributes:
        running: The sequences that had not ended at the last `advance`, in the order of the rows
            of `states` and `logits`. The others are computed no further.
        states: The residual stream that predicts the next token: for each layer, first to last, a
            tensor (running, hidden_size).
        token_ids: What each sequence has got so far, without its prompt and behind its end.
        ended: Whether a sequence has ended.
    """

    def __init__(
        self, model: LanguageModel, prompts: Sequence[tuple[int, ...]], stop: str = ""
    ) -> None:
        """Run the prompts.

        Args:
            model: The model.
            prompts: Token ids of each prompt, all of one length (`of_equal_length`).
            stop: A text that ends a sequence when it has been written; none where empty.

        Raises:
            InputError: The prompts have no token.
            ModelError: The model returns no cache that could be continued.
        """
        if not prompts or not all(prompts):
            raise InputError("The prompt is empty; give the model something to continue.")
        self.model = model
        self.token_ids: list[list[int]] = [[] for _ in prompts]
        self.ended = [False] * len(prompts)
        self.running = list(range(len(prompts)))
        self._ends = _end_tokens(model)
        self._stop = stop
        self.states: list[Tensor] = []
        self._final = torch.empty(0)  # what of the last states goes into the unembedding
        self._cache: Any = empty_cache(model.model)
        self._cache_name = cache_name(model.model)
        self._prompt_length, self._length = len(prompts[0]), 0
        self._next = torch.empty(len(prompts), dtype=torch.int64)
        self._run(self._tensor(prompts))

    def __len__(self) -> int:
        """Return how many sequences there are."""
        return len(self.token_ids)

    def fork(self, count: int) -> None:
        """Turn one sequence into several equal ones; its prompt is not run again."""
        self._cache.reorder_cache(torch.arange(len(self.running)).repeat_interleave(count))
        self._final = self._final.repeat_interleave(count, 0)
        self._next = self._next.repeat_interleave(count, 0)
        self.states = [state.repeat_interleave(count, 0) for state in self.states]
        self.token_ids = [list(ids) for ids in self.token_ids for _ in range(count)]
        self.ended = [ended for ended in self.ended for _ in range(count)]
        self.running = [index * count + i for index in self.running for i in range(count)]

    def only(self, indices: Sequence[int]) -> "Sequences":
        """Return some of the sequences, to be continued apart from these."""
        chosen = copy.copy(self)
        chosen._cache = copy.deepcopy(self._cache)
        chosen.token_ids = [list(self.token_ids[i]) for i in indices]
        chosen.ended = [self.ended[i] for i in indices]
        chosen.running = [at for at, i in enumerate(indices) if i in self.running]
        chosen._keep([self.running.index(i) for i in indices if i in self.running])
        return chosen

    def _keep(self, rows: list[int]) -> None:
        """Go on with some rows only."""
        where = torch.tensor(rows, dtype=torch.long, device=self.model.model.device)
        self._cache.reorder_cache(where)
        self._final, self._next = self._final[where], self._next[where]
        self.states = [state[where] for state in self.states]

    def logits(self) -> Tensor:
        """Return the logits of the next token, at least float32, (running, vocab_size)."""
        with forward_only():
            return as_float(self.model.anatomy.unembedded(self._final))

    def choose(self, choose: Choose, logits: Tensor | None = None) -> list[int]:
        """Choose the next token of what is running; `states` are those that predicted it.

        Args:
            choose: How.
            logits: `logits()`, where the caller has them already.

        Returns:
            Token ids, one for each that is `running`.
        """
        if not self.running:
            return []
        self._next = choose(self.logits() if logits is None else logits, self.running)
        new: list[int] = self._next.tolist()
        for index, id in zip(self.running, new, strict=True):
            self.token_ids[index].append(id)
            self.ended[index] = id in self._ends or self._has_stopped(index)
        return new

    def _has_stopped(self, index: int) -> bool:
        # Of the whole text: a stop may lie across tokens, and a token may be a part of a letter.
        return bool(self._stop) and self._stop in self.model.tokens.decode(self.token_ids[index])

    def advance(self) -> None:
        """Run the tokens chosen last of what has not ended, so that the next can be chosen."""
        rows = [row for row, index in enumerate(self.running) if not self.ended[index]]
        if len(rows) < len(self.running):
            self.running = [self.running[row] for row in rows]
            self._keep(rows)
        if not rows:
            return
        self._run(self._next[:, None])

    def _run(self, input_ids: Tensor) -> None:
        self._length += input_ids.shape[1]
        self._require_one_rope()
        last = self._tensor([(row, input_ids.shape[1] - 1) for row in range(len(input_ids))])
        anatomy = self.model.anatomy
        with forward_only(), anatomy.recording_last() as states:
            with anatomy.states_at(last) as final:
                output = run(
                    self.model.model,
                    input_ids=input_ids,
                    use_cache=True,
                    **{self._cache_name: self._cache},
                )
        require_numbers(final[0], self.model.model)
        self._final = final[0]
        self._cache, self.states = cache_of(output), states
        if not hasattr(self._cache, "reorder_cache"):
            raise ModelError(
                f"{type(self.model.model).__name__} returns no cache that text could be continued "
                "on token by token, which streaming and Think@n need; let `bathyscope depth` "
                "write or read the answer whole."
            )

    def _require_one_rope(self) -> None:
        """Raise InputError where keys in the cache would need other angles."""
        limit = longest_shareable(self.model.model)
        if limit is not None and self._prompt_length <= limit < self._length:
            raise InputError(
                f"A text has reached {self._length} tokens and its prompt had "
                f"{self._prompt_length}, but this model turns all tokens of texts longer than "
                f"{limit} by other angles (longrope), so they cannot go on from one cache; allow "
                "fewer new tokens, or let `bathyscope depth` read the text without --stream."
            )

    def _tensor(self, values: Any) -> Tensor:
        return torch.tensor(values, device=self.model.model.device)


def _end_tokens(model: LanguageModel) -> frozenset[int]:
    """Return the tokens that end a text."""
    end = end_of_text(model.model)
    return frozenset(end if isinstance(end, list) else [] if end is None else [end])
