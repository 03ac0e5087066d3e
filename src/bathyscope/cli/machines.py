"""JSON on standard output, for `--json`."""

import json
import sys
from typing import Any


def print_json(document: Any) -> None:
    """Print plain JSON values on one line of standard output; NaN is refused, JSON has none."""
    print(readable(json.dumps(document, ensure_ascii=False, allow_nan=False)), flush=True)


def readable(text: str) -> str:
    """Return JSON as standard output can hold it: in ASCII where that is not UTF-8."""
    if (sys.stdout.encoding or "").lower().replace("-", "").replace("_", "") == "utf8":
        return text
    return "".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text)
