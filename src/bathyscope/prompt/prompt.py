"""A prompt and the spans of it whose effect is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.core.text import require_characters
from bathyscope.prompt.conversation import MESSAGES
from bathyscope.prompt.marks import read_marks
from bathyscope.prompt.segmenters import MARKED, find_features
from bathyscope.prompt.templates import pasted

Baseline = str | Callable[["Prompt", Sequence[bool]], str]
"""What absence means: a text that stands where a feature is absent, or a function that rebuilds
the whole prompt from which features are present."""


@dataclass(frozen=True)
class Prompt:
    """Text with features: spans that can be present or absent.

    Attributes:
        text: The whole prompt, marks removed.
        features: Character spans (start, end) in `text`, ascending, not overlapping.
        segmenter: What chose the features: "marked", another name from
            `segmenters.feature_names()`, or "spans" where they were given as numbers.
        notes: What is worth knowing about how it was made; results of it have them among theirs.
        names: What each feature is called where its text is no good name, as "user: Hello" is of a
            message in its template; empty otherwise.
    """

    text: str
    features: tuple[Span, ...] = ()
    segmenter: str = "spans"
    notes: tuple[str, ...] = field(default=(), compare=False)
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the text, and that the spans lie in it, in order, without overlap."""
        require_characters(self.text, "prompt")
        previous = (0, 0)
        for start, end in self.features:
            where = f"The feature at characters {start}..{end}"
            if start >= end:
                raise InputError(f"{where} is empty; give spans (start, end) with start < end.")
            if not (start >= 0 and end <= len(self.text)):
                raise InputError(f"{where} lies outside the prompt of {len(self.text)} characters.")
            if start < previous[1]:
                raise InputError(
                    f"{where} overlaps or precedes the one at {previous[0]}..{previous[1]}; "
                    "give spans in ascending order that share no character."
                )
            previous = (start, end)
        if self.names and len(self.names) != len(self.features):
            raise InputError(
                f"{len(self.features)} features have as many names, not {len(self.names)}."
            )

    @classmethod
    def marked(cls, source: str) -> "Prompt":
        r"""Read a prompt whose features are marked `[[like this]]`.

        A backslash makes a mark literal: `\[[` stands for `[[`, and `\]]` inside a feature for
        `]]`. A `]]` outside of a feature is plain text.

        Raises:
            InputError: A mark is never closed, is opened twice, or holds nothing.
        """
        text, features = read_marks(source)
        return cls(text, features, MARKED)

    @classmethod
    def segmented(
        cls,
        source: str,
        features: str,
        token_spans: Callable[[str], Sequence[Span]] | None = None,
    ) -> "Prompt":
        r"""Read a prompt whose features are found by a segmenter.

        Marks are read as by `marked`; where there are any, only what stands inside of them is
        divided into features, with a note, so that a source means the same text whatever its
        features are. A literal `[[` is written `\[[`. A conversation that was pasted in its chat
        template (`templates.pasted`) has features in what is said, and where nothing is marked
        "marked" takes its messages.

        Args:
            source: The prompt, with or without marks.
            features: A name in `segmenters.feature_names()`, such as "demonstrations" or
                "regex:[A-Z]+".
            token_spans: Character spans of a text's tokens, `model.tokens.spans`; needed by
                "tokens" alone.

        Raises:
            InputError: The name is unknown, nothing is found, or a mark is wrong.
        """
        text, marks = read_marks(source)
        conversation = None if marks else pasted(text)
        notes: tuple[str, ...] = ()
        if conversation is not None and features == MARKED:
            features = MESSAGES
            notes = (
                f"The prompt is a conversation in the template of {conversation.template}: its "
                "messages are the features.",
            )
        if marks and features != MARKED:
            parts = "the marked part" if len(marks) == 1 else f"the {len(marks)} marked parts"
            notes = (
                f"The features are {features} inside {parts} only; write \\[[ where [[ is meant "
                "literally.",
            )
        found = find_features(text, marks, features, token_spans)
        return cls(text, found.spans, features, notes, found.names)

    @property
    def labels(self) -> tuple[str, ...]:
        """The text of each feature."""
        return tuple(self.text[start:end] for start, end in self.features)

    def masked(self, present: Sequence[bool], baseline: Baseline = "") -> str:
        """Return the prompt with every absent feature replaced by the baseline.

        Args:
            present: One flag for each feature.
            baseline: What stands where a feature is absent, or a function that is given this
                prompt and the flags and returns the whole text.

        Raises:
            InputError: The function returns no text, or another one for the whole prompt.
        """
        if callable(baseline):
            return self._rebuilt(present, baseline)
        parts: list[str] = []
        position = 0
        for (start, end), stays in zip(self.features, present, strict=True):
            parts += [self.text[position:start], self.text[start:end] if stays else baseline]
            position = end
        return "".join([*parts, self.text[position:]])

    def _rebuilt(
        self, present: Sequence[bool], baseline: Callable[["Prompt", Sequence[bool]], str]
    ) -> str:
        text: object = baseline(self, tuple(present))
        if not isinstance(text, str):
            raise InputError(
                f"The baseline function returned {type(text).__name__}, not a text; it is to "
                "return the whole prompt with the absent features left out or replaced."
            )
        if all(present) and text != self.text:
            raise InputError(
                "The baseline function changes the prompt although every feature is present; "
                "it is to return prompt.text then."
            )
        return text


def as_prompt(given: str | Prompt) -> Prompt:
    """Return a prompt as it is, and a text as `Prompt.marked` reads it.

    Raises:
        InputError: It is neither, or its marks are wrong.
    """
    if not hasattr(given, "text") and not isinstance(given, str):
        raise InputError(
            f"A prompt is a text or a Prompt, not a {type(given).__name__}; give one of the two."
        )
    return Prompt.marked(given) if isinstance(given, str) else given


def text_of(given: str | Prompt) -> str:
    """Return the text of a prompt, and a text as it is, marks and all."""
    return given if isinstance(given, str) else given.text


def notes_of(given: str | Prompt) -> tuple[str, ...]:
    """Return the notes of a prompt; a text has none."""
    return () if isinstance(given, str) else given.notes
