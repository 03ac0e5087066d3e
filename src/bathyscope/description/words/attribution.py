"""An attribution map in words."""

from collections.abc import Iterator

from bathyscope.attribution.token_value import TOKEN_VALUES
from bathyscope.description.facts.attribution import AttributionFacts, Shares
from bathyscope.description.markdown import escaped
from bathyscope.description.words import map as map_words
from bathyscope.description.words.account import Account
from bathyscope.description.words.asked import absent, asked_about, method, sampled
from bathyscope.description.words.phrases import Numbers, count, number, short, sides_of, the


def attribution_account(found: AttributionFacts) -> Account:
    """Return what is said of an attribution map."""
    rows, columns = len(found.map.rows.labels), len(found.map.columns.labels)
    whole_only = found.contrast and not _has_tokens(found)
    what = "a whole continuation" if whole_only else count(rows, "token")
    return Account(
        title=f"What drove {what}: attribution to {count(columns, 'feature')}",
        overview=[*_overview(found), *map_words.summary(found.map)],
        axes=[*_axes(found)],
        values=[*map_words.values(found.map), *_contrast(found)],
        observations=[
            *map_words.observations(found.map),
            *sampled(found.sampling, map_words.numbers_of(found.map)),
            *_shares(found.shares, map_words.numbers_of(found.map)),
            *_whole(found),
        ],
        meaning=[*_meaning(found)],
    )


def _has_tokens(found: AttributionFacts) -> bool:
    """Tell whether a contrast has rows of single tokens beside the whole."""
    return found.map.rows.name != "row"


def _overview(found: AttributionFacts) -> Iterator[str]:
    asked = found.asked
    words = TOKEN_VALUES[asked.of].words
    yield from asked_about(asked)
    if asked.against is not None:
        yield (
            f"A cell says how much a feature of the prompt favoured the first (+) or the second "
            f"(-), in {words}: {method(asked)}."
        )
    elif found.map.quantity.neutral is None:
        yield (
            "A cell says how strongly a token reacts to a feature of the prompt, without a "
            f"direction, in {escaped(found.map.quantity.unit)}: {method(asked)}."
        )
    else:
        yield (
            "A cell says how much a feature of the prompt supported (+) or opposed (-) a token, "
            f"in {words}: {method(asked)}."
        )
    yield absent(asked)


def _axes(found: AttributionFacts) -> Iterator[str]:
    yield from map_words.axes(found.map)
    if found.contrast and _has_tokens(found):
        yield (
            "A row is a token, or two tokens that stand at the same place in both continuations. "
            "One more row, the last, is the whole continuation; no number but those that name it "
            "contains it."
        )


def _contrast(found: AttributionFacts) -> Iterator[str]:
    """Yield what the features did to the whole, where no sum over rows says so."""
    if not (found.contrast and _has_tokens(found)):
        return
    numbers = _whole_numbers(found)
    effects = [effect for effect in found.whole.effects if effect.value is not None]
    ordered = sorted(effects, key=lambda effect: -abs(effect.value or 0.0))
    parts = [
        f"{short(effect.feature)} {numbers.bare(effect.value or 0.0)}"
        f"{numbers.margin(effect.margin)}"
        for effect in ordered[: map_words.MOST_LINES]
    ]
    if parts:
        yield f"The last row, the whole continuation: {'; '.join(parts)}."


def _shares(shares: Shares | None, numbers: Numbers) -> Iterator[str]:
    """Yield which features have but a share of their group's value."""
    if shares is None:
        return
    off = "" if shares.bound is None else f", by at most {numbers.size(shares.bound)}"
    groups = "one group" if shares.groups == 1 else f"{shares.groups:,} groups"
    yield (
        f"{shares.features:,} of {count(shares.of, 'feature')} were not measured one by one: each "
        f"has an even share of the value of its group ({groups} in all), and its own effect may be "
        f"another{off}."
    )


def _whole(found: AttributionFacts) -> Iterator[str]:
    everything, nothing = found.whole.everything, found.whole.nothing
    if everything is None:
        return
    numbers = _whole_numbers(found)
    what = (
        "the whole continuation"
        if found.asked.against is None
        else "the difference of the two whole continuations"
    )
    words = TOKEN_VALUES[found.asked.of].words
    first = (
        f"In {words}, summed over its tokens, {what} has {number(everything)} with every feature"
    )
    if nothing is None:
        yield f"{first}."
        return
    yield (
        f"{first} and {number(nothing)} {_without(found)}: together the features change it by "
        f"{numbers.bare(everything - nothing)}."
    )


def _without(found: AttributionFacts) -> str:
    on_path = found.asked.method == "integrated_gradients"
    return "with their tokens at the baseline embedding" if on_path else "with none"


def _whole_numbers(found: AttributionFacts) -> Numbers:
    return Numbers(TOKEN_VALUES[found.asked.of].unit, True, 1.0)


def _meaning(found: AttributionFacts) -> Iterator[str]:
    gap = found.completeness
    if gap is not None:
        row = the(gap.row, sides_of(found.map.rows, found.map.columns).row)
        size = f"{number(abs(gap.gap), '.2g')} {found.map.quantity.unit}".rstrip()
        if gap.complete:
            yield (
                "The cells of a row may be added: they sum to what all features together do to "
                f"its token; the largest gap is {size}, at {row}."
            )
        else:
            yield (
                "The cells of a row do not sum to what all features together do to its token; "
                f"the largest gap is {size}, at {row}."
            )
    elif found.map.quantity.neutral is None:
        yield "A large cell does not say whether the feature supports the token or opposes it."
    yield (
        "The map tells what the text of a feature did to this continuation under this model, "
        "among these other features. It does not tell what the model attended to, what the rest "
        "of the prompt did, or whether the continuation is right."
    )
    if not found.asked.removes_text:
        yield "Gradients tell what a small change would do, not what leaving text out does."
    elif not found.asked.baseline:
        yield "A prompt with a part left out may read oddly, and that counts as the part's effect."
