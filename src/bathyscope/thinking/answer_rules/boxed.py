r"""Boxed answer: what the last `\boxed{...}` of a text holds, its braces balanced."""

import re

from bathyscope.thinking.answer_rules.number import whole_number_or_none
from bathyscope.thinking.answer_rules.plain import plain

_BOX = re.compile(r"\\f?boxed\s*(\{|(?=[^\s{]))")
_BARE = re.compile(r"[^\s$]+")
_WRAPPER = re.compile(
    r"\\(?:text|textbf|textit|textrm|texttt|mathrm|mathbf|mathit|mathsf|operatorname|mbox|bm)"
    r"\s*\{([^{}]*)\}"
)
_SPACE = r"(?:\\[,;: ]|~|\s)"
_UNIT = re.compile(
    rf"(?<=[\d}}])(?:\s*(?:\\?%|°|\^\s*\{{?\\circ\}}?)|{_SPACE}+[A-Za-z]{{2,}}[^\d]*"
    rf"|{_SPACE}*\\(?:text|mathrm|mbox)\s*\{{[^{{}}]*\}}(?:\^\{{?\d\}}?)?)$"
)
_LOOKS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"^\$+|\$+$|^\\[(\[]|\\[)\]]$"), ""),
    (re.compile(r"\\(?:left|right)(?![a-zA-Z])|\\!"), ""),
    (re.compile(r"\\[dtc]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\frac\s*(\d)\s*(\d)"), r"\\frac{\1}{\2}"),
    (re.compile(r"^([-−]?)(\d+)/(\d+)$"), r"\1\\frac{\2}{\3}"),
    (re.compile(r"^[A-Za-z]\s*=\s*|[.\s]+$"), ""),
    (re.compile(r"^\\text\s*\{([^{}]*)\}$"), r"\1"),
    (_UNIT, ""),
]


def boxed(text: str) -> str | None:
    r"""Return what the last complete `\boxed{...}` holds, without what only changes its looks.

    A number is returned as `last_number` returns it, other LaTeX as it stands, but `\dfrac` as
    `\frac`, and without `\text`, `\left`, `\right`, spaces of LaTeX, dollar signs and units.
    """
    closing = _closing(text)
    for box in reversed(list(_BOX.finditer(text))):
        tidy = _tidy(_content(text, box, closing))
        if tidy is not None:
            return tidy
    return None


def _closing(text: str) -> dict[int, int]:
    r"""Return where each brace that opens is closed; `\{` and `\}` are signs, no braces."""
    found: dict[int, int] = {}
    still_open: list[int] = []
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if match[0] == "{":
            still_open.append(match.start())
        elif match[0] == "}" and still_open:
            found[still_open.pop()] = match.start()
    return found


def _content(text: str, box: re.Match[str], closing: dict[int, int]) -> str:
    """Return what a box holds; nothing where its brace is never closed, as in a text cut short."""
    if box[1] == "{":
        return text[box.end() : closing.get(box.end() - 1, box.end())]
    bare = _BARE.match(text, box.end())
    return "" if bare is None else bare[0]


def _tidy(content: str) -> str | None:
    content = content.strip()
    for pattern, replacement in _LOOKS:
        content = pattern.sub(replacement, content).strip()
    while _WRAPPER.search(content):
        content = _WRAPPER.sub(r"\1", content)
    content = " ".join(re.sub(_SPACE, " ", content).split()).rstrip(". ")
    content = re.sub(r"\s*([,=+*/(){}\[\]^])\s*", r"\1", content)
    lone = re.fullmatch(r"[({\[]?([A-Za-z])[)}\]]?", content)
    if lone:
        return lone[1]
    return _number(content) or content or None


def _number(content: str) -> str | None:
    """Return the number that the whole content is; None where it is an expression or words."""
    if re.search(r"\\(?!times|cdot)[a-zA-Z]", content):
        return None
    return whole_number_or_none(re.sub(r"^([-−]?)\\?[$€£¥₹]", r"\1", plain(content)))
