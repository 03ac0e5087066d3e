"""One prompt continued as transformers decodes, greedily, without its authors' settings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.progress import Progress
from bathyscope.model.foreign import boundary, end_of_text
from bathyscope.model.forward import evaluating
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.products import fast_products


def decoded(
    model: Any,
    input_ids: Tensor,
    max_new_tokens: int,
    progress: Progress,
    stopped: Callable[[Ids], bool] | None = None,
) -> Ids:
    """Return what a model writes after a prompt.

    Args:
        model: The transformers model.
        input_ids: The prompt, (1, tokens).
        max_new_tokens: Where to stop if the model does not end its answer before.
        progress: Told of every new token.
        stopped: Whether what was written so far is enough; None leaves it on its device unread.

    Raises:
        ModelError: The model raised an error of its own.
    """
    stage = _Counter("generate the answer", max_new_tokens, progress, stopped)
    with (
        torch.inference_mode(),
        fast_products(model.device),
        evaluating(model),
        _plainly(model),
        boundary(model, "while it writes"),
    ):
        output = model.generate(
            input_ids=input_ids,
            attention_mask=torch.ones_like(input_ids),
            max_new_tokens=max_new_tokens,
            stopping_criteria=[stage],
        )
    stage.finish()
    return tuple(output[0, input_ids.shape[1] :].tolist())


class _Counter:
    """A stopping criterion that counts the tokens as they come."""

    def __init__(
        self, stage: str, total: int, progress: Progress, stopped: Callable[[Ids], bool] | None
    ) -> None:
        self.stage, self.total, self.progress = stage, total, progress
        self.stopped, self.done = stopped, 0
        progress(stage, 0, total)

    def __call__(self, input_ids: Tensor, scores: Any, **kwargs: Any) -> Tensor:
        self.done += 1
        self.progress(self.stage, self.done, self.total)
        stop = self.stopped is not None and self.stopped(tuple(input_ids[0, -self.done :].tolist()))
        return torch.full((input_ids.shape[0],), stop, device=input_ids.device)

    def finish(self) -> None:
        """Close the stage also where the model ended its answer early."""
        self.progress(self.stage, self.total, self.total)


@contextmanager
def _plainly(model: Any) -> Iterator[None]:
    """Have a model decode greedily, and leave its own settings as they were."""
    own = model.generation_config
    model.generation_config = _plain_decoding(model)
    try:
        yield
    finally:
        model.generation_config = own


def _plain_decoding(model: Any) -> Any:
    """Return settings that keep of the model's defaults only which tokens end a text."""
    from transformers import GenerationConfig

    end = end_of_text(model)
    padding = end[0] if isinstance(end, list) else end
    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, eos_token_id=end, pad_token_id=0 if padding is None else padding
    )
