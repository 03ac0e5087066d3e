"""Does bathyscope agree with a model's own passes in one piece? Tried on everything it computes.

The passes are those of a copy of the model that bathyscope never sees, and share no code with it:
what a layer would say is read by putting its state where the last layer's would be.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax

import bathyscope as bs
from bathyscope.core.errors import BathyscopeError
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.scores import Scores
from bathyscope.prompt import Prompt
from tests.families import byte_tokenizer

NATS, BITS = 2e-5, 1e-5
TARGET = (7, 8, 9)
TEXT = "Q: [[six]] and [[two or]] three, [[not]] four?\nA:"
ANSWER = " so 8"
LONG = "Of all that was said in the house that evening, only the last word stayed. " * 2

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """What came of one thing that was tried.

    Attributes:
        verdict: "agrees", "refused", "differs" or "fails".
        words: The sentence of a refusal or failure, or the difference.
    """

    verdict: str
    words: str

    @property
    def sound(self) -> bool:
        """Whether the number was right, or was not given."""
        return self.verdict in ("agrees", "refused")


def findings(model: Any) -> dict[str, Finding]:
    """Try everything on a model; it is left in another dtype.

    Args:
        model: A transformers model in float32 whose vocabulary holds the bytes.
    """
    model = _exact(model)
    own = copy.deepcopy(model)
    opened: list[LanguageModel] = []

    def load() -> float:
        opened.append(LanguageModel(model, byte_tokenizer()))
        return 0.0

    found = {"load": _tried(load, 0)}
    if opened:
        for name, (check, most) in CHECKS.items():
            found[name] = _tried(lambda check=check: check(opened[0], own), most)  # type: ignore[misc]
    return found


def _exact(model: Any) -> Any:
    """Return the model in float64 where it runs in it, else as it is."""
    exact = copy.deepcopy(model).double()
    if hasattr(exact, "set_experts_implementation"):
        exact.set_experts_implementation("eager")  # the grouped one has no float64
    try:
        logits(exact, (1, 2, 3))
    except (RuntimeError, TypeError, ValueError):
        return model
    return exact


def _tried(check: Callable[[], float], most: float) -> Finding:
    try:
        difference = check()
    except BathyscopeError as error:
        return Finding("refused", str(error))
    except Exception as error:  # the sweep is to find them
        return Finding("fails", f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
    return Finding("agrees" if difference <= most else "differs", f"{difference:.2g}")


def logits(own: Any, ids: tuple[int, ...]) -> Values:
    """Return all logits of one sequence from one pass, (tokens, vocab_size)."""
    with torch.no_grad():
        output = own(input_ids=torch.tensor([ids]), use_cache=False, return_dict=True)
    found: Values = output.logits[0].double().numpy()
    return found


def _log_probs(own: Any, prompt: tuple[int, ...], target: tuple[int, ...]) -> Values:
    rows = log_softmax(logits(own, prompt + target[:-1]), axis=-1)[len(prompt) - 1 :]
    return np.array([row[id] for row, id in zip(rows, target, strict=True)])


def prompts() -> list[tuple[int, ...]]:
    """Return prompts of two trees with prefixes longer than any window, and a third tree of few.

    Branches of unequal length go on together, two long beginnings meet in a padded pass, and a
    short one begins while others go on.
    """
    random = np.random.default_rng(3)

    def some(count: int) -> tuple[int, ...]:
        return tuple(random.integers(0, 256, count).tolist())

    trunk, other, short = some(60), some(47), some(4)
    return [
        trunk + some(5),
        trunk[:40] + some(30),
        trunk[:40] + some(3),
        trunk[:50] + some(9),
        trunk[:50] + some(25),
        trunk[:33] + some(50),
        trunk[:37] + some(4),
        other[:45] + some(8),
        other + some(4),
        other + some(20),
        short + some(3),
        short + some(21),
    ]


def scores(model: LanguageModel, own: Any) -> float:
    """Return the largest difference of ln p, in nats, over batches of several sizes."""
    given = prompts()
    expected = np.array([_log_probs(own, prompt, TARGET) for prompt in given])
    assert expected.std() > 0.3, "a test on equal inputs would prove nothing"
    worst = 0.0
    for batch_tokens in (1, 70, 160, 1000):
        found: dict[int, Scores] = {}
        model.score(given, [TARGET] * len(given), found.__setitem__, batch_tokens)
        ours = np.array([found[index].log_probs for index in range(len(given))])
        worst = max(worst, float(np.abs(ours - expected).max()))
    return worst


def attribution(model: LanguageModel, own: Any) -> float:
    """Return the largest difference of the values that Shapley values are made of."""
    prompt = Prompt.marked(TEXT)
    run = bs.attribute(model, prompt, ANSWER, method="shapley")
    target = tuple(ANSWER.encode())
    worst = 0.0
    for values, present in ((run.all, True), (run.none, False)):
        text = prompt.masked([present] * len(prompt.features), "")
        expected = _log_probs(own, _ids(model, text), _ids(model, ANSWER))
        assert len(expected) == len(target)
        worst = max(worst, float(np.abs(values - expected).max()))
    return max(worst, float(np.abs(run.heatmap.values.sum(1) - (run.all - run.none)).max()))


def gradients(model: LanguageModel, own: Any) -> float:
    """Return the largest difference of gradients' norms and of their products with the input.

    In nats where cells are below 1, else a share of the largest: some explode.
    """
    prompt = Prompt.marked(TEXT)
    norms, products = (  # before the reference: where bathyscope refuses, the model may fail
        bs.attribute(model, prompt, ANSWER, method=method).heatmap.values
        for method in ("saliency", "input_x_gradient")
    )
    embeddings, found = _gradients(own, _ids(model, prompt.text), _ids(model, ANSWER))
    # Of a model that norms its embeddings first, the products are all 0; the norms are not.
    assert norms.max() > 1e-3, "a test on zeros would prove nothing"
    spans = [slice(*span) for span in prompt.features]
    worst = 0.0
    for ours, tokens in (
        (norms, found.norm(dim=-1)),
        (products, (found * embeddings).sum(-1)),
    ):
        cells = np.array([[float(row[span].sum()) for span in spans] for row in tokens])
        worst = max(worst, float(np.abs(ours - cells).max()) / max(1.0, np.abs(cells).max()))
    return worst


def _gradients(
    own: Any, prompt: tuple[int, ...], target: tuple[int, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return embeddings of the prompt's tokens, and ln p's gradients at them, a pass for each."""
    rows = []
    for index, id in enumerate(target):
        embeddings = own.get_input_embeddings()(torch.tensor([prompt + target[:index]])).detach()
        leaf = embeddings.clone().requires_grad_()
        given = leaf * 1  # some families change what they are given
        output = own(inputs_embeds=given, use_cache=False, return_dict=True)
        (gradient,) = torch.autograd.grad(output.logits[0, -1].log_softmax(-1)[id], leaf)
        rows.append(gradient[0, : len(prompt)].double())
    return embeddings[0, : len(prompt)].double(), torch.stack(rows)


