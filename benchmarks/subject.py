"""What every contestant works on: the embedded model and the demo's division prompt."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

import numpy as np
import torch

from bathyscope.attribution.prompt_game import prompt_game
from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget
from bathyscope.games.game import all_coalitions
from bathyscope.games.methods import METHODS
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.loading import load
from bathyscope.model.prefix_tree import Ids, shared_prefixes
from bathyscope.model.products import FastProducts
from bathyscope.model.scores import Scores
from bathyscope.model.tokens import Continuation
from bathyscope.prompt import Prompt

FIVE_TARGETS = (" $16", " $20", " $12", " 16,", " 20,")
"""What the gradients explain; short, because the peers run anew for every token of them."""


@dataclass(frozen=True)
class Subject:
    """A model, a prompt with five features, and a target."""

    model: LanguageModel
    prompt: Prompt
    target: Continuation

    @cached_property
    def targets(self) -> list[Continuation]:
        """Five continuations, for gradients."""
        return [self.model.tokens.continuation(self.prompt.text, t) for t in FIVE_TARGETS]

    @cached_property
    def all_prompts(self) -> list[Ids]:
        """The prompt's token ids under every coalition."""
        return [
            self.model.tokens.under_another_prompt(self.target, self.prompt.masked(present))
            for present in all_coalitions(len(self.prompt.features)).tolist()
        ]

    @cached_property
    def sequences(self) -> list[Ids]:
        """What the model reads under every coalition: the last target token is only predicted."""
        return [prompt + self.target.target_ids[:-1] for prompt in self.all_prompts]

    @property
    def distinct_tokens(self) -> int:
        """Tokens of the tree, each shared prefix once."""
        private = [len(self.target.target_ids)] * len(self.sequences)
        return sum(edge.num_tokens for edge in shared_prefixes(self.sequences, private))

    def estimate(self, method: str) -> FloatArray:
        """Return our map (targets, features), nothing remembered from before."""
        game = prompt_game(self.model, self.prompt, [self.target])
        return METHODS[method].estimate(game, Budget()).values

    def tree(self) -> FloatArray:
        """Return ln p (coalitions, targets) by the prefix tree."""
        found: dict[int, Scores] = {}
        targets = [self.target.target_ids] * len(self.all_prompts)
        self.model.score(self.all_prompts, targets, found.__setitem__)
        log_probs: FloatArray = np.stack([found[index].log_probs for index in range(len(found))])
        return log_probs

    def padded(self, sequences: Sequence[Ids]) -> FloatArray:
        """Return ln p (sequences, targets) by one forward pass, padded on the right.

        As sparing as a batch can be: no cache, logits where a target token is predicted only, and
        the products that the tree takes, so that only the way through the prompts differs.
        """
        longest, count = max(map(len, sequences)), len(self.target.target_ids)
        ids = torch.tensor([s + s[-1:] * (longest - len(s)) for s in sequences])
        ends = torch.tensor([len(s) for s in sequences])
        positions = ends[:, None] - count + torch.arange(count)
        rows = torch.arange(len(sequences))[:, None].expand_as(positions)
        places = torch.stack([rows, positions], dim=-1).reshape(-1, 2)
        anatomy = self.model.anatomy
        with torch.inference_mode(), FastProducts(), anatomy.states_at(places) as states:
            self.model.model(input_ids=ids, use_cache=False)
        with torch.inference_mode():
            log_probs = anatomy.unembedded(states[0]).log_softmax(-1)
        wanted = torch.tensor(self.target.target_ids).repeat(len(sequences))
        found = log_probs.gather(-1, wanted[:, None]).reshape(len(sequences), count)
        result: FloatArray = found.double().numpy()
        return result


@cache
def subject() -> Subject:
    """Return the subject; the model is loaded once a process."""
    text = resources.files("bathyscope.demo").joinpath("division.json").read_text("utf-8")
    question = json.loads(text)
    model, prompt = load(), Prompt.marked(question["prompt"])
    assert model.why_not_shared is None  # decided here, once, and not while we are timed
    return Subject(model, prompt, model.tokens.continuation(prompt.text, question["target"]))
