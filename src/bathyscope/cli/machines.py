"""What `--json` puts on standard output."""

import json
from typing import Any


def print_json(document: Any) -> None:
    """Print plain JSON values on one line of standard output; NaN is refused, JSON has none."""
    print(json.dumps(document, ensure_ascii=False, allow_nan=False))
