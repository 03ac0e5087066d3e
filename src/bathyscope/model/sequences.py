"""Several texts written at once, token by token, open to a look into each token."""

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache

from bathyscope.core.errors import InputError, ModelError
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.branches import Branch, BranchCache, visible
from bathyscope.model.foreign import end_of_text, run
from bathyscope.model.forest import Forest
from bathyscope.model.forward import require_numbers, require_rows
from bathyscope.model.head import Head
from bathyscope.model.logits import as_float
from bathyscope.model.past import cache_name, cache_of, empty_cache
from bathyscope.model.prefix_tree import Ids, shared_prefixes
from bathyscope.model.sharing import longest_shareable
from bathyscope.model.tokenizer import TransformersTokens

Choose = Callable[[Tensor, Sequence[int]], Tensor]
"""Takes logits (rows, vocab_size) in at least float32 and which sequence each row belongs to,
returns token ids (rows,)."""

Pasts = Mapping[Ids, Branch]
"""Keys and values of the texts that stand before the last tokens of prompts."""

_COLDEST = 1e-30  # smaller ones are no numbers in float32; at this one nothing is left to chance
_TOKENS_PER_PASS = 1024  # of prompts, as where they are scored


class Speaker(Protocol):
    """Part of a `LanguageModel` that sequences are written with."""

    model: Any
    head: Head

    @property
    def tokens(self) -> TransformersTokens:
        """Its tokenizer."""

    @property
    def anatomy(self) -> Anatomy:
        """The model's layers, which are asked for only where they are looked into."""


def greedy(logits: Tensor, sequences: Sequence[int]) -> Tensor:
    """Choose the most probable token each time."""
    return logits.argmax(-1)


class Sampler:
    """Chooses at random, each sequence by a generator of its own.

    What a sequence becomes depends on its seed alone, not on which others are written beside it:
    each draws noise for itself, and one step over all rows then takes the largest sum of logit and
    noise (the Gumbel-max trick; Gumbel 1954, "Statistical Theory of Extreme Values", as used by
    Maddison et al. 2014, arXiv 1411.0030). That is a draw from the softmax of logits/temperature.
    Noise is drawn where the logits lie: the same seed is other noise on another kind of device.
    """

    def __init__(self, seeds: Sequence[int], temperature: float) -> None:
        """Prepare a generator for each sequence."""
        self.temperature = temperature
        self._seeds = list(seeds)
        self._generators: list[torch.Generator] = []  # where the logits lie, once they are seen

    def __call__(self, logits: Tensor, sequences: Sequence[int]) -> Tensor:
        """Return one token id for each row of logits."""
        if not self._generators:
            self._generators = [  # which take 64 bits
                torch.Generator(logits.device).manual_seed(seed % 2**64) for seed in self._seeds
            ]
        # Differences to the largest cannot overflow upwards, however small the temperature.
        below = (logits - logits.amax(-1, keepdim=True)) / max(self.temperature, _COLDEST)
        noise = torch.empty_like(below)
        for row, sequence in zip(noise, sequences, strict=True):
            row.exponential_(generator=self._generators[sequence])
        return (below - noise.clamp_(min=torch.finfo(noise.dtype).tiny).log_()).argmax(-1)

    def only(self, indices: Sequence[int]) -> "Sampler":
        """Return a sampler that goes on with some of the sequences."""
        chosen = copy.copy(self)
        chosen._seeds = [self._seeds[i] for i in indices]
        chosen._generators = [self._generators[i] for i in indices if self._generators]
        return chosen


def pasts_of(model: Speaker, prompts: Sequence[Ids]) -> Pasts:
    """Return the pasts of prompts without their last tokens; what they share is computed once.

    Of prompts that are beginnings of one text that is one pass over the longest.
    """
    begins = [begin for begin in dict.fromkeys(prompt[:-1] for prompt in prompts) if begin]
    forest = Forest(model.model, model.head, _TOKENS_PER_PASS)
    ends = forest.branches(shared_prefixes(begins, [1] * len(begins)))
    return {begin: ends[index] for index, begin in enumerate(begins)}


