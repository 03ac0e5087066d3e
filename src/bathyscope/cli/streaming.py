"""`bathyscope depth --stream`: each token with its depth, one line each, as it is written."""

from typing import TYPE_CHECKING

from bathyscope.cli.machines import print_json

if TYPE_CHECKING:
    from bathyscope.layers.settings import DepthSettings
    from bathyscope.model.language_model import LanguageModel
    from bathyscope.prompt import Prompt


def stream_depths(
    model: "LanguageModel", prompt: "str | Prompt", settings: "DepthSettings", *, as_json: bool
) -> None:
    """Print a line for each new token: its depth and itself, or one JSON object with its column."""
    from bathyscope.layers.stream import stream
    from bathyscope.render.terminal.numbers import layer_bars

    for token in stream(model, prompt, settings=settings):
        if as_json:
            document = vars(token) | {"divergences": token.divergences.tolist()}
            print_json(document)
        else:
            depth = f"{token.settling_depth:4d} {'deep' if token.deep else '    '}"
            print(f"{depth} {layer_bars(token.divergences)} {token.label}", flush=True)
