"""Think@n: sample prefixes, finish those that think deepest, vote (Chen et al. 2026, section 5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Self, Unpack

import torch
from torch import Tensor

from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import note, notes_kept
from bathyscope.core.progress import Progress
from bathyscope.core.settling import deep_thinking_ratio
from bathyscope.layers.lazy_settling import Settler
from bathyscope.layers.lenses.choice import open_lens, record_of
from bathyscope.layers.lenses.lens import Lens, read_states
from bathyscope.model.continuing import begun
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.provenance import record_of_prompt
from bathyscope.model.sequences import Sampler, Sequences
from bathyscope.model.whole import LAYERS, whole_model
from bathyscope.prompt import Prompt, notes_of, text_of
from bathyscope.thinking.answer_rules.rules import Vote, extractor, vote
from bathyscope.thinking.settings import ThinkOverrides, ThinkSettings

_TOKENS_PER_PIECE = 256

BY_DEPTH = "the deepest sample that gives one of them; of equally deep ones the first"
"""What breaks a tie among the kept samples."""

BY_ORDER = "the first sample that gives one of them"
"""What breaks a tie among all samples, whose depth self-consistency does not know."""


@dataclass(frozen=True)
class Sample:
    """One sampled continuation.

    Attributes:
        deep_thinking_ratio: Of its prefix, 0..1.
        kept: Whether it was finished for the vote.
        finished: Whether it was finished at all.
        tokens: How many tokens were written.
        text: What was written, up to the stop.
        answer: What it answers; None where it is not finished or gives none.
    """

    deep_thinking_ratio: float
    kept: bool
    finished: bool
    tokens: int
    text: str
    answer: str | None


@dataclass(frozen=True)
class Cost:
    """Cost of a way of answering."""

    tokens: int
    seconds: float


@dataclass(frozen=True)
class ThinkRun:
    """The samples, the vote and what they cost.

    Attributes:
        samples: In the order of their seeds.
        vote: Of the kept samples; a tie is broken by `BY_DEPTH`.
        cost: Of sampling all prefixes, reading them and finishing the kept ones.
        all_vote: Of all samples (self-consistency), where compared; broken by `BY_ORDER`.
        all_cost: Of writing all samples to their end, without reading any, where compared.
        provenance: Everything needed to compute it again.
        notes: What is worth knowing before the numbers are relied on, a sentence each.
    """

    samples: tuple[Sample, ...]
    vote: Vote
    cost: Cost
    all_vote: Vote | None
    all_cost: Cost | None
    provenance: dict[str, Any]
    notes: tuple[str, ...] = ()

    def noted(self, notes: Iterable[str]) -> Self:
        """Return the run with further notes, each once."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    @property
    def answer(self) -> str | None:
        """What the kept samples vote for; None where none gives an answer."""
        return self.vote.answer

    @property
    def all_answer(self) -> str | None:
        """What all samples vote for, where compared."""
        return None if self.all_vote is None else self.all_vote.answer

    @property
    def tie(self) -> dict[str, Any] | None:
        """Which answers of the kept samples tied, with how many votes, and what decided."""
        return self.vote.tie(BY_DEPTH)

    @property
    def all_tie(self) -> dict[str, Any] | None:
        """The same of all samples."""
        return None if self.all_vote is None else self.all_vote.tie(BY_ORDER)

    def to_document(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "kind": "think",
            "samples": [vars(sample) for sample in self.samples],
            "answer": self.answer,
            "votes": self.vote.votes,
            "tie": self.tie,
            "cost": vars(self.cost),
            "all_answer": self.all_answer,
            "all_votes": None if self.all_vote is None else self.all_vote.votes,
            "all_tie": self.all_tie,
            "all_cost": None if self.all_cost is None else vars(self.all_cost),
            "provenance": self.provenance,
            **({"notes": list(self.notes)} if self.notes else {}),
        }