def of_equal_length(prompts: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """Return which prompts may be run as one batch without padding, as indices."""
    lengths = sorted({len(prompt) for prompt in prompts})
    return [[i for i, prompt in enumerate(prompts) if len(prompt) == n] for n in lengths]


class Sequences:
    """A batch of texts on one cache, of keys and values or of running states.

    Prompts of one length need no padding. Others are joined: what their beginnings share is
    computed once, and each row's past is padded in front, which a model must be known to bear
    (`continuing.joined`): some make NaN of padding, or count it as text.

    Attributes:
        running: The sequences that had not ended at the last `advance`, in the order of the rows
            of `states` and `logits`. The others are computed no further.
        states: The residual stream that predicts the next token: for each layer, first to last, a
            tensor (running, hidden_size); empty where nobody looks.
        token_ids: What each sequence has got so far, without its prompt and behind its end.
        ended: Whether a sequence has ended.
    """

    def __init__(
        self,
        model: Speaker,
        prompts: Sequence[Ids],
        stop: str = "",
        *,
        joined: bool = False,
        look: bool = True,
        pasts: Pasts | None = None,
    ) -> None:
        """Run the prompts.

        Args:
            model: The model.
            prompts: Token ids of each prompt; of one length (`of_equal_length`) unless joined.
            stop: A text that ends a sequence when it has been written; none where empty.
            joined: Whether to share beginnings and pad in front.
            look: Whether the residual stream is kept; without it no layer need be known.
            pasts: What `pasts_of` has made of these prompts and others, where they are joined; None
                has it made.

        Raises:
            InputError: The prompts have no token.
            ModelError: The model returns no cache that could be continued.
        """
        if not prompts or not all(prompts):
            raise InputError("The prompt is empty; give the model something to continue.")
        require_rows(model.model, max(map(max, prompts)))
        self.model = model
        self.token_ids: list[list[int]] = [[] for _ in prompts]
        self.ended = [False] * len(prompts)
        self.running = list(range(len(prompts)))
        self._ends, self._stop = _end_tokens(model), stop
        self._head: Head = model.anatomy if look else model.head
        self._look = look
        self.states: list[Tensor] = []
        self._final = torch.empty(0)  # what of the last states goes into the unembedding
        self._cache_name = cache_name(model.model)
        self._shortest, self._length = min(map(len, prompts)), 0
        self._next = torch.empty(len(prompts), dtype=torch.int64)
        self._pasts: list[int] = []  # of joined prompts: tokens of each row in front …
        self._longest = 0  # … and the positions that these take up, padding included
        self._cache: Any = (
            self._joint(prompts, pasts_of(model, prompts) if pasts is None else pasts)
            if joined
            else empty_cache(model.model)
        )
        # A joined prompt's last token goes on from its past as every token after it will.
        self._run(self._tensor([prompt[-1:] for prompt in prompts] if joined else prompts))

    def _joint(self, prompts: Sequence[Ids], pasts: Pasts) -> Any:
        """Return the cache of all prompts but for their last tokens."""
        own = [pasts.get(prompt[:-1]) for prompt in prompts]
        self._pasts = [len(prompt) - 1 for prompt in prompts]
        self._longest = self._length = max(self._pasts)
        return BranchCache(own, 1) if self._longest else DynamicCache()

    def __len__(self) -> int:
        """Return how many sequences there are."""
        return len(self.token_ids)

    def fork(self, count: int) -> None:
        """Turn one sequence into several equal ones; its prompt is not run again."""
        self._cache.reorder_cache(torch.arange(len(self.running)).repeat_interleave(count))
        self._final = self._final.repeat_interleave(count, 0)
        self._next = self._next.repeat_interleave(count, 0)
        self._pasts = [past for past in self._pasts for _ in range(count)]
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
        self._pasts = [self._pasts[row] for row in rows if self._pasts]
        self.states = [state[where] for state in self.states]

    def logits(self) -> Tensor:
        """Return the logits of the next token, at least float32, (running, vocab_size)."""
        with torch.inference_mode():
            return as_float(self._head.unembedded(self._final))

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
        require_rows(self.model.model, max(new))
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
        rows = torch.arange(len(input_ids), device=input_ids.device)
        last = torch.stack([rows, torch.full_like(rows, input_ids.shape[1] - 1)], dim=1)
        with (
            torch.inference_mode(),
            self._recording() as states,
            self._head.states_at(last) as final,
        ):
            output = run(
                self.model.model,
                input_ids=input_ids,
                checked=True,
                use_cache=True,
                **{self._cache_name: self._cache},
                **self._padding(),
            )
        require_numbers(final[0], self.model.model)
        self._final = final[0]
        self._cache, self.states = cache_of(output), states
        if not hasattr(self._cache, "reorder_cache"):
            raise ModelError(
                f"{type(self.model.model).__name__} returns no cache that text could be continued "
                "on token by token, which streaming, Think@n and resampling need; let `bathyscope "
                "depth` write or read the answer whole, or a chain by deletion."
            )

    def _recording(self) -> AbstractContextManager[list[Tensor]]:
        return self.model.anatomy.recording_last() if self._look else nullcontext([])

    def _padding(self) -> dict[str, Tensor]:
        """Return where the rows of a joined batch begin and what of them is no text."""
        new, device = self._length - self._longest, self.model.model.device
        mask = visible(self._pasts, self._longest, new, device) if self._pasts else None
        if mask is None:
            return {}
        return {"attention_mask": mask, "position_ids": mask.sum(-1, keepdim=True) - 1}

    def _require_one_rope(self) -> None:
        """Raise InputError where keys in the cache would need other angles."""
        limit = longest_shareable(self.model.model)
        if limit is not None and self._shortest <= limit < self._length:
            raise InputError(
                f"A text has reached {self._length} tokens and its prompt had "
                f"{self._shortest}, but this model turns all tokens of texts longer than "
                f"{limit} by other angles (longrope), so they cannot go on from one cache; allow "
                "fewer new tokens, or let `bathyscope depth` read the text without --stream."
            )

    def _tensor(self, values: Any) -> Tensor:
        return torch.tensor(values, device=self.model.model.device)


def _end_tokens(model: Speaker) -> frozenset[int]:
    """Return the tokens that end a text."""
    end = end_of_text(model.model)
    return frozenset(end if isinstance(end, list) else [] if end is None else [end])
