"""Depth by word, by sentence or by role: where the tokens of each settle, and how many are deep."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.clustered import Bounds, median_interval, share_interval
from bathyscope.core.errors import InputError, advice
from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, Quantity
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.roles import RoleRule
from bathyscope.prompt.labels import distinct, of_label
from bathyscope.prompt.roles import TEMPLATE, role_table
from bathyscope.prompt.units import UNITS, spelled_by, unit_numbers
from bathyscope.runs.base import Run
from bathyscope.runs.evidence import Evidence, read_evidence

ROLE = "role"
GROUPINGS = (*UNITS, ROLE)
"""What the tokens of a response can be grouped by."""

CLUSTERS = {"sentence": "word", ROLE: "sentence"}
"""What the intervals of a grouping take for one thing, for its tokens settle alike; words have no
intervals."""

SETTLED = Quantity(
    name="settled tokens",
    unit="",
    bounds=(0.0, 1.0),
    legend="share of the group's tokens that have settled at the layer or before",
)
"""Cell: the share of a group's tokens whose settling depth is at most the row's layer."""


@dataclass(frozen=True)
class DepthGroup:
    """The tokens of one word, sentence or role.

    Attributes:
        label: Its display text; those of words and sentences repeat, positions do not.
        first: Position of its first token, from 0.
        tokens: How many tokens it has.
        median_layer: Median of their settling depths; the mean of the middle two where they are
            even in number.
        median_interval: Its 95 % interval (`core.clustered.median_interval`); None where there is
            too little to count.
        deep: How many settle at the deep layer or later.
        deep_share: Their share, 0..1.
        deep_share_interval: Its 95 % interval (`core.clustered.share_interval`); None likewise.
        clusters: How many words (of a sentence) or sentences (of a role) the tokens come in; None
            for words.
    """

    label: str
    first: int
    tokens: int
    median_layer: float
    median_interval: Bounds | None
    deep: int
    deep_share: float
    deep_share_interval: Bounds | None
    clusters: int | None


@dataclass(frozen=True, repr=False)
class DepthGroupsRun(Run):
    """Settling depths by word, sentence or role.

    Attributes:
        heatmap: Rows are layers 1 to num_layers, columns groups, cells the share settled so far.
        groups: The groups, in the order of the text.
        deep_thinking_ratio: Share of all tokens that settle deep, 0..1.
        evidence: How probable the response was; None where that was not recorded.
        notes: What is worth knowing before the numbers are relied on, a sentence each.
    """

    heatmap: Heatmap
    groups: tuple[DepthGroup, ...] = field()
    deep_thinking_ratio: float = field()
    evidence: Evidence | None = None
    notes: tuple[str, ...] = ()
    kind: ClassVar[str] = "depth_groups"

    @property
    def by(self) -> str:
        """What the tokens are grouped by, a name in `GROUPINGS`."""
        return str(self.provenance["by"])

    @property
    def num_layers(self) -> int:
        """Layers of the model, the last one among the rows."""
        return len(self.heatmap.rows)

    @property
    def column_medians(self) -> FloatArray:
        """Median settling depth of each group and the ends of its 95 % interval, (groups, 3)."""
        nowhere = Bounds(np.nan, np.nan)
        return np.array(
            [(one.median_layer, *(one.median_interval or nowhere)) for one in self.groups]
        )

    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""
        return {
            "groups": [_plain(group) for group in self.groups],
            "deep_thinking_ratio": self.deep_thinking_ratio,
        }

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run; the errors are those of `Run.from_document`."""
        groups = tuple(_group(entry) for entry in document["groups"])
        _require_the_map(groups, heatmap)
        ratio = float(document["deep_thinking_ratio"])
        tokens, deep = (sum(getattr(one, name) for one in groups) for name in ("tokens", "deep"))
        if not np.isclose(ratio * tokens, deep):
            raise ValueError("deep_thinking_ratio is not that of the groups")
        return cls(heatmap, groups, ratio, read_evidence(document)[0])