@keywords_checked
@notes_kept
def think(
    model: LanguageModel,
    prompt: str | Prompt,
    *,
    settings: ThinkSettings | None = None,
    **overrides: Unpack[ThinkOverrides],
) -> ThinkRun:
    """Answer a prompt by Think@n.

    Args:
        model: A loaded model.
        prompt: The question; of a prompt with features its text.
        settings: How it is played; None takes the defaults.
        **overrides: Fields of the settings to replace.

    Raises:
        InputError: The prompt is empty, or prompt and answer do not fit the context.
    """
    chosen = _with_prefix_that_fits(ThinkSettings.chosen(settings, overrides))
    note(*notes_of(prompt))
    text, progress, compare = text_of(prompt), chosen.progress, chosen.compare
    prompt_ids = whole_model(model, "Think@n", LAYERS).tokens.encode(text)
    model.require_context(len(prompt_ids) + chosen.max_new_tokens)
    lens = open_lens(model, chosen.lens, chosen.translators)
    begin = perf_counter()
    sequences = begun(model, [prompt_ids], chosen.stop)
    sequences.fork(chosen.n)
    sampler = Sampler([chosen.seed + i for i in range(chosen.n)], chosen.temperature)
    reader = _PrefixReader(model, lens, chosen)
    _write(sequences, sampler, chosen.prefix, progress, "sample prefixes", reader)
    ratios, reading = reader.ratios()
    order = sorted(range(chosen.n), key=lambda i: -ratios[i])  # equal ratios: in order of seeds
    kept, rest = order[: chosen.num_kept], order[chosen.num_kept :]
    token_ids = dict(enumerate(sequences.token_ids))
    more = chosen.max_new_tokens - chosen.prefix
    parts = [(kept, "finish the deepest"), (rest if compare else [], "finish the others")]
    seconds: list[float] = []
    for indices, stage in parts if more else []:
        if not indices:
            continue
        part, continued = sequences.only(indices), sampler.only(indices)
        _write(part, continued, more, progress, stage, started=True)
        token_ids |= dict(zip(indices, part.token_ids, strict=True))
        seconds.append(perf_counter() - begin)
    total = perf_counter() - begin
    samples = _samples(model, token_ids, ratios, kept, compare, chosen)
    lengths = [sample.tokens for sample in samples]
    return ThinkRun(
        samples=samples,
        vote=vote([samples[i].answer for i in kept]),
        cost=Cost(
            sum(lengths[i] for i in kept) + sum(min(lengths[i], chosen.prefix) for i in rest),
            seconds[0] if seconds else total,
        ),
        all_vote=vote([sample.answer for sample in samples]) if compare else None,
        all_cost=Cost(sum(lengths), total - reading) if compare else None,
        provenance=_provenance(model, prompt, chosen) | record_of(lens),
    )


def _with_prefix_that_fits(settings: ThinkSettings) -> ThinkSettings:
    longest = settings.max_new_tokens
    if settings.prefix <= longest:
        return settings
    note(
        f"Samples have up to {longest} tokens, so all of them are read for the deep-thinking "
        f"ratio, not {settings.prefix}; finishing the deepest adds nothing."
    )
    return replace(settings, prefix=longest)


def _provenance(
    model: LanguageModel, prompt: str | Prompt, settings: ThinkSettings
) -> dict[str, Any]:
    record = {"model": model.provenance, "settings": settings.to_document()}
    return record | record_of_prompt(prompt)


class _PrefixReader:
    """Collects the states that predict the tokens of prefixes, and finds their settling depths."""

    def __init__(self, model: LanguageModel, lens: Lens, settings: ThinkSettings) -> None:
        self.model, self.lens, self.settings = model, lens, settings
        self.settler = Settler(model.anatomy, settings.threshold)
        self.states: list[list[Tensor]] = []
        self.owners: list[int] = []
        self.depths: list[Tensor] = []
        self.seconds = 0.0

    def take(self, sequences: Sequences) -> None:
        """Take note of a step."""
        self.owners += sequences.running
        self.states.append(sequences.states)
        if sum(len(step[0]) for step in self.states) >= _TOKENS_PER_PIECE:
            self._settle()

    def ratios(self) -> tuple[list[float], float]:
        """Return the deep-thinking ratio of every prefix, and the seconds that reading took."""
        if self.states:
            self._settle()
        depths, owners = torch.cat(self.depths).numpy(), torch.tensor(self.owners).numpy()
        ratio = [
            deep_thinking_ratio(
                depths[owners == i], self.model.num_layers, self.settings.depth_fraction
            )
            for i in range(self.settings.n)
        ]
        return ratio, self.seconds

    def _settle(self) -> None:
        begin = perf_counter()
        states = [torch.cat(layer) for layer in zip(*self.states, strict=True)]
        self.states.clear()
        self.depths.append(self.settler.depths(*read_states(self.model.anatomy, self.lens, states)))
        self.seconds += perf_counter() - begin


def _write(
    sequences: Sequences,
    sampler: Sampler,
    count: int,
    progress: Progress,
    stage: str,
    reader: _PrefixReader | None = None,
    started: bool = False,
) -> None:
    """Write some more tokens of every sequence that has not ended."""
    for step in range(count):
        progress(stage, step, count)
        if all(sequences.ended):
            break
        if step or started:
            sequences.advance()
        sequences.choose(sampler)
        if reader is not None:
            reader.take(sequences)
    progress(stage, count, count)


def _samples(
    model: LanguageModel,
    token_ids: dict[int, list[int]],
    ratios: Sequence[float],
    kept: Sequence[int],
    compare: bool,
    settings: ThinkSettings,
) -> tuple[Sample, ...]:
    extract = extractor(settings.answer)
    samples = []
    for index, ratio in enumerate(ratios):
        finished = compare or index in kept
        text = model.tokens.decode(token_ids[index])
        text = text.partition(settings.stop)[0] if settings.stop else text
        answer = extract(text) if finished else None
        samples.append(Sample(ratio, index in kept, finished, len(token_ids[index]), text, answer))
    return tuple(samples)
