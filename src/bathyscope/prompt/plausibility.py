"""Plausibility of arithmetic: told from a date, a range, a fraction, a telephone number."""

from collections.abc import Sequence

from bathyscope.prompt.arithmetic import Kind, Symbol


def is_arithmetic(text: str, run: Sequence[Symbol]) -> bool:
    """Tell whether a well-formed run of symbols is a computation.

    Args:
        text: The text that the symbols stand in.
        run: Numbers, operators, units and parentheses.
    """
    operators = [index for index in range(1, len(run)) if _is_binary(run, index)]
    if not operators:
        return False
    if any(symbol.kind is Kind.RELATION for symbol in run):
        return True
    return any(_is_clear(text, run, index) for index in operators)


def _is_binary(run: Sequence[Symbol], index: int) -> bool:
    return run[index].kind is Kind.OPERATOR and run[index - 1].kind in (
        Kind.NUMBER,
        Kind.CLOSING,
        Kind.WORD,
    )


def _is_clear(text: str, run: Sequence[Symbol], index: int) -> bool:
    """Tell whether an operator means arithmetic also where no `=` says so."""
    operator, left, right = run[index], run[index - 1], run[index + 1]
    spaced = text[operator.start - 1].isspace() and text[operator.end].isspace()
    if operator.name == "slash":
        return spaced or not _may_be_date(left.text, right.text)
    if operator.name == "hyphen":
        return (
            operator.text == "-"
            and spaced
            and left.kind is not Kind.WORD
            and not (_is_year(left.text) and _is_year(right.text))
        )
    return operator.name != "share"


def _may_be_date(left: str, right: str) -> bool:
    """Tell whether left/right may be a date or a simple fraction: 12/05, 05/2024, 1/2."""

    def short(text: str) -> bool:
        return text.isdigit() and len(text) <= 2

    return (short(left) or _is_year(left)) and (short(right) or _is_year(right))


def _is_year(text: str) -> bool:
    return text.isdigit() and len(text) == 4 and text[0] in "12"
