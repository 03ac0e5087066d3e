"""A loaded causal language model: what the rest of bathyscope asks of it, and nothing else."""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import InputError, ModelError
from bathyscope.core.progress import Progress, silent, standard
from bathyscope.model.anatomy import Anatomy, find_anatomy
from bathyscope.model.foreign import boundary, text_config
from bathyscope.model.forest import Forest, Pass
from bathyscope.model.forward import require_numbers, require_rows
from bathyscope.model.head import Head, find_head
from bathyscope.model.logits import logits_of
from bathyscope.model.plain_decoding import decoded
from bathyscope.model.prefix_tree import Edge, Ids, separate, shared_prefixes
from bathyscope.model.room import tokens_per_pass
from bathyscope.model.scorer import Deliver, require_tokens
from bathyscope.model.scores import Scores
from bathyscope.model.sharing import longest_shareable, why_not_batched, why_not_shared
from bathyscope.model.tokenizer import TransformersTokens
from bathyscope.model.tokens import Continuation
from bathyscope.model.verdicts import Verdicts
from bathyscope.model.writing import before, written


class LanguageModel:
    """A transformers model with its tokenizer and its verified anatomy.

    Attributes:
        model: The transformers model, as it was given: its mode, settings and weights stay as they
            are. It runs in evaluation mode and decodes greedily, without the penalties and
            temperatures that its authors may have set as defaults.
        tokens: Its tokenizer.
        head: Its ends, by which it is attributed.
        provenance: Where it came from: name, hashes, dtype, device; plain JSON values.
        verdicts: What was found of it by trying; `load` has them kept between starts.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        provenance: dict[str, Any] | None = None,
        verdicts: Verdicts | None = None,
    ) -> None:
        """Wrap a model that is already in memory.

        Args:
            model: A transformers causal language model.
            tokenizer: Its fast tokenizer.
            provenance: Where it came from, if known.
            verdicts: Where what is found of it by trying is kept; None where nowhere.

        Raises:
            ModelError: Its ends are not found or do not hold up to the check by number.
        """
        self.model = model
        with boundary(tokenizer, "as a tokenizer"):
            self.tokens = TransformersTokens(tokenizer)
        _require_weights_here(model)
        self.verdicts = Verdicts(model) if verdicts is None else verdicts
        with boundary(model, "as a causal language model"):
            self.head = find_head(model, self.verdicts)
            _require_one_vocabulary(tokenizer, model)
        self._anatomy = _anatomy_or_why(model, self.head, self.verdicts)
        self.provenance = {
            "name": str(model.config.name_or_path) or type(model).__name__,
            **(provenance or {}),
            "class": type(model).__name__,
            **self._layers_in_record(),
            "dtype": str(model.dtype).removeprefix("torch."),
            "device": str(model.device),
        }

    @property
    def anatomy(self) -> Anatomy:
        """The model's layers and what reads them.

        Raises:
            ModelError: They are not found or do not hold up to the check by number.
        """
        if isinstance(self._anatomy, ModelError):
            raise ModelError(
                f"{self._anatomy} Its tokens can be attributed all the same; depth, streams, "
                "Think@n and lenses need its layers."
            ) from self._anatomy
        return self._anatomy

    def _layers_in_record(self) -> dict[str, Any]:
        if isinstance(self._anatomy, ModelError):
            return {"rescaling": self.head.rescaling}
        return {"num_layers": self.num_layers, "rescaling": self._anatomy.rescaling}

    @property
    def num_layers(self) -> int:
        """Number of layers; they count from 1, the embedding is layer 0."""
        return self.anatomy.num_layers

    @property
    def hidden_size(self) -> int:
        """Width of the residual stream."""
        return int(text_config(self.model).hidden_size)

    @property
    def context_length(self) -> int | None:
        """The most tokens the model takes, or None where its configuration names no limit."""
        length: int | None = getattr(text_config(self.model), "max_position_embeddings", None)
        return None if length is None else length - self._positions_before_the_first

    @cached_property
    def _positions_before_the_first(self) -> int:
        """How many rows of its table of positions no token takes: RoBERTa's begin after padding."""
        rows = getattr(text_config(self.model), "max_position_embeddings", None)
        tables = (
            module
            for module in self.model.modules()
            if isinstance(module, torch.nn.Embedding)
            and module is not self.head.embed_tokens
            and module.num_embeddings == rows
        )
        padded = (table.padding_idx for table in tables)
        return max((index + 1 for index in padded if index is not None), default=0)

    def require_context(self, num_tokens: int) -> None:
        """Raise InputError where prompt and continuation are longer than the model's context."""
        limit = self.context_length
        if limit is not None and num_tokens > limit:
            raise InputError(
                f"Prompt and continuation have {num_tokens} tokens, but the model's context ends "
                f"at {limit}; shorten the prompt or choose another model."
            )

    def require_top(self, count: int) -> None:
        """Raise InputError where more of the most probable tokens are asked for than there are."""
        vocab_size = int(self.model.get_output_embeddings().weight.shape[0])
        if count > vocab_size:
            raise InputError(
                f"The {count} most probable tokens cannot be listed: the vocabulary has "
                f"{vocab_size} (--top-k)."
            )

    def generate(
        self, prompt: str, max_new_tokens: int, progress: Progress = standard, stop: str = ""
    ) -> Continuation:
        """Continue a prompt greedily, the most probable token each time.

        Args:
            prompt: The text to continue.
            max_new_tokens: Where to stop if the model does not end its answer before.
            progress: Told of every new token.
            stop: A text at which the answer ends, itself no part of it; none where empty.

        Raises:
            InputError: The prompt has no token, or there is no room for the answer.
        """
        prompt_ids = self.require_continuable(prompt, max_new_tokens)
        target_ids = self._generated(prompt_ids, max_new_tokens, progress, stop)
        return Continuation(prompt_ids, before(self.tokens, target_ids, stop), None)

    def generate_many(
        self,
        prompts: Sequence[str],
        max_new_tokens: int,
        progress: Progress = standard,
        stop: str = "",
    ) -> Iterator[tuple[int, Continuation]]:
        """Continue many prompts greedily, in batches bounded by bytes.

        Each becomes what `generate` makes of it, up to rounding: a model that was seen to read
        unequal texts side by side otherwise than alone gets those of one length together, or each
        for itself.

        Args:
            prompts: The texts to continue.
            max_new_tokens: Where to stop an answer that the model does not end before.
            progress: Told of the new tokens.
            stop: A text at which an answer ends, itself no part of it; none where empty.

        Returns:
            Indices of prompts and their continuations, as they come.

        Raises:
            InputError: A prompt has no token, or there is no room for its answer: at the call.
        """
        given = [self.require_continuable(prompt, max_new_tokens) for prompt in prompts]

        def alone(ids: Ids) -> Ids:
            return self._generated(ids, max_new_tokens, silent, stop)

        answers = written(self, given, max_new_tokens, alone, progress, stop)
        return (
            (i, Continuation(given[i], before(self.tokens, ids, stop), None)) for i, ids in answers
        )

    def require_continuable(self, prompt: str, max_new_tokens: int) -> Ids:
        """Return the ids of a prompt to be continued.

        Raises:
            InputError: It has no token, or there is no room for the answer.
        """
        if max_new_tokens < 1:
            raise InputError(
                f"At least 1 new token must be allowed, not {max_new_tokens} (--max-new-tokens)."
            )
        prompt_ids = self.tokens.encode(prompt)
        if not prompt_ids:
            raise InputError("The prompt is empty; give the model something to continue.")
        self.require_context(len(prompt_ids) + max_new_tokens)
        require_rows(self.model, max(prompt_ids))
        return prompt_ids

    def _generated(
        self, prompt_ids: Ids, max_new_tokens: int, progress: Progress, stop: str
    ) -> Ids:
        """Return what transformers' own decoding makes of one prompt."""

        def stopped(ids: Ids) -> bool:
            return stop in self.tokens.decode(ids)

        given = self._tensor([prompt_ids])
        return decoded(self.model, given, max_new_tokens, progress, stopped if stop else None)

    def score(
        self,
        prompts: Sequence[Ids],
        targets: Sequence[Ids],
        deliver: Deliver,
        batch_tokens: int | None = None,
        standing: Collection[int] = (),
    ) -> None:
        """Score forced continuations, each prefix that prompts share computed once.

        Args:
            prompts: Token ids of each prompt; at least one id each.
            targets: For each prompt the token ids of its continuation.
            deliver: Called with an index and its scores, in any order, as soon as they are known.
            batch_tokens: Most tokens in a forward pass; None takes `TOKENS_PER_BATCH` on a
                processor, and as many as memory allows, up to sixteen times that, on a device.
            standing: Indices of the prompts after which the tokens' standing is asked for too.

        Raises:
            InputError: A prompt has no token, or is too long for the model.
        """
        require_tokens(prompts)
        sequences = [prompt + target[:-1] for prompt, target in zip(prompts, targets, strict=True)]
        self.require_context(max(map(len, sequences)) + 1)
        for indices, roots in self._trees(sequences, targets):
            own_targets = [targets[index] for index in indices]
            forest = self._forest(roots, own_targets, batch_tokens)
            own_standing = {own for own, index in enumerate(indices) if index in standing}
            own_deliver = partial(_deliver_own, deliver, indices)
            forest.score(roots, own_targets, own_deliver, own_standing)

    def passes(
        self, prompts: Sequence[Ids], targets: Sequence[Ids], batch_tokens: int | None = None
    ) -> list[Pass]:
        """Return the passes that `score` would take; arguments as there."""
        sequences = [prompt + target[:-1] for prompt, target in zip(prompts, targets, strict=True)]
        found = list[Pass]()
        for indices, roots in self._trees(sequences, targets):
            own_targets = [targets[index] for index in indices]
            found += self._forest(roots, own_targets, batch_tokens).planned(roots, own_targets)
        return found

    def _forest(
        self, roots: list[Edge], targets: Sequence[Ids], batch_tokens: int | None
    ) -> Forest:
        """Return what computes a tree, in passes of so many tokens, or of as many as fit."""
        forest = partial(Forest, self.model, self.head)
        if self.why_not_shared is not None and self.why_not_batched is not None:
            return forest(1)
        fitting = partial(tokens_per_pass, self.model)
        return forest(batch_tokens or fitting(lambda most: forest(most).planned(roots, targets)))

    def _trees(
        self, sequences: Sequence[Ids], targets: Sequence[Ids]
    ) -> Iterator[tuple[list[int], list[Edge]]]:
        """Yield the sequences that may meet in one pass, as indices, and their trees."""
        limit = longest_shareable(self.model)
        short = [i for i, ids in enumerate(sequences) if limit is None or len(ids) <= limit]
        long = [i for i, ids in enumerate(sequences) if limit is not None and len(ids) > limit]
        if len(short) > 1 and self.why_not_shared is None:
            own = [sequences[index] for index in short]
            yield short, shared_prefixes(own, [len(targets[index]) for index in short])
        elif short:
            yield short, separate([sequences[index] for index in short])
        if long:
            yield long, separate([sequences[index] for index in long])

    @cached_property
    def why_not_shared(self) -> str | None:
        """Why prefixes are not shared in this model, in words; None where they are.

        A few short sequences are scored both ways, once for each model.
        """
        why: str | None = self.verdicts.of("shared", lambda: why_not_shared(self.model, self.head))
        return why

    @cached_property
    def why_not_batched(self) -> str | None:
        """Why every text has a pass of its own in this model, in words; None where none has."""
        why: str | None = self.verdicts.of(
            "batched", lambda: why_not_batched(self.model, self.head)
        )
        return why

    def may_continue_a_cache(self, num_tokens: int) -> bool:
        """Tell whether a text of so many tokens may be run in pieces, each on the cache before it.

        Right where prompts of that length share their prefixes, for the same reasons.
        """
        limit = longest_shareable(self.model)
        return (limit is None or num_tokens <= limit) and self.why_not_shared is None

    def require_readable(self, continuation: Continuation) -> None:
        """Raise InputError where a text begins with nothing, is too long, or has unknown tokens."""
        ids = continuation.prompt_ids + continuation.target_ids
        if not continuation.prompt_ids:
            raise InputError("The prompt is empty, so nothing predicts the first token.")
        self.require_context(len(ids))
        require_rows(self.model, max(ids[:-1]))

    def hidden_states(self, continuation: Continuation) -> list[Tensor]:
        """Return the residual stream where each continuation token is predicted.

        Returns:
            For each layer, first to last, a tensor (targets, hidden_size): the output of the
            layer at the position before each target token, no norm applied.
        """
        self.require_readable(continuation)
        ids = continuation.prompt_ids + continuation.target_ids
        first = len(continuation.prompt_ids) - 1
        positions = torch.arange(first, len(ids) - 1, device=self.model.device)
        input_ids = self._tensor([ids[:-1]])
        nowhere = torch.empty(0, 2, dtype=torch.long, device=self.model.device)
        with self.anatomy.recording(positions) as states, self.anatomy.states_at(nowhere):
            logits_of(self.model, input_ids)
        require_numbers(states[-1], self.model)
        return states

    def _tensor(self, ids: Sequence[Sequence[int]]) -> Tensor:
        return torch.tensor(ids, device=self.model.device)


