"""Scores of many continuations: a tree of prompts, each edge computed once, in batches."""

import weakref
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bathyscope.model.batches import alike
from bathyscope.model.branches import Branch, Page, visible
from bathyscope.model.device import fitting
from bathyscope.model.foreign import run
from bathyscope.model.forward import require_numbers, require_rows
from bathyscope.model.head import Head
from bathyscope.model.logits import as_float
from bathyscope.model.memory import give_back
from bathyscope.model.pass_cache import PassCache
from bathyscope.model.past import cache_name
from bathyscope.model.prefix_tree import Edge, Ids
from bathyscope.model.scorer import Deliver
from bathyscope.model.scores import Scores, Standing
from bathyscope.model.scoring import brought_over, read, read_standing

# Rows of the vocabulary's width that are held at once: on a processor, and at most elsewhere.
_ROWS_OF_LOGITS, _MOST_ROWS_OF_LOGITS = 96, 4096
# A batch may look back on this many times the tokens that it adds; more would cost memory.
_PAST_PER_TOKEN = 12


Batch = list[tuple[Edge, Branch | None]]


class Pass(NamedTuple):
    """One pass through the model, as it was planned.

    Attributes:
        rows: Rows of the batch.
        new: New tokens of each row, padding included.
        past: Tokens that the longest row goes on from.
        scored: Rows of logits that are read.
        held: Tokens whose keys and values wait while it runs.
        rows_at_once: Most rows of logits that are held together.
        kept: New tokens whose keys and values others go on from.
    """

    rows: int
    new: int
    past: int
    scored: int
    held: int
    rows_at_once: int = _ROWS_OF_LOGITS
    kept: int = 0


class _Held:
    """Counts the tokens on pages for as long as anybody needs them."""

    def __init__(self) -> None:
        self.tokens = 0

    def branches(self, batch: Batch) -> list[Branch]:
        """Return branches on a page without keys and values."""
        counts = _going_on(batch)
        page, count = Page([]), sum(counts)
        self.tokens += count
        weakref.finalize(page, self._let_go, count)
        return [
            Branch(page, 0, past, edge.start + own)
            for (edge, past), own in zip(batch, counts, strict=True)
        ]

    def _let_go(self, count: int) -> None:
        self.tokens -= count


def _going_on(batch: Batch) -> list[int]:
    """Return how many tokens of each edge lie before the last that any other goes on from."""
    return [
        max((child.start for child in edge.children), default=edge.start) - edge.start
        for edge, _ in batch
    ]


