"""`bathyscope depth --stream`: each token with its depth, one line each, as it is written."""

from pathlib import Path
from typing import NamedTuple

from bathyscope.cli.machines import print_json
from bathyscope.model.language_model import LanguageModel


class StreamSettings(NamedTuple):
    """What the stream is asked for, as in `layers.stream.stream`."""

    lens: str
    translators: Path | None
    threshold: float
    depth_fraction: float
    max_new_tokens: int


def stream_depths(
    model: LanguageModel, prompt: str, settings: StreamSettings, *, as_json: bool
) -> None:
    """Print a line for each new token: its depth and itself, or one JSON object with its column."""
    from bathyscope.layers.stream import stream
    from bathyscope.render.terminal.table import bars

    for token in stream(model, prompt, **settings._asdict()):
        if as_json:
            document = vars(token) | {"divergences": token.divergences.tolist()}
            print_json(document)
        else:
            depth = f"{token.settling_depth:4d} {'deep' if token.deep else '    '}"
            print(f"{depth} {bars(token.divergences)} {token.label}", flush=True)
