"""The steps of an answer, by name: sentences, lines, blocks of thought, matches of a pattern."""

import re
from collections.abc import Callable

from bathyscope.core.errors import InputError, advice
from bathyscope.core.heatmap import Span
from bathyscope.core.registry import Registry, working
from bathyscope.prompt.pattern import matches
from bathyscope.prompt.segmenter import Segmenter
from bathyscope.prompt.segmenters import REGEX
from bathyscope.prompt.sentences import Sentences
from bathyscope.prompt.thoughts import tags

_LINE = re.compile(r"[^\n\r\u2028\u2029]+")


class SentenceSteps(Sentences):
    """Sentences of a response, by rules."""

    missing = "No sentence was found in the response"


class Lines(Segmenter):
    """Lines that hold more than white space."""

    name = "lines"
    summary = "lines, empty ones left out"
    missing = "No line of the response holds more than white space"

    def find(self, text: str) -> list[Span]:
        """Return the lines without the white space at their ends."""
        return trimmed(text, [match.span() for match in _LINE.finditer(text)])


class ThinkBlocks(Segmenter):
    """Blocks of reasoning, <think> to </think> and its kin, and what stands between two blocks."""

    name = "think"
    summary = "blocks between <think> and </think>, and what stands between them"
    missing = "No tag of a block of reasoning, such as <think>, was found in the response"

    def find(self, text: str) -> list[Span]:
        """Return the stretches; a block that is never closed reaches to the end."""
        return between_tags(text) if tags(text) else []


STEP_RULES: Registry[Segmenter] = Registry(
    "step rule", "bathyscope.step_rules", (SentenceSteps(), Lines(), ThinkBlocks())
)
"""Every way to divide a response into steps that needs no pattern."""


def step_names() -> tuple[str, ...]:
    """Return all that steps can be asked for by."""
    return (*STEP_RULES, f"{REGEX}PATTERN")


def require_steps_known(name: str) -> None:
    """Raise InputError where nothing divides a response by this name, or what does is broken."""
    if name.startswith(REGEX):
        matches("", name.removeprefix(REGEX))  # a pattern that is none is refused here
    elif name not in STEP_RULES:
        if STEP_RULES.failed(name):
            STEP_RULES.require(name)
        raise InputError(f"Steps {name!r} are not known; {advice(name, step_names())}.")


def find_steps(response: str, name: str) -> list[Span]:
    """Return the spans of a response's steps, the one with the answer included.

    No step reaches over the tags of a block of thought, and none holds one.

    Raises:
        InputError: The name is unknown, or nothing is found.
    """
    require_steps_known(name)
    found = steps_in(response, name)
    if not found:
        others = ", ".join(other for other in step_names() if other != name)
        missing = (
            f"Nothing in the response matches {name.removeprefix(REGEX)!r}"
            if name.startswith(REGEX)
            else STEP_RULES.require(name).missing
        )
        raise InputError(f"No step was found. {missing}; choose other steps (--steps {others}).")
    return found


def steps_in(text: str, name: str) -> list[Span]:
    """Return the spans of a text's steps by a name that is known; none where nothing is found."""
    if name.startswith(REGEX):
        return trimmed(text, _cut_at_tags(text, matches(text, name.removeprefix(REGEX))))
    rule = STEP_RULES.require(name)
    with working("step rule", rule):
        return trimmed(text, _found(rule.find, text, name))


def between_tags(text: str) -> list[Span]:
    """Return the stretches of a text between the tags of blocks of thought, and at its ends."""
    edges = [0]
    for tag in tags(text):
        edges += tag
    edges.append(len(text))
    return trimmed(text, list(zip(edges[::2], edges[1::2], strict=True)))


def _cut_at_tags(text: str, spans: list[Span]) -> list[Span]:
    """Return the parts of ascending spans that lie between the tags of blocks of thought."""
    found: list[Span] = []
    stretches, at = between_tags(text), 0
    for start, end in spans:
        while at < len(stretches) and stretches[at][1] <= start:
            at += 1
        here = at
        while here < len(stretches) and stretches[here][0] < end:
            found.append((max(start, stretches[here][0]), min(end, stretches[here][1])))
            here += 1
    return found


def trimmed(text: str, spans: list[Span]) -> list[Span]:
    """Return spans without the white space at their ends, empty ones left out."""
    found = []
    for start, end in spans:
        piece = text[start:end]
        if piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            found.append((first, first + len(piece.strip())))
    return found


def _found(find: Callable[[str], list[Span]], text: str, name: str) -> list[Span]:
    if name == ThinkBlocks.name:
        return find(text)
    return [
        (begin + int(start), begin + int(end))
        for begin, stop in between_tags(text)
        for start, end in find(text[begin:stop])
    ]
