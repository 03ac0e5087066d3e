"""A finding in words: whether the pattern holds, for how many, and what contradicts it."""

import math

from bathyscope.core.keywords import keywords_checked
from bathyscope.description.words.phrases import number
from bathyscope.study.claims.finding import Finding, Group
from bathyscope.study.claims.view import StudyView
from bathyscope.study.statistics.estimate import Interval

_LEAST_P, _LEVEL = 0.001, 0.05


@keywords_checked
def describe_finding(finding: Finding) -> str:
    """Paragraph on a finding, computed from the numbers and never beyond them."""
    whole, *groups = finding.groups
    sentences = [f"Claim: {finding.claim.text}."]
    if whole.estimate.n == 0:
        sentences.append("Nothing in the study can be looked at for it.")
    else:
        verdict = _verdict(whole, finding)
        sentences += [verdict] if verdict else []
        sentences.append(_group(whole, finding, "In all"))
        sentences += _exceptions(finding)
        sentences += [_group(group, finding, f"Where it is {group.name!r}") for group in groups]
    sentences += [
        f"{count} of what the study has {'is' if count == 1 else 'are'} left out: {why}."
        for why, count in finding.excluded.items()
    ]
    if finding.against:
        named = ", ".join(f"{one.id} ({number(one.support, '+.3g')})" for one in finding.against)
        sentences.append(f"Most against it: {named}.")
    elif not math.isnan(whole.estimate.value):
        sentences.append("No record speaks against it.")
    return " ".join(sentences)


def describe_shares(view: StudyView) -> str | None:
    """Sentence on parts whose effects are even shares of a group's; None where there are none."""
    _, record = view.features
    shared = view.get("feature", "shared", "attribution") == 1
    if not shared.any():
        return None
    return (
        f"{shared.sum():,} of {len(shared):,} parts, in {len(set(record[shared].tolist())):,} of "
        f"{_count(len(view.ids), 'record')}, were not measured one by one: each has an even share "
        "of its group's value. `where not column.shared` leaves them out of a claim."
    )


def p_value(p: float) -> str:
    """Return a p-value as people read it; below one in a thousand the size says nothing more."""
    return "p < 0.001" if p < _LEAST_P else f"p = {p:.2g}"


def interval(one: Interval, unit: str, *, share: bool) -> str:
    """Return an estimate with its interval as people read it."""
    if math.isnan(one.value):
        return "unknown"
    if share:
        value = f"{100 * one.value:.0f} %"
        return (
            value if math.isnan(one.low) else f"{value} [{100 * one.low:.0f}, {100 * one.high:.0f}]"
        )
    behind = f" {unit}" if unit else ""
    value, low, high = (number(end, ".3g") for end in (one.value, one.low, one.high))
    return f"{value}{behind}" if math.isnan(one.low) else f"{value}{behind} [{low}, {high}]"


def _group(group: Group, finding: Finding, where: str) -> str:
    one = group.estimate
    shown = interval(one, finding.unit, share=finding.is_share)
    records = _count(one.clusters, "record")
    counted = f" over {_count(one.n)} of {records}" if one.clusters != one.n else ""
    if not finding.is_share:
        text = f"{where} it is {shown}{counted or f' over {records}'}"
    else:
        text = f"{where} it holds for {group.held} of {one.n}, {shown},{counted}".removesuffix(",")
        if not math.isnan(group.chance):
            text += f", by chance for {100 * group.chance:.0f} %"
    if group.margin is not None and not math.isnan(group.margin.value):
        text += f"; margin {interval(group.margin, 'nats', share=False)}"
    if not math.isnan(group.corrected):
        text += f"; {p_value(group.corrected)} corrected"
    return text + "."


def _exceptions(finding: Finding) -> list[str]:
    """Return the groups that do not show what the whole shows, in one sentence."""
    whole, *groups = finding.groups
    side = _side(whole)
    others = [group.name for group in groups if side and _side(group) not in (None, side)]
    if not others:
        return []
    return [f"Not so where it is {' or '.join(repr(name) for name in others)}."]


def _count(n: int, of: str = "observation") -> str:
    return f"1 {of}" if n == 1 else f"{n} {of}s"


def _verdict(group: Group, finding: Finding) -> str | None:
    """Return whether the pattern holds, where chance or zero says what it is compared with."""
    than = "by chance" if finding.is_share else "nothing"
    match _side(group):
        case 1:
            return f"The pattern holds: more than {than}, by the whole interval."
        case -1:
            return f"The pattern is reversed: less than {than}, by the whole interval."
        case 0 if group.estimate.low <= group.chance <= group.estimate.high:
            return f"Whether it holds is open: the interval includes what would be {than}."
        case 0:
            return (
                f"Whether it holds is open: the interval leaves out what would be {than}, but "
                f"among so many claims and groups {p_value(group.corrected)}."
            )
    return None


def _side(group: Group) -> int | None:
    """Return on which side of chance a group is, 0 where its interval or corrected p leaves it."""
    one, null = group.estimate, group.chance
    if math.isnan(null) or math.isnan(one.low):
        return None
    if group.corrected > _LEVEL:
        return 0
    return int(one.low > null) - int(one.high < null)
