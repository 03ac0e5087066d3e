"""The letter of a multiple choice that a text names as its answer."""

import re

from bathyscope.thinking.answer_rules.boxed import boxed

_DRESS = r"""[\s*_`"'“”‘’$(\[{<]{0,12}(?:\\(?:text|textbf|mathrm|mathbf|boxed)\{[(*]{0,4})?"""
_LETTER = rf"{_DRESS}(?P<letter>[A-Z])(?![\w'’])"
_FILLER = (
    r"(?:\s{0,4}\b(?:therefore|thus|hence|so|then|clearly|definitely|most|likely|probably|simply|"
    r"indeed|option|choice|letter|answer|the|statement|number|correct)\b:?)*"
)
_NOUN = r"(?:answer|choice|option|solution|selection|response)"
_CUES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # The answer is B. Answer: (B). The correct option would be **B**.
        rf"\b{_NOUN}s?\b(?:\s+(?:here|to (?:this|the) question))?[\s*_`]{{0,12}}"
        rf"(?:\b(?:is|was|are|(?:would|should|must|will|has to)\s+be)\b|[:=]|->|→|-\s)"
        rf"\s{{0,4}}:?{_FILLER}(?-i:{_LETTER})",
        # **Answer**, and on the next line B
        rf"\banswer\b[*_`#:\s]{{0,12}}\n(?-i:{_LETTER})",
        # I choose B. I would go with (C).
        rf"\b(?:choose|chose|select|selected|pick|picked|go with|going with|opt for)\b"
        rf"{_FILLER}(?-i:{_LETTER})",
        # B is correct. (B) is the right answer.
        rf"(?<![\w'’])(?-i:{_LETTER})[)\]}}*_`\"'”’]{{0,8}}\s+(?:is|must be|would be)\s+"
        rf"(?:the\s+)?(?:only\s+)?(?:correct|right|best|true|answer)\b",
    )
]
_DRESSED = r"[(\[]([A-Z])[)\]]|\*\*([A-Z])\*\*|__([A-Z])__|`([A-Z])`|\{([A-Z])\}"
_FIRST = re.compile(rf"\s*(?:{_DRESSED}|([A-Z])(?=[.,:;)!]|\s*$|\s*\n|\s+(?:because|since|as)\b))")
_OPTION = re.compile(rf"^\s*(?:{_DRESSED}|([A-Z])[.:)])\s", re.MULTILINE)
_LONE = re.compile(
    rf"{_DRESSED}|^\s*([A-Z])\s*[.)]?\s*$|(?<![\w'’.-])([A-E])(?=[.,:;)!?]|\s|$)(?!\.\w)",
    re.MULTILINE,
)
_BOXED_LETTER = re.compile(r"\(([A-Z])\)|([A-Z])(?=[.:)]|$)")
_ARTICLE = re.compile(r"A\s+[a-z]")
_DENIED_BEFORE = re.compile(
    r"(?:\b(?:not|nor|neither|never)|n['’]t)[\s(*\[\"“]{0,8}$", re.IGNORECASE
)
_DENIED_AFTER = re.compile(
    r"[)\]*]*\s+(?:is|was)(?:\s+not\b|n['’]t\b|\s+(?:wrong|incorrect|false)\b)"
)


def choice(text: str) -> str | None:
    r"""Return the letter that a text names as its answer, A to Z.

    In this order, the first that is found: a letter alone in the last `\boxed{...}`; the last
    letter behind cue words ("the answer is", "I choose") or before them ("is correct"); the
    letter that the text begins with, unless it lists several; the last letter that stands alone.
    The article in "A trachea" stands not alone.
    """
    in_box = _BOXED_LETTER.match(boxed(text) or "")
    if in_box:
        return _letter(in_box)
    return _cued(text) or _leading(text) or _lone(text)


def _cued(text: str) -> str | None:
    found = [match for cue in _CUES for match in cue.finditer(text)]
    return max(found, key=lambda match: match.start("letter"))["letter"] if found else None


def _leading(text: str) -> str | None:
    first = _FIRST.match(text)
    if first is None or len(_OPTION.findall(text)) > 1:
        return None
    return _letter(first)


def _lone(text: str) -> str | None:
    found = [match for match in _LONE.finditer(text) if not _is_no_answer(text, match)]
    return _letter(found[-1]) if found else None


def _is_no_answer(text: str, match: re.Match[str]) -> bool:
    """Tell whether a letter is the article of a sentence, or the text says what it is not."""
    return bool(
        _ARTICLE.match(text, match.start())
        or _DENIED_BEFORE.search(text, max(0, match.start() - 20), match.start())
        or _DENIED_AFTER.match(text, match.end())
    )


def _letter(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None)
