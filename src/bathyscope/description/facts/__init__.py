"""What a map shows, computed: numbers and names, no sentences. Words say these and no others."""

from dataclasses import fields, is_dataclass
from typing import Any

from bathyscope.core.heatmap import Heatmap, number_or_null
from bathyscope.description.facts.attribution import AttributionFacts, attribution_facts
from bathyscope.description.facts.depth import DepthFacts, depth_facts
from bathyscope.description.facts.faithfulness import FaithfulnessFacts, faithfulness_facts
from bathyscope.description.facts.interactions import InteractionFacts, interaction_facts
from bathyscope.description.facts.map import MapFacts, map_facts
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.faithfulness import FaithfulnessRun
from bathyscope.runs.interactions import InteractionRun

Facts = AttributionFacts | InteractionFacts | DepthFacts | FaithfulnessFacts | MapFacts

FACTS_SCHEMA = 1
"""Version of the document that `to_document` makes; docs/describe.md describes it."""


def facts(subject: Run | Heatmap) -> Facts:
    """Return what a run or a map shows."""
    match subject:
        case AttributionRun():
            return attribution_facts(subject)
        case InteractionRun():
            return interaction_facts(subject)
        case DepthRun():
            return depth_facts(subject)
        case FaithfulnessRun():
            return faithfulness_facts(subject)
        case _:
            return map_facts(subject)


def to_document(found: Facts) -> dict[str, Any]:
    """Return facts as plain JSON values: a field is a key, what does not exist is null."""
    return {"schema": FACTS_SCHEMA, "kind": found.kind, **_plain(found)}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return number_or_null(value)
    return value
