"""The process in which patterns are matched: a script, which `patterns` keeps and may kill."""

import json
import sys

MEMORY = 2 * 2**30
MOST = 100_000


def _limit_memory() -> None:
    """Have the system refuse more memory, so that a pattern cannot take all there is."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _answer(
    pattern: str, text: str = "", lines: bool = False, texts: list[str] | None = None
) -> dict[str, object]:
    import regex

    try:
        compiled = regex.compile(pattern, regex.MULTILINE if lines else 0)
    except regex.error as error:
        return {"error": str(error)}
    if texts is not None:
        return {"fits": [compiled.search(one) is not None for one in texts]}
    found: list[object] = []
    for match in compiled.finditer(text):
        found.append([match.span(group) for group in range(compiled.groups + 1)])
        if len(found) > MOST:
            return {"many": True}
    return {"found": found}


if __name__ == "__main__":
    _limit_memory()
    for line in sys.stdin:  # one question a line, each answered by one
        print(json.dumps(_answer(**json.loads(line))), flush=True)
