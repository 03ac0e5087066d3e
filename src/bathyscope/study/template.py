r"""Templates: prompts made of a record's fields.

A template is Jinja2, run in its sandbox. `[[` and `]]` in it mark features, as in any prompt;
what a field holds is text, whatever it looks like: `{{ }}` in it is no expression and `[[` no mark,
unless the template says `{{ question | marked }}`.
"""

import re
from collections.abc import Mapping, Sized
from functools import cache, cached_property
from secrets import token_hex
from typing import Any

from bathyscope.core.errors import InputError, first_sentence
from bathyscope.prompt import Prompt
from bathyscope.prompt.segmenters import MARKED

_MOST = 1_000_000  # characters of a prompt
_MOST_POWER = 64


class _Marked(str):
    """A field whose marks are marks."""


class PromptTemplate:
    """A template, parsed once."""

    def __init__(self, source: str) -> None:
        """Parse a template.

        Raises:
            InputError: It is none.
        """
        self.source = source
        self._template  # noqa: B018  what is wrong with it is said before anything is computed

    def __reduce__(self) -> tuple[type["PromptTemplate"], tuple[str]]:
        """Travel to other processes as text."""
        return PromptTemplate, (self.source,)

    @cached_property
    def _signs(self) -> tuple[str, str]:
        """What stands for marks while the template is filled: nothing that a field could hold."""
        return (f"\ue000{token_hex(16)}\ue001", f"\ue002{token_hex(16)}\ue003")

    @cached_property
    def _template(self) -> Any:
        from jinja2 import StrictUndefined, TemplateError

        environment = _sandbox()(
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=False,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=self._shown,
        )
        environment.filters["marked"] = lambda value: _Marked(value)
        try:
            parts = list(environment.lex(self.source))
            text = "".join(
                self._with_signs(value) if kind == "data" else value for _, kind, value in parts
            )
            return environment.from_string(text)
        except TemplateError as error:
            raise InputError(
                f"The template is no Jinja2 template ({first_sentence(error)}); correct it."
            ) from error

    def _with_signs(self, text: str) -> str:
        """Return a template's own text with its marks as signs, those behind a backslash left."""
        opening, closing = self._signs
        for mark, sign in (("[[", opening), ("]]", closing)):
            text = mark.join(part.replace(mark, sign) for part in text.split("\\" + mark))
        return text

    def _shown(self, value: Any) -> Any:
        if isinstance(value, _Marked):
            return self._with_signs(value)
        return value

    def fill(self, fields: Mapping[str, Any]) -> Prompt:
        """Return the prompt of a record; features are what the template marks.

        Raises:
            InputError: A field that the template names is missing, the template does something
                that the sandbox forbids, or its marks do not match.
        """
        try:
            pieces: list[str] = []
            length = 0
            for piece in self._template.generate(**fields):
                length += len(piece)
                if length > _MOST:
                    raise InputError(
                        f"The template makes a prompt of more than {_MOST:,} characters."
                    )
                pieces.append(piece)
        except InputError:
            raise
        except Exception as error:  # a template raises whatever its expressions stumble over
            raise InputError(
                f"The template cannot be filled ({first_sentence(error)}); the record has the "
                f"fields {', '.join(map(str, fields)) or 'none'}."
            ) from error
        return self._read("".join(pieces))

    def _read(self, text: str) -> Prompt:
        opening, closing = self._signs
        plain: list[str] = []
        spans: list[tuple[int, int]] = []
        position, start = 0, None
        for piece in re.split(f"({opening}|{closing})", text):
            if piece == opening:
                if start is not None:
                    raise InputError("The template opens a mark [[ inside of another.")
                start = position
                continue
            if piece == closing and start is not None:
                spans.append((start, position))
                start = None
                continue
            bare = "]]" if piece == closing else piece  # outside of a feature it is plain text
            plain.append(bare)
            position += len(bare)
        if start is not None:
            raise InputError("The template opens a mark [[ and never closes it.")
        return Prompt("".join(plain), tuple(span for span in spans if span[0] < span[1]), MARKED)


@cache
def _sandbox() -> Any:
    """Return Jinja2's sandbox, which keeps code out, with a bound on what one operation makes."""
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            _require_small(operator, left, right, SecurityError)
            return super().call_binop(context, operator, left, right)

        def call(self, context: Any, callee: Any, /, *given: Any, **named: Any) -> Any:
            if any(isinstance(one, int) and abs(one) > _MOST for one in (*given, *named.values())):
                raise SecurityError(f"a number above {_MOST:,} is given to a function")
            return super().call(context, callee, *given, **named)

    return Sandbox


def _require_small(operator: str, left: Any, right: Any, error: type[Exception]) -> None:
    """Refuse a power, a repeated text or a formatted width that would fill the memory."""
    if operator == "**" and not (abs(left) <= _MOST and abs(right) <= _MOST_POWER):
        raise error(f"a power of more than {_MOST:,} or by more than {_MOST_POWER}")
    if operator == "%" and isinstance(left, str) and re.search(r"%[^a-zA-Z%]*\d{5}", left):
        raise error("a text formatted wider than 9,999 characters")
    if operator == "*":
        for one, times in ((left, right), (right, left)):
            if isinstance(one, Sized) and isinstance(times, int) and len(one) * times > _MOST:
                raise error(f"a text or list of more than {_MOST:,} parts")