def _deliver_own(deliver: Deliver, indices: list[int], own: int, scores: Scores) -> None:
    deliver(indices[own], scores)


def _anatomy_or_why(model: Any, head: Head, verdicts: Verdicts) -> Anatomy | ModelError:
    try:
        return find_anatomy(model, head, verdicts)
    except ModelError as error:
        return error


def _require_weights_here(model: Any) -> None:
    """Refuse a model of which no weight is anywhere but in a store that it is fetched from."""
    if getattr(getattr(model, "device", None), "type", None) == "meta":
        raise ModelError(
            f"The weights of {type(model).__name__} are not on a device: the whole model is "
            "offloaded (accelerate's cpu_offload or disk_offload) or was never loaded. Load it "
            "whole, or with a device_map that keeps its embedding on a device."
        )


def _require_one_vocabulary(tokenizer: Any, model: Any) -> None:
    """Refuse a tokenizer that makes other tokens of plain text than the embedding has rows for.

    Special tokens may lie beyond: a padding token is often added where nothing is ever padded, an
    end token by who converted the file; a text that spells one out is refused when it comes.
    """
    rows = len(model.get_input_embeddings().weight)
    added = tokenizer.added_tokens_decoder.items()
    special = {*tokenizer.all_special_ids, *(id for id, token in added if token.special)}
    beyond = [
        (id, token)
        for token, id in tokenizer.get_vocab().items()
        if id >= rows and id not in special
    ]
    if beyond:
        id, token = min(beyond)
        raise ModelError(
            f"The tokenizer has {len(beyond)} tokens that {type(model).__name__} does not know: "
            f"{token!r} has the id {id}, but the embedding has {rows} rows; take the tokenizer "
            "that belongs to the model."
        )
