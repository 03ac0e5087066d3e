"""Selectors by likeness, and by nothing: nearest questions, far apart ones, and any."""

import random
from collections.abc import Sequence

import numpy as np

from bathyscope.selection.pool import Item
from bathyscope.selection.selector import (
    Choice,
    SelectionRequest,
    Selector,
    candidates_of,
    require_enough,
)


class Similar(Selector):
    """The items whose questions are nearest to those that are asked.

    Likeness is the mean cosine of an item's question to the questions; after Liu et al. 2022,
    "What Makes Good In-Context Examples for GPT-3?", arXiv 2101.06804, which takes the nearest
    ones of each question anew, here one set for all. The nearest stands last, beside the question.
    """

    name = "similar"
    summary = "the items nearest to the questions, the nearest last; needs --questions"
    needs = frozenset({"encoder", "questions"})

    def choose(self, pool: Sequence[Item], asked: SelectionRequest) -> Choice:
        """Return the items of the largest mean cosine, in increasing order."""
        candidates = candidates_of(pool)
        require_enough(candidates, asked.settings.num)
        own = [pool[at].question for at in candidates]
        vectors, encoder = asked.vectors([*own, *(one.question for one in asked.questions)])
        exact = vectors.astype(np.float64)
        exact /= np.linalg.norm(exact, axis=1, keepdims=True)
        cosines = exact[: len(own)] @ exact[len(own) :].T
        means = cosines.mean(axis=1)
        best = sorted(range(len(own)), key=lambda place: (-means[place], place))
        places = best[: asked.settings.num][::-1]
        record = {"encoder": encoder, "cosines": [float(means[place]) for place in places]}
        return Choice([candidates[place] for place in places], record=record)


class Diverse(Selector):
    """Items whose questions lie far apart.

    Farthest-first traversal (Gonzalez 1985): the question nearest to the mean of all, then again
    and again the one whose nearest chosen question is farthest away.
    """

    name = "diverse"
    summary = "questions far apart from each other (farthest first)"
    needs = frozenset({"encoder"})

    def choose(self, pool: Sequence[Item], asked: SelectionRequest) -> Choice:
        """Return the items in the order in which they are reached."""
        candidates = candidates_of(pool)
        require_enough(candidates, asked.settings.num)
        vectors, encoder = asked.vectors([pool[at].question for at in candidates])
        exact = vectors.astype(np.float64)
        places = [int(np.linalg.norm(exact - exact.mean(axis=0), axis=1).argmin())]
        nearest = np.linalg.norm(exact - exact[places[0]], axis=1)
        reached = [0.0]
        while len(places) < asked.settings.num:
            nearest[places] = -1.0  # of equally far ones, none that is chosen already
            places.append(int(nearest.argmax()))
            reached.append(float(nearest[places[-1]]))
            nearest = np.minimum(nearest, np.linalg.norm(exact - exact[places[-1]], axis=1))
        record = {"encoder": encoder, "distances": reached}
        return Choice([candidates[place] for place in places], record=record)


class Random(Selector):
    """Any items: what every other choice has to be better than."""

    name = "random"
    summary = "any items, each as likely"

    def choose(self, pool: Sequence[Item], asked: SelectionRequest) -> Choice:
        """Return a sample without repetition, in the order in which it was drawn."""
        candidates = candidates_of(pool)
        require_enough(candidates, asked.settings.num)
        drawn = random.Random(asked.settings.seed).sample(candidates, asked.settings.num)
        return Choice(drawn)