@keywords_checked
def group_depths(run: Run, by: str, rules: Sequence[RoleRule] = ()) -> DepthGroupsRun:
    """Group the settling depths of a run.

    White space between words or sentences belongs to the one after it, or before where a line
    breaks, as on the page. Template words are a role of their own, before the standard table.

    Args:
        run: A run with settling depths.
        by: A name in `GROUPINGS`.
        rules: Further roles, before all others.

    Raises:
        InputError: The grouping is not known, or the run has no settling depths or no text.
    """
    require_grouping(by)
    depths, tokens, text = run.settling_depth, run.token_axis, run.text
    if depths is None:
        raise InputError(f"Only settling depths are grouped by {by}; a {run.kind} run has none.")
    if tokens is None or text is None or not text.strip() or not spelled_by(tokens, text):
        raise InputError(f"The tokens of the run have no places in a text to be grouped by {by}.")
    if rules and by != ROLE:
        raise InputError(
            f"Roles group tokens by role, not by {by}; leave them out, or ask by role."
        )
    further = {"further_roles": [rule.written or rule.name for rule in rules]} if rules else {}
    of, labels = _grouped(tokens, text, by, rules)
    clusters = _clusters(tokens, text, by)
    deep = depths >= int(run.provenance["deep_layer"])
    groups = tuple(
        _counted(label, np.flatnonzero(of == number), depths, deep, clusters)
        for number, label in enumerate(labels)
    )
    layers = np.arange(1, _num_layers(run) + 1)
    values = np.stack(
        [(depths[of == number] <= layers[:, None]).mean(axis=1) for number in range(len(labels))],
        axis=1,
    )
    return DepthGroupsRun(
        Heatmap(
            values,
            Axis("layer", tuple(map(str, layers))),
            Axis(by, distinct(labels)),
            SETTLED,
            {**run.provenance, "by": by, **further},
        ),
        groups,
        float(deep.mean()),
        run.evidence,
        run.notes,
    )


def require_grouping(by: str) -> None:
    """Raise InputError where nothing groups tokens by this name."""
    if by not in GROUPINGS:
        raise InputError(
            f"Depth by {by!r} is not known; {advice(by, ('token', *GROUPINGS))} (--by)."
        )


def _grouped(
    tokens: Axis, text: str, by: str, rules: Sequence[RoleRule]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the number of each token's group, and the groups' labels, in the order of the text."""
    assert tokens.spans is not None
    if by != ROLE:
        numbers, labels = unit_numbers(tokens.spans, text, by)
        return np.array(numbers), labels
    names = role_table((*rules, TEMPLATE)).roles([of_label(label) for label in tokens.labels])
    known = list(dict.fromkeys(names))
    return np.array([known.index(name) for name in names]), known


def _clusters(tokens: Axis, text: str, by: str) -> NDArray[np.int64] | None:
    unit = CLUSTERS.get(by)
    if unit is None or tokens.spans is None:
        return None
    return np.array(unit_numbers(tokens.spans, text, unit)[0])


def _counted(
    label: str,
    own: NDArray[np.int64],
    depths: NDArray[np.int64],
    deep: NDArray[np.bool_],
    clusters: NDArray[np.int64] | None,
) -> DepthGroup:
    mine = None if clusters is None else clusters[own]
    return DepthGroup(
        label=label,
        first=int(own[0]),
        tokens=len(own),
        median_layer=float(np.median(depths[own])),
        median_interval=None if mine is None else median_interval(depths[own], mine),
        deep=int(deep[own].sum()),
        deep_share=float(deep[own].mean()),
        deep_share_interval=None if mine is None else share_interval(deep[own], mine),
        clusters=None if mine is None else len(np.unique(mine)),
    )


def _num_layers(run: Run) -> int:
    said = run.num_layers or run.provenance.get("model", {}).get("num_layers")
    if said is None:
        raise InputError("The run does not say how many layers its model has; compute it again.")
    return int(said)


def _plain(group: DepthGroup) -> dict[str, Any]:
    """Return a group as JSON has it: lists for intervals."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(group).items()
    }


def _group(entry: Mapping[str, Any]) -> DepthGroup:
    found = dict(entry)
    for name in ("median_interval", "deep_share_interval"):
        if found[name] is not None:
            low, high = map(float, found[name])
            if not low <= high:
                raise ValueError(f"the {name} of a group ends before it begins")
            found[name] = Bounds(low, high)
    return DepthGroup(**found)


def _require_the_map(groups: tuple[DepthGroup, ...], heatmap: Heatmap) -> None:
    """Raise ValueError where the groups are not those of the map."""
    if distinct([group.label for group in groups]) != heatmap.columns.labels:
        raise ValueError("the groups are not the columns of the map")
    deep_layer = int(heatmap.provenance["deep_layer"])
    for group, settled in zip(groups, heatmap.values.T, strict=True):
        before = settled[deep_layer - 2] if deep_layer > 1 else 0.0
        counted = settled * group.tokens
        if group.deep != round((1 - before) * group.tokens) or not np.allclose(
            group.deep_share * group.tokens, group.deep
        ):
            raise ValueError(f"the deep share of {group.label!r} is not that of the map")
        if not np.allclose(counted, counted.round(), atol=1e-6) or (np.diff(settled) < 0).any():
            raise ValueError(f"the column of {group.label!r} is no share of its tokens")
        if group.median_layer != _median(counted.round(), group.tokens):
            raise ValueError(f"the median layer of {group.label!r} is not that of the map")


def _median(counted: FloatArray, tokens: int) -> float:
    """Return the median layer of tokens, from how many have settled at each layer."""
    places = ((tokens - 1) // 2, tokens // 2)
    return float(np.mean([int((counted <= place).sum()) + 1 for place in places]))
