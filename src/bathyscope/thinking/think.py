"""Think@n: sample prefixes, finish those that think deepest, vote (Chen et al. 2026, section 5)."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import note, notes_kept
from bathyscope.core.progress import Progress
from bathyscope.core.settling import deep_layer, deep_thinking_ratio
from bathyscope.layers.lazy_settling import Settler
from bathyscope.layers.lenses.choice import note_beginning, open_lens, record_of
from bathyscope.layers.lenses.lens import Lens, read_states, stacked
from bathyscope.model.beginning import beginning_as
from bathyscope.model.continuing import begun
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.provenance import question_of
from bathyscope.model.sequences import Sampler, Sequences
from bathyscope.model.whole import LAYERS, whole_model
from bathyscope.prompt import Prompt, notes_of, text_of
from bathyscope.runs.think import Sample, ThinkRun, by_depth
from bathyscope.thinking.answer_rules.rules import extractor
from bathyscope.thinking.settings import ThinkOverrides, ThinkSettings

_TOKENS_PER_PIECE = 256


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
    chosen = ThinkSettings.chosen(settings, overrides)
    whole_model(model, "Think@n", LAYERS)
    model = beginning_as(model, chosen.begin)
    prompt = chosen.text_asked(model.tokens, prompt)
    note(*notes_of(prompt))
    prefix, progress = _prefix_that_fits(chosen), chosen.progress
    prompt_ids = model.tokens.encode(text_of(prompt))
    model.require_context(len(prompt_ids) + chosen.max_new_tokens)
    lens = open_lens(model, chosen.lens, chosen.translators)
    note_beginning(model, lens, prompt_ids)
    begin = perf_counter()
    sequences = begun(model, [prompt_ids], chosen.stop)
    sequences.fork(chosen.n)
    sampler = Sampler([chosen.seed + i for i in range(chosen.n)], chosen.temperature)
    reader = _PrefixReader(model, lens, chosen)
    _write(sequences, sampler, prefix, progress, "sample prefixes", reader)
    depths = reader.depths_of_samples()
    ratios = [deep_thinking_ratio(own, model.num_layers, chosen.depth_fraction) for own in depths]
    order = by_depth(ratios)
    kept, rest = order[: chosen.num_kept], order[chosen.num_kept :]
    token_ids = dict(enumerate(sequences.token_ids))
    more = chosen.max_new_tokens - prefix
    parts = [(kept, "finish the deepest"), (rest if chosen.compare else [], "finish the others")]
    seconds: list[float] = []
    for indices, stage in parts if more else []:
        if not indices:
            continue
        part, continued = sequences.only(indices), sampler.only(indices)
        _write(part, continued, more, progress, stage, started=True)
        token_ids |= dict(zip(indices, part.token_ids, strict=True))
        seconds.append(perf_counter() - begin)
    total = perf_counter() - begin
    return ThinkRun.of(
        depths,
        _samples(model, token_ids, ratios, kept, chosen),
        seconds[0] if seconds else total,
        total - reader.seconds if chosen.compare else None,
        _provenance(model, prompt, chosen) | record_of(lens),
    )


def _prefix_that_fits(settings: ThinkSettings) -> int:
    """Return how many tokens of each sample are read: no more than it may have."""
    longest = settings.max_new_tokens
    if settings.prefix > longest:
        note(
            f"Samples have up to {longest} tokens, so all of them are read for the deep-thinking "
            f"ratio, not {settings.prefix}; finishing the deepest adds nothing."
        )
    return min(settings.prefix, longest)


def _provenance(
    model: LanguageModel, prompt: str | Prompt, settings: ThinkSettings
) -> dict[str, Any]:
    return {
        **question_of(model, prompt),
        "settings": settings.to_document(),
        "begins_with": list(model.tokens.encode("")),
        "num_layers": model.num_layers,
        "deep_layer": deep_layer(model.num_layers, settings.depth_fraction),
    }


class _PrefixReader:
    """Collects the states that predict the tokens of prefixes, and finds their settling depths."""

    def __init__(self, model: LanguageModel, lens: Lens, settings: ThinkSettings) -> None:
        self.model, self.lens, self.settings = model, lens, settings
        self.settler = Settler(model.anatomy, settings.threshold, wide=lens.wide)
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

    def depths_of_samples(self) -> list[NDArray[np.int64]]:
        """Return the settling depths of every prefix, shape (its tokens,) each."""
        if self.states:
            self._settle()
        depths, owners = torch.cat(self.depths).numpy(), torch.tensor(self.owners).numpy()
        return [depths[owners == index] for index in range(self.settings.n)]

    def _settle(self) -> None:
        begin = perf_counter()
        states = [torch.cat(layer) for layer in zip(*self.states, strict=True)]
        self.states.clear()
        read = read_states(self.model.anatomy, self.lens, *stacked(states))
        self.depths.append(self.settler.depths(*read))
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
    settings: ThinkSettings,
) -> list[Sample]:
    extract = extractor(settings.answer)
    samples = []
    for index, ratio in enumerate(ratios):
        finished = settings.compare or index in kept
        text = model.tokens.decode(token_ids[index])
        text = text.partition(settings.stop)[0] if settings.stop else text
        answer = extract(text) if finished else None
        samples.append(Sample(ratio, index in kept, finished, len(token_ids[index]), text, answer))
    return samples
