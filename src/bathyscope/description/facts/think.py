"""Facts of a run of Think@n."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bathyscope.description.facts.depth import fit_of, lens_summary
from bathyscope.runs.think import Cost, Sample, ThinkRun
from bathyscope.runs.voting import Vote


@dataclass(frozen=True)
class Answered:
    """The answer of some samples, and what it took.

    Attributes:
        answer: The commonest answer; None where none gives one.
        votes: How many give it.
        tied: All answers that are as common, the winner first; empty where no other is.
        broken_by: What decided a tie; None without.
        tokens: How many tokens were written.
        seconds: How long it took.
    """

    answer: str | None
    votes: int
    tied: tuple[str, ...]
    broken_by: str | None
    tokens: int
    seconds: float


@dataclass(frozen=True)
class ThinkFacts:
    """Facts of a run of Think@n.

    Attributes:
        model: Name of the model.
        prompt: The question.
        temperature: Of sampling.
        seed: Sample i, from 0, was drawn with seed + i.
        prefix: Up to so many tokens of each sample were read.
        max_new_tokens: The longest that a sample might become.
        lens: How intermediate layers were read, by name.
        fit: The beginning of the hash of its file; None where it was not fitted.
        lens_summary: The same in words.
        threshold: Divergence at which a token has settled, bits.
        num_layers: Layers of the model.
        deep_layer: The first layer that counts as deep.
        samples: In the order of their seeds.
        kept: How many were finished for the vote.
        kept_ratio: Mean deep-thinking ratio of those, 0..1.
        other_ratio: The same of the others; None where all were kept.
        chosen: What the kept samples answer.
        all: What all samples answer; None where the others were not finished.
    """

    model: str
    prompt: str
    temperature: float
    seed: int
    prefix: int
    max_new_tokens: int
    lens: str
    fit: str | None
    lens_summary: str
    threshold: float
    num_layers: int
    deep_layer: int
    samples: tuple[Sample, ...]
    kept: int
    kept_ratio: float
    other_ratio: float | None
    chosen: Answered
    all: Answered | None
    kind: ClassVar[str] = ThinkRun.kind


def think_facts(run: ThinkRun) -> ThinkFacts:
    """Return what can be said of a run of Think@n."""
    said, settings = run.provenance, run.settings
    kept = [one.deep_thinking_ratio for one in run.samples if one.kept]
    others = [one.deep_thinking_ratio for one in run.samples if not one.kept]
    return ThinkFacts(
        model=said["model"]["name"],
        prompt=said["prompt"],
        temperature=settings["temperature"],
        seed=settings["seed"],
        prefix=settings["prefix"],
        max_new_tokens=settings["max_new_tokens"],
        lens=said["lens"],
        fit=fit_of(said),
        lens_summary=lens_summary(said),
        threshold=settings["threshold"],
        num_layers=run.num_layers,
        deep_layer=said["deep_layer"],
        samples=run.samples,
        kept=len(kept),
        kept_ratio=float(np.mean(kept)),
        other_ratio=float(np.mean(others)) if others else None,
        chosen=_of(run.vote, run.cost, run.tie),
        all=_answered(run.all_vote, run.all_cost, run.all_tie),
    )


def _answered(vote: Vote | None, cost: Cost | None, tie: dict[str, Any] | None) -> Answered | None:
    return None if vote is None or cost is None else _of(vote, cost, tie)


def _of(vote: Vote, cost: Cost, tie: dict[str, Any] | None) -> Answered:
    broken_by = None if tie is None else tie["broken_by"]
    return Answered(vote.answer, vote.votes, vote.tied, broken_by, cost.tokens, cost.seconds)