class Forest:
    """Computes the edges of a tree with the keys and values of the edges before them.

    Attributes:
        pasts_met: For each pass so far the different lengths of the pasts in it, ascending.
    """

    def __init__(self, model: Any, head: Head, most_tokens: int) -> None:
        """Prepare a computation.

        Args:
            model: The transformers model.
            head: Its ends.
            most_tokens: Most tokens in one forward pass, padding included.
        """
        self.model, self.head, self.most_tokens = model, head, most_tokens
        self.pasts_met: list[tuple[int, ...]] = []
        self._standing: Collection[int] = ()

    def score(
        self,
        roots: list[Edge],
        targets: Sequence[Ids],
        deliver: Deliver,
        standing: Collection[int] = (),
    ) -> None:
        """Score the continuation of every sequence.

        Args:
            roots: The edges that leave the root.
            targets: For each sequence the token ids of its continuation, of which all but the
                last are the end of the sequence.
            deliver: Called with the index of a sequence and its scores, as soon as they are known.
            standing: Sequences whose tokens' standing is asked for too.
        """
        self._standing = standing
        self._walk(roots, lambda batch: self._score(batch, targets, deliver))

    def branches(self, roots: list[Edge]) -> dict[int, Branch]:
        """Return what attention needs of every sequence to be gone on from, by their indices."""
        ends: dict[int, Branch] = {}
        self._walk(roots, lambda batch: self._keep(batch, ends))
        return ends

    def planned(self, roots: list[Edge], targets: Sequence[Ids]) -> list[Pass]:
        """Return the passes that `score` would take."""
        held = _Held()
        passes: list[Pass] = []

        def note(batch: Batch) -> list[Branch]:
            edges = [edge for edge, _ in batch]
            passes.append(
                Pass(
                    rows=len(edges),
                    new=max(len(edge.ids) for edge in edges),
                    past=max(edge.start for edge in edges),
                    scored=sum(len(targets[index]) for edge in edges for index, _ in edge.ended),
                    held=held.tokens,
                    rows_at_once=self._rows_of_logits,
                    kept=sum(_going_on(batch)),
                )
            )
            return held.branches(batch)

        self._walk(roots, note)
        return passes

    def _walk(self, roots: list[Edge], compute: Callable[[Batch], Sequence[Branch]]) -> None:
        """Compute every edge after the one that it grows from.

        A batch's children are computed before its siblings when together they would not fit a
        pass, so that only the branches on the way down are held.
        """
        waiting: list[Batch] = [[(edge, None) for edge in roots]] if roots else []
        while waiting:
            batch, rest = self._next_batch(waiting.pop())
            branches = compute(batch)
            grown_edges: Batch = [
                (child, branch.cut(child.start))
                for (edge, _), branch in zip(batch, branches, strict=bool(branches))
                for child in edge.children
            ]
            together = rest + grown_edges
            if sum(len(edge.ids) for edge, _ in together) <= self.most_tokens:
                waiting.append(together)
            else:
                waiting += [rest, grown_edges]
            waiting = [edges for edges in waiting if edges]

    def _next_batch(self, edges: Batch) -> tuple[Batch, Batch]:
        lengths, starts = [len(edge.ids) for edge, _ in edges], [edge.start for edge, _ in edges]
        room = max(1, _PAST_PER_TOKEN * self.most_tokens // (max(starts) + max(lengths)))
        # The batch nearest to the root first: its children then join those that wait already, and
        # make full batches with them. (The demo's prompt: 11 passes instead of 16, a tenth faster.)
        batches = alike(lengths, self.most_tokens)
        batch = min(batches, key=lambda one: min(starts[index] for index in one))[:room]
        chosen = set(batch)
        return (
            [edges[index] for index in batch],
            [edge for index, edge in enumerate(edges) if index not in chosen],
        )

    def _keep(self, batch: Batch, ends: dict[int, Branch]) -> list[Branch]:
        """Run one pass, keep the branches of what ends in it, return all."""
        nowhere = torch.empty(0, 2, dtype=torch.long, device=self.model.device)
        branches, _ = self._forward(batch, nowhere, [len(edge.ids) for edge, _ in batch])
        for branch, (edge, _) in zip(branches, batch, strict=True):
            for index, end in edge.ended:
                ends[index] = branch.cut(edge.start + end)
        return branches

    def _score(self, batch: Batch, targets: Sequence[Ids], deliver: Deliver) -> list[Branch]:
        """Run one pass, deliver what ends in it, return the branches where any goes on."""
        read = [
            (row, end, index) for row, (edge, _) in enumerate(batch) for index, end in edge.ended
        ]
        places = torch.tensor(
            [
                (row, position)
                for row, end, index in read
                for position in range(end - len(targets[index]), end)
            ],
            dtype=torch.long,
            device=self.model.device,
        ).reshape(-1, 2)
        branches, states = self._forward(batch, places, _going_on(batch))
        if read:
            indices = [index for _, _, index in read]
            self._deliver(states, indices, [targets[index] for index in indices], deliver)
            give_back()
        return branches

    def _forward(
        self, batch: Batch, places: Tensor, counts: Sequence[int]
    ) -> tuple[list[Branch], Tensor]:
        """Run one pass.

        Args:
            batch: The edges.
            places: Rows and positions whose states are wanted, (n, 2).
            counts: For each edge how many of its tokens others go on from.

        Returns:
            The branches, none where nothing goes on, and the final states at the places.
        """
        most = max(len(edge.ids) for edge, _ in batch)
        ids = [edge.ids + edge.ids[-1:] * (most - len(edge.ids)) for edge, _ in batch]
        require_rows(self.model, max(map(max, ids)))
        starts = [edge.start for edge, _ in batch]
        # Padding repeats the last position: one beyond the context may not exist.
        positions = [
            [min(start + i, start + len(edge.ids) - 1) for i in range(most)]
            for start, (edge, _) in zip(starts, batch, strict=True)
        ]
        device, begin = self.model.device, max(starts)
        given = torch.tensor([ids, positions], device=device)
        self.pasts_met.append(tuple(sorted(set(starts))))
        cache: PassCache | None = None
        options: dict[str, Any] = {"use_cache": False}
        if begin or any(counts):
            # The cache that a model makes itself keeps of a sliding window only its last tokens,
            # which are padding where a row is short, and not what the next edges look back on.
            cache = PassCache([past for _, past in batch], counts, most, device)
            options = {"use_cache": True, cache_name(self.model): cache}
        if begin:
            mask = visible(starts, begin, most, device)
            options |= {"attention_mask": mask, "position_ids": given[1]}
        with torch.inference_mode(), self.head.states_at(places) as states:
            run(self.model, input_ids=given[0], checked=True, **options)
        # No two passes are alike: the holes of one fit neither the logits nor the next, and came to
        # half of the peak.
        give_back()
        return [] if cache is None else cache.branches(), states[0]

    def _deliver(
        self, states: Tensor, sequences: list[int], wanted: list[Ids], deliver: Deliver
    ) -> None:
        ids = torch.tensor([id for target in wanted for id in target], device=states.device)
        pairs = list(zip(sequences, wanted, strict=True))
        asked = [sequence in self._standing for sequence, target in pairs for _ in target]
        scores, standing = self._scores(states, ids, asked)
        begin = begin_of_asked = 0
        for sequence, target in pairs:
            own, stand = scores.part(slice(begin, begin + len(target))), None
            begin += len(target)
            if standing is not None and sequence in self._standing:
                stand = standing.part(slice(begin_of_asked, begin_of_asked + len(target)))
                begin_of_asked += len(target)
            deliver(sequence, replace(own, standing=stand))

    def _scores(
        self, states: Tensor, ids: Tensor, asked: list[bool]
    ) -> tuple[Scores, Standing | None]:
        """Return what one id gets in the prediction of each state, and how some of them stand.

        Args:
            states: The final, normed states, (tokens, hidden_size).
            ids: The tokens, (tokens,).
            asked: Of which of them it is asked how they stand.
        """
        readings: list[Tensor] = []
        standings: list[Tensor] = []
        with torch.inference_mode():
            for first in range(0, len(ids), self._rows_of_logits):
                part = slice(first, first + self._rows_of_logits)
                reading, those = self._read(states[part], ids[part], asked[part])
                readings.append(reading)
                standings += those
        scores, standing = brought_over(readings, standings)
        require_numbers(torch.from_numpy(scores.log_probs), self.model)
        return scores, standing

    def _read(
        self, states: Tensor, ids: Tensor, asked: Sequence[bool]
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the same of one block of logits, which ends here: else the next lay beside it."""
        logits = as_float(self.head.unembedded(states))
        total, those = logits.logsumexp(-1), [i for i, one in enumerate(asked) if one]
        standings: list[Tensor] = []
        if those:
            where = torch.tensor(those, device=states.device)
            standings.append(read_standing(logits[where], total[where], ids[where]))
        return read(logits, total, ids), standings

    @property
    def _rows_of_logits(self) -> int:
        """How many rows of the vocabulary's width are held at once."""
        bytes_each = 3 * 4 * len(self.model.get_output_embeddings().weight)
        return fitting(bytes_each, self.model.device, _ROWS_OF_LOGITS, _MOST_ROWS_OF_LOGITS)
