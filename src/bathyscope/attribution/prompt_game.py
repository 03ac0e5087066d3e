"""The game of a prompt: coalitions become texts, texts become log-probabilities of the target."""

from bathyscope.attribution.game import Coalitions, Game
from bathyscope.heatmap import FloatArray
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokens import Continuation
from bathyscope.progress import Progress, silent
from bathyscope.prompt import Baseline, Prompt


def prompt_game(
    model: LanguageModel,
    prompt: Prompt,
    continuation: Continuation,
    baseline: Baseline = "",
    batch_size: int | None = None,
    progress: Progress = silent,
) -> Game:
    """Return the game whose value is v_t(S) = ln p(y_t | prompt with S present, y_<t).

    The target's ids are those of `continuation`, forced after every masked prompt.

    Args:
        model: The model that is asked.
        prompt: The prompt and its features.
        continuation: The target after the whole prompt.
        baseline: Text that stands where a feature is absent, or a function that rebuilds the
            prompt from which features are present.
        batch_size: Prompts per forward pass; None chooses by length.
        progress: Told of every finished batch.

    Returns:
        A game with values in nats, one per target token.
    """

    def evaluate(coalitions: Coalitions) -> FloatArray:
        texts = [prompt.masked(present, baseline) for present in coalitions.tolist()]
        prompts = [model.tokens.under_another_prompt(continuation, text) for text in texts]
        return model.target_log_probs(prompts, continuation.target_ids, batch_size, progress)

    return Game(len(prompt.features), evaluate)
