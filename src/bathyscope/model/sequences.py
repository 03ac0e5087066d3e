"""Several texts written at once, token by token, open to a look into each token."""

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import InputError, ModelError
from bathyscope.model.anatomy import as_float
from bathyscope.model.language_model import LanguageModel
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


class Sequences:
    """A batch of texts on one cache, of keys and values or of running states.

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
        """Run the prompts, padded on the left where their lengths differ.

        Args:
            model: The model.
            prompts: Token ids of each prompt.
            stop: A text that ends a sequence when it has been written; none where empty.

        Raises:
            InputError: A prompt has no token, or only some of the texts are beyond a longrope
                model's original context.
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
        self._cache: Any = None
        self._cache_name = _cache_name(model)
        self._shortest_prompt = min(map(len, prompts))
        self._next = torch.empty(len(prompts), dtype=torch.int64)
        longest = max(map(len, prompts))
        missing = [longest - len(prompt) for prompt in prompts]
        padded = [prompt[:1] * gap + prompt for prompt, gap in zip(prompts, missing, strict=True)]
        self._mask = self._tensor([[0] * gap + [1] * (longest - gap) for gap in missing])
        self._run(self._tensor(padded))

    def __len__(self) -> int:
        """Return how many sequences there are."""
        return len(self.token_ids)

    def fork(self, count: int) -> None:
        """Turn one sequence into several equal ones; its prompt is not run again."""
        self._cache.reorder_cache(torch.arange(len(self.running)).repeat_interleave(count))
        self._final = self._final.repeat_interleave(count, 0)
        self._next = self._next.repeat_interleave(count, 0)
        self.states = [state.repeat_interleave(count, 0) for state in self.states]
        self._mask = self._mask.repeat_interleave(count, 0)
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
        self._final, self._mask, self._next = (
            given[where] for given in (self._final, self._mask, self._next)
        )
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
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(rows), 1)], dim=1)
        self._run(self._next[:, None])

    def _run(self, input_ids: Tensor) -> None:
        self._require_one_rope()
        positions = (self._mask.cumsum(-1) - 1).clamp(min=0)[:, -input_ids.shape[1] :]
        last = self._tensor([(row, input_ids.shape[1] - 1) for row in range(len(input_ids))])
        anatomy = self.model.anatomy
        with forward_only(), anatomy.recording_last() as states:
            with anatomy.states_at(last) as final:
                output = self.model.model(
                    input_ids=input_ids,
                    attention_mask=self._attention_mask(input_ids.shape[1]),
                    position_ids=positions,
                    use_cache=True,
                    return_dict=True,
                    **{self._cache_name: self._cache},
                )
        self._final = final[0]
        self._cache, self.states = getattr(output, self._cache_name, None), states
        if not hasattr(self._cache, "reorder_cache"):
            raise ModelError(
                f"{type(self.model.model).__name__} returns no cache that text could be continued "
                "on token by token, which streaming and Think@n need; let `bathyscope depth` "
                "write or read the answer whole."
            )

    def _attention_mask(self, num_new: int) -> Tensor | None:
        """Return the mask of padding; a running state has met the padding before, keys have not."""
        mask = self._mask[:, -num_new:] if self._cache_name == "cache_params" else self._mask
        return None if bool(mask.all()) else mask

    def _require_one_rope(self) -> None:
        """Raise InputError where keys in the cache, or beside it, would need other angles."""
        limit = longest_shareable(self.model.model)
        if limit is None or self._shortest_prompt > limit:
            return
        longest = int(self._mask.sum(-1).max())
        if longest > limit:
            raise InputError(
                f"A text has reached {longest} tokens and the shortest prompt had "
                f"{self._shortest_prompt}, but this model turns all tokens of texts longer than "
                f"{limit} by other angles (longrope), so they cannot go on from one cache; allow "
                "fewer new tokens, or give longer and shorter prompts apart to `bathyscope depth` "
                "without --stream."
            )

    def _tensor(self, values: Any) -> Tensor:
        return torch.tensor(values, device=self.model.model.device)


def _cache_name(model: LanguageModel) -> str:
    """Return what the model calls its cache; those of running states alone have their own name."""
    known = inspect.signature(model.model.forward).parameters
    return "cache_params" if "cache_params" in known else "past_key_values"


def _end_tokens(model: LanguageModel) -> frozenset[int]:
    """Return the tokens that end a text."""
    end = model.model.generation_config.eos_token_id
    return frozenset(end if isinstance(end, list) else [] if end is None else [end])
