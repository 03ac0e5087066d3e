"""Forecast of a depth map's cost, from counts and a measured rate."""

from dataclasses import replace

import torch

from bathyscope.core.forecast import Forecast
from bathyscope.core.noting import noting
from bathyscope.layers.last_layer import ROWS_PER_BLOCK, LastLayerComparison
from bathyscope.layers.settings import DepthSettings
from bathyscope.model.beginning import beginning_as
from bathyscope.model.decoding import tokens_per_piece
from bathyscope.model.forest import Pass
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.rate import Rate, by_the_clock, cost_of, rate_of, work_seconds, writing
from bathyscope.prompt import Prompt, text_of


def forecast_depth(
    model: LanguageModel, prompt: str | Prompt, response: str | None, settings: DepthSettings
) -> Forecast:
    """Return what `depth` will cost at most: a map, also where only settling depths are wanted.

    A response that is not given is taken to be as long as it may be.
    """
    with noting():  # what is noted of it belongs to the result
        model = beginning_as(model, settings.begin)
        text = text_of(settings.text_asked(model.tokens, prompt))
        unwritten = settings.max_new_tokens if response is None else 0
        asked = unwritten or len(model.tokens.continuation(text, response or "").target_ids)
    rate, count = rate_of(model), len(model.tokens.encode(text))
    written = cost_of(model, rate, writing([count], unwritten))
    return by_the_clock(
        model, rate, Forecast.together([written, cost_of_depth(model, rate, count, asked)])
    )


def cost_of_depth(model: LanguageModel, rate: Rate, count: int, asked: int) -> Forecast:
    """Return what a map costs where nothing else runs.

    Args:
        model: The model.
        rate: Its rate.
        count: Tokens of the prompt.
        asked: Tokens of the response.
    """
    whole, piece = count + asked - 1, tokens_per_piece(model)
    passes = [
        Pass(1, min(piece, whole - start), start, 0, whole) for start in range(0, whole, piece)
    ]
    found = Forecast.together([cost_of(model, rate, passes), cost_of_cells(model, asked)])
    states = model.num_layers * min(whole, piece) * model.hidden_size * 4
    vocab_size = len(model.model.get_output_embeddings().weight)
    tokens_per_block = max(1, ROWS_PER_BLOCK // model.num_layers)
    logits = 4 * vocab_size * (ROWS_PER_BLOCK + 3 * tokens_per_block)
    # What the comparison holds is given back before the model runs on.
    peak = max(found.peak_bytes + states, rate.bytes_per_token * whole + 2 * states + logits)
    return replace(found, peak_bytes=peak)


def cost_of_cells(model: LanguageModel, asked: int) -> Forecast:
    """Return the time of comparing each layer with the last, of so many tokens."""
    return Forecast(0, (model.num_layers - 1) * asked * _cell_seconds(model), 0.0)


def _cell_seconds(model: LanguageModel) -> float:
    """Return how long one cell of a map takes, measured once on each machine."""
    seconds: float = model.verdicts.of(
        f"work of cells on {torch.get_num_threads()} threads", lambda: _measured(model)
    )
    return seconds


def _measured(model: LanguageModel) -> float:
    comparison = LastLayerComparison(model.anatomy)
    head = next(model.anatomy.lm_head.parameters())
    layers, tokens = model.num_layers - 1, max(1, ROWS_PER_BLOCK // model.num_layers)
    rows = torch.randn(layers, tokens, head.shape[-1], device=head.device).to(head.dtype)

    def work() -> None:
        comparison.columns(rows, rows[-1]).bits.cpu()

    return work_seconds(work, head.device) / (layers * tokens)
