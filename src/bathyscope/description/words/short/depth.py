"""Short accounts of settling depths: with their map, without, and by groups."""

from collections.abc import Iterator

from bathyscope.description.facts.depth import DepthFacts, RoleDepth, SettledText
from bathyscope.description.facts.depth_groups import DepthGroupsFacts
from bathyscope.description.facts.settling import SettlingFacts
from bathyscope.description.markdown import escaped
from bathyscope.description.words.phrases import count, role_noun, start
from bathyscope.description.words.short.given import caution
from bathyscope.description.words.short.names import cut, quoted
from bathyscope.description.words.short.paragraph import Sentence
from bathyscope.runs.depth_groups import DepthGroup


def depth_short(found: DepthFacts) -> Iterator[Sentence]:
    """Yield where tokens settle, which roles late and which early, and the ratio."""
    yield _median(found, found.num_layers)
    yield from _roles(found.roles)
    yield _ratio(found)
    if found.gaps is not None:
        has = "has" if found.gaps.count == 1 else "have"
        yield Sentence(f"{count(found.gaps.count, 'cell')} {has} no value.", 1)
    yield from caution("response", found.generated, found.likelihood)


def settling_short(found: SettlingFacts) -> Iterator[Sentence]:
    """Yield where tokens settle, and the ratio."""
    yield _median(found, found.num_layers)
    yield _ratio(found)
    yield from caution("response", found.generated, found.likelihood)


def depth_groups_short(found: DepthGroupsFacts) -> Iterator[Sentence]:
    """Yield which group settles deepest, which latest, and how surely."""
    number, deepest = len(found.groups), found.deepest
    of = f"Of {count(number, found.by)} of {quoted(found.response)}"
    if number == 1:
        yield Sentence(f"In the one {found.by} of {quoted(found.response)} {_deep(deepest[0])}.")
    elif not deepest[0].deep:
        yield Sentence(f"{of}, none has a token that settles deep.")
    else:
        ties = f" (as {len(deepest) - 1:,} more)" if len(deepest) > 1 else ""
        yield Sentence(
            f"{of}, the deepest is {quoted(deepest[0].label)}{ties}: {_deep(deepest[0])}."
        )
    if number > 1 and found.latest[0].median_layer != found.earliest[0].median_layer:
        late, early = found.latest[0], found.earliest[0]
        yield Sentence(
            f"The median layer is latest in {quoted(late.label)} ({late.median_layer:g}), earliest "
            f"in {quoted(early.label)} ({early.median_layer:g}).",
            2,
        )
    yield Sentence(
        f"Deep is layer {found.deep_layer} of {found.num_layers} or later: of all "
        f"{count(found.tokens, 'token')} a share of {found.deep_thinking_ratio:.3f} "
        f"({_convention(found)}).",
        1,
    )
    yield from caution("response", found.generated, found.likelihood)


def _deep(group: DepthGroup) -> str:
    settle = "settles" if group.deep == 1 else "settle"
    share = f"{group.deep:,} of {count(group.tokens, 'token')} {settle} deep"
    interval = group.deep_share_interval
    if interval is None:
        return share
    return f"{share}, 95 % interval {interval.low:.2f} to {interval.high:.2f}"


def _median(found: SettledText, num_layers: int | None) -> Sentence:
    layers = sorted(token.layer for token in found.settled)
    of = "" if num_layers is None else f" of {num_layers}"
    text = quoted(found.response)
    if len(layers) == 1:
        return Sentence(f"The one token of {text} settles at layer {layers[0]}{of}.")
    if layers[0] == layers[-1]:
        return Sentence(f"All {len(layers):,} tokens of {text} settle at layer {layers[0]}{of}.")
    return Sentence(
        f"The {len(layers):,} tokens of {text} settle at layer {found.median_layer:g}{of} in the "
        f"median, from {layers[0]} to {layers[-1]}."
    )


def _roles(roles: tuple[RoleDepth, ...] | None) -> Iterator[Sentence]:
    if roles is None or len(roles) < 2 or roles[0].median == roles[-1].median:
        return
    late = [part for part in roles if part.median == roles[-1].median]
    early = [part for part in roles if part.median == roles[0].median]
    yield Sentence(f"{start(_named(late, 'latest'))}, {_named(early, 'earliest')}.", 2)


def _named(parts: list[RoleDepth], when: str) -> str:
    """Return which roles settle when; of several the one with most tokens."""
    first = max(parts, key=lambda part: part.count)
    tied = f", as {len(parts) - 1:,} more" if len(parts) > 1 else ""
    median = f"median layer {first.median:g}, {count(first.count, 'token')}{tied}"
    return f"{role_noun(first.role, 2)} settle {when} ({median})"


def _ratio(found: SettledText) -> Sentence:
    deep = f"{found.deep:,} of them settle" if found.deep != 1 else "1 of them settles"
    if not found.deep:
        deep = "None settles"
    return Sentence(
        f"{deep} deep, at layer {found.deep_layer} or later: the deep-thinking ratio is "
        f"{found.deep_thinking_ratio:.3f} ({_convention(found)})."
    )


def _convention(found: SettledText | DepthGroupsFacts) -> str:
    """Return by which convention a token has settled."""
    fit = "" if found.fit is None else f", translators {escaped(found.fit)}"
    lens = f"{escaped(cut(found.lens))}{fit}"
    return f"lens {lens}, settled at {found.threshold:g} bits or less"
