"""A run of Think@n in words."""

from collections.abc import Iterator

from bathyscope.description.facts.think import Answered, ThinkFacts
from bathyscope.description.markdown import code, listed
from bathyscope.description.words.account import Account
from bathyscope.description.words.phrases import MOST_LABELS, count


def think_account(found: ThinkFacts) -> Account:
    """Return what is said of a run of Think@n."""
    samples = len(found.samples)
    return Account(
        title=f"What {count(samples, 'sample')} answered, and how deep they began",
        overview=[*_overview(found)],
        axes=[
            f"Rows: {count(samples, 'sample')}, in the order of their seeds.",
            f"Columns, left to right: the first tokens of a sample, up to {found.prefix:,}; a cell "
            "is the layer at which the token there settles, without a value where a sample had "
            "ended before.",
        ],
        values=[*_values(found)],
        observations=[*_observations(found)],
        meaning=[
            "A vote is as good as its samples: that several agree does not make an answer right.",
            "Seconds are those of one machine at one time.",
        ],
    )


def _overview(found: ThinkFacts) -> Iterator[str]:
    yield (
        f"{code(found.model)} was asked {code(found.prompt)} and sampled "
        f"{count(len(found.samples), 'answer')} at temperature {found.temperature:g}, the first "
        f"with seed {found.seed}; the {count(found.kept, 'sample')} whose beginnings settle "
        "deepest were finished, and vote."
    )
    yield f"They answer {_answer(found.chosen)}: {_took(found.chosen)}."
    if found.all is not None:
        yield f"All samples, finished, answer {_answer(found.all)}: {_took(found.all)}."
    yield (
        f"Intermediate layers are {found.lens_summary}. A token settles at the first layer whose "
        f"prediction is at most {found.threshold:g} bits (Jensen-Shannon) from the last one's, at "
        f"the last, {found.num_layers}, where none before is; it settles deep at layer "
        f"{found.deep_layer} or later, and the deep-thinking ratio is the share of such tokens."
    )


def _values(found: ThinkFacts) -> Iterator[str]:
    shown = [
        f"{number} {sample.deep_thinking_ratio:.3f}{' (kept)' if sample.kept else ''}"
        for number, sample in enumerate(found.samples, 1)
    ]
    yield f"Deep-thinking ratios by sample: {listed(shown, most=MOST_LABELS)}."
    answers = [
        f"{number} {code(sample.answer)}"
        for number, sample in enumerate(found.samples, 1)
        if sample.answer is not None
    ]
    silent = sum(sample.finished and sample.answer is None for sample in found.samples)
    none = f"; {count(silent, 'finished sample')} gave none" if silent else ""
    if answers:
        yield f"Answers by sample: {listed(answers, most=MOST_LABELS)}{none}."
    else:
        yield f"No sample gave an answer{none}."


def _observations(found: ThinkFacts) -> Iterator[str]:
    if found.other_ratio is None:
        yield f"All samples were kept; their mean deep-thinking ratio is {found.kept_ratio:.3f}."
    else:
        yield (
            f"The mean deep-thinking ratio is {found.kept_ratio:.3f} of the kept samples, "
            f"{found.other_ratio:.3f} of the others."
        )
    if found.all is not None:
        same = "the same answer" if found.all.answer == found.chosen.answer else "another answer"
        yield (
            f"Finishing all of them takes {found.all.tokens - found.chosen.tokens:+,} tokens and "
            f"gives {same}."
        )
    else:
        longest = found.max_new_tokens * len(found.samples)
        yield f"Finishing all of them would have taken up to {longest:,} tokens."


def _answer(found: Answered) -> str:
    """Return the outcome of a vote, a tie and what broke it included."""
    if found.answer is None:
        return "nothing"
    votes = count(found.votes, "vote")
    if not found.tied:
        return f"{code(found.answer)} ({votes})"
    tied = listed([*map(code, found.tied)], most=MOST_LABELS)
    return f"{code(found.answer)} ({votes}, a tie of {tied}; it goes to {found.broken_by})"


def _took(found: Answered) -> str:
    return f"{count(found.tokens, 'token')}, {found.seconds:.1f} s"
