"""Facts of depth by word, sentence or role."""

from dataclasses import dataclass
from typing import ClassVar

from bathyscope.description.facts.depth import fit_of, lens_summary
from bathyscope.description.facts.evidence import Likelihood, likelihood
from bathyscope.runs.depth_groups import CLUSTERS, DepthGroup, DepthGroupsRun


@dataclass(frozen=True)
class DepthGroupsFacts:
    """Facts of depth by word, sentence or role.

    Attributes:
        model: Name of the model.
        response: The text that was looked into.
        generated: Whether the model wrote it.
        likelihood: How probable it was; None where that is not known.
        by: What the tokens are grouped by.
        clusters_are: What the intervals take for one thing; None where there are none.
        lens: How intermediate layers were read.
        fit: The beginning of the hash of its file; None where it was not fitted.
        lens_summary: The same in words.
        threshold: Divergence at which a token has settled, bits.
        num_layers: Layers of the model.
        deep_layer: The first layer that counts as deep.
        tokens: How many tokens there are.
        deep_thinking_ratio: Share of them that settle deep, 0..1.
        groups: The groups, in the order of the text.
        deepest: The groups with the largest deep share, in the order of the text.
        latest: The groups with the largest median settling layer, likewise.
        earliest: The groups with the smallest, likewise.
    """

    model: str
    response: str
    generated: bool
    likelihood: Likelihood | None
    by: str
    clusters_are: str | None
    lens: str
    fit: str | None
    lens_summary: str
    threshold: float
    num_layers: int
    deep_layer: int
    tokens: int
    deep_thinking_ratio: float
    groups: tuple[DepthGroup, ...]
    deepest: tuple[DepthGroup, ...]
    latest: tuple[DepthGroup, ...]
    earliest: tuple[DepthGroup, ...]
    kind: ClassVar[str] = DepthGroupsRun.kind


def depth_groups_facts(run: DepthGroupsRun) -> DepthGroupsFacts:
    """Return what depth by word, sentence or role shows."""
    said, groups = run.provenance, run.groups
    shares = [group.deep_share for group in groups]
    medians = [group.median_layer for group in groups]
    return DepthGroupsFacts(
        model=said["model"]["name"],
        response=said["target"],
        generated=said["generated"],
        likelihood=likelihood(run.evidence),
        by=run.by,
        clusters_are=CLUSTERS.get(run.by),
        lens=said["lens"],
        fit=fit_of(said),
        lens_summary=lens_summary(said),
        threshold=said["threshold"],
        num_layers=run.num_layers,
        deep_layer=said["deep_layer"],
        tokens=sum(group.tokens for group in groups),
        deep_thinking_ratio=run.deep_thinking_ratio,
        groups=groups,
        deepest=tuple(group for group in groups if group.deep_share == max(shares)),
        latest=tuple(group for group in groups if group.median_layer == max(medians)),
        earliest=tuple(group for group in groups if group.median_layer == min(medians)),
    )
