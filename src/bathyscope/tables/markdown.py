"""Tables with pipes, as GitHub-flavoured Markdown writes them."""

import re

from bathyscope.core.heatmap import Heatmap
from bathyscope.tables.grid import NotATable, grid
from bathyscope.tables.text import decoded

_RULE = re.compile(r"\s*\|?(\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*")
_PIPE = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"(`+)(?!`)( ?)(.*?)\2\1", flags=re.S)


def read_markdown(content: bytes) -> Heatmap:
    r"""Return the one table of a Markdown text; what stands around it is not read.

    A cell that is inline code is what the code says; `\|` is a pipe.

    Raises:
        NotATable: There is no table, or more than one.
    """
    lines = decoded(content).splitlines()
    rules = [
        place
        for place, line in enumerate(lines)
        if place and "|" in line and _RULE.fullmatch(line) and "|" in lines[place - 1]
    ]
    if len(rules) != 1:
        raise NotATable(f"the text holds {len(rules) or 'no'} tables; expected one.")
    body = []
    for line in lines[rules[0] + 1 :]:
        if "|" not in line:
            break
        body.append(_cells(line))
    return grid(_cells(lines[rules[0] - 1]), body)


def _cells(line: str) -> list[str]:
    inner = line.strip()
    inner = inner.removeprefix("|")
    if _PIPE.search(inner[-1:]) and not inner.endswith(r"\|"):
        inner = inner[:-1]
    return [_content(cell.replace(r"\|", "|").strip()) for cell in _PIPE.split(inner)]


def _content(cell: str) -> str:
    code = _CODE.fullmatch(cell)
    return code[3] if code else cell