def depth(model: LanguageModel, own: Any) -> float:
    """Return the largest difference of the depth maps of a short and a long text, in bits."""
    worst = 0.0
    for text, answer in ((TEXT, ANSWER), (LONG, " " + LONG[:20])):
        run = bs.depth(model, text, answer)
        expected = divergences(model, own, _ids(model, text), _ids(model, answer))
        assert expected.max() > 1e-3, "a test on zeros would prove nothing"
        worst = max(worst, float(np.abs(run.heatmap.values - expected).max()))
    return worst


def streaming(model: LanguageModel, own: Any) -> float:
    """Return the largest difference of the streams of two prompts of unequal length, in bits."""
    texts = [LONG[:40], LONG[10:33]]
    tokens = list(bs.stream(model, texts, max_new_tokens=6))
    worst = 0.0
    for index, text in enumerate(texts):
        written = [token for token in tokens if token.sequence == index]
        prompt, ids = _ids(model, text), tuple(token.token_id for token in written)
        rows = logits(own, prompt + ids[:-1])[len(prompt) - 1 :]
        missed = max(row.max() - row[id] for row, id in zip(rows, ids, strict=True))
        assert missed < 1e-4, f"a token is not the most probable by {missed:.2g}"
        expected = divergences(model, own, prompt, ids)
        ours = np.array([token.divergences for token in written]).T
        worst = max(worst, float(np.abs(ours - expected).max()))
    return worst


def divergences(
    model: LanguageModel, own: Any, prompt: tuple[int, ...], target: tuple[int, ...]
) -> Values:
    """Return JSD in bits of layers 1..L−1 from the model's own output, (layers, targets)."""
    names = {id(module): name for name, module in model.model.named_modules()}
    layers = [own.get_submodule(names[id(layer)]) for layer in model.anatomy.layers]
    ids = prompt + target[:-1]
    states: list[torch.Tensor] = []

    def keep(module: Any, inputs: Any, output: Any) -> None:
        states.append(output[0] if isinstance(output, tuple | list) else output)

    with _hooks([layer.register_forward_hook(keep) for layer in layers]):
        last = _softmax(logits(own, ids)[len(prompt) - 1 :])
    result = []
    for state in states[:-1]:

        def replace(module: Any, inputs: Any, output: Any, state: Any = state) -> Any:
            return type(output)((state, *output[1:])) if isinstance(output, tuple | list) else state

        with _hooks([layers[-1].register_forward_hook(replace)]):
            own_rows = _softmax(logits(own, ids)[len(prompt) - 1 :])
        result.append(jensenshannon(own_rows, last, base=2, axis=-1) ** 2)
    return np.array(result)


def _softmax(rows: Values) -> Values:
    found: Values = np.exp(log_softmax(rows, axis=-1))
    return found


def _ids(model: LanguageModel, text: str) -> tuple[int, ...]:
    return tuple(model.tokens.tokenizer(text)["input_ids"])


@contextmanager
def _hooks(handles: list[Any]) -> Iterator[None]:
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


CHECKS: dict[str, tuple[Callable[[LanguageModel, Any], float], float]] = {
    "scores": (scores, NATS),
    "attribution": (attribution, NATS),
    "gradients": (gradients, NATS),
    "depth": (depth, BITS),
    "streaming": (streaming, BITS),
}
