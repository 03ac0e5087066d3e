"""The texts that maps are about: a prompt with its features, and the answer, in pieces to show."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bathyscope.core.heatmap import Axis
from bathyscope.prompt.labels import visible
from bathyscope.prompt.units import spelled_by, units
from bathyscope.runs.base import Run


@dataclass
class Texts:
    """Texts by what is in them, so that maps of the same prompt and answer share one.

    Axes over the same tokens, or the same features, have the same link: what is pointed at in one
    map is then found in the other.
    """

    found: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, run: Run, name: str) -> None:
        """Take note of the text of a run; a map of unknown origin has none."""
        prompt, target = run.prompt, run.text
        if (run.feature_axis, run.token_axis) == (None, None) or prompt is None or target is None:
            return
        text = self.found.setdefault(
            json.dumps([prompt, _ids(run)]),
            {
                "names": [],
                "prompt": [{"text": prompt_text(prompt), "feature": None}],
                "features": None,
                "answer": self._answer(run),
                "tokens": [token_text(target)],
            },
        )
        text["names"].append(name)
        features, tokens = run.feature_axis, run.token_axis
        if features is not None and text["features"] is None:
            text |= {
                "prompt": _prompt_pieces(prompt, features),
                "features": self._features(run, features),
            }
        if tokens is not None:
            text["tokens"] = _token_pieces(target, tokens)

    def axis(self, run: Run, axis: Axis) -> dict[str, Any]:
        """Return an axis as a page has it: labels, link, what it runs over, and coarser units."""
        link, text, over = self._link(axis.name, axis.labels), "", ""
        if axis == run.feature_axis:
            link, text, over = self._features(run, axis), run.prompt or "", "prompt"
        elif axis == run.token_axis:
            link, text, over = self._answer(run), run.text or "", "answer"
            text = text if spelled_by(axis, text) else ""
        return {
            "name": axis.name,
            "labels": list(axis.labels),
            "link": link,
            "over": over,
            "units": units(axis, text),
        }

    def _answer(self, run: Run) -> str:
        return self._link("answer", [_ids(run), run.text])

    def _features(self, run: Run, axis: Axis) -> str:
        return self._link("prompt", [run.prompt, axis.spans, axis.labels])

    def _link(self, kind: str, identity: object) -> str:
        """Return a short name that is the same for the same things, on every page."""
        return short_name([kind, identity])

    def index(self, run: Run) -> int | None:
        """Return which of the texts a run is about; None where it has none."""
        key = json.dumps([run.prompt, _ids(run)])
        return list(self.found).index(key) if key in self.found else None

    def about(self, run: Run) -> list[str]:
        """Return names of what a run is about: prompt and answer, or else what its axes hold."""
        told = [("about", text) for text in (run.prompt, run.text) if text]
        axes = [(axis.name, axis.labels) for axis in (run.heatmap.rows, run.heatmap.columns)]
        return [self._link(*one) for one in told or axes]


def short_name(identity: object) -> str:
    """Return eight letters and digits that are the same for the same JSON values."""
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:8]


def prompt_text(text: str) -> str:
    """Return text as it is read: line breaks break lines, what cannot be seen is escaped."""
    return "".join(character if character in " \n" else visible(character) for character in text)


def token_text(text: str) -> str:
    """Return a token as it is read, with a mark where it breaks the line."""
    return prompt_text(text).replace("\n", visible("\n") + "\n")


def _ids(run: Run) -> object:
    return run.provenance.get("target_ids")


def _prompt_pieces(prompt: str, features: Axis) -> list[dict[str, Any]]:
    """Return the prompt cut at its features' edges."""
    pieces: list[dict[str, Any]] = []
    position = 0
    for number, (start, end) in enumerate(features.spans or ()):
        pieces.append({"text": prompt_text(prompt[position:start]), "feature": None})
        pieces.append({"text": prompt_text(prompt[start:end]), "feature": number})
        position = end
    pieces.append({"text": prompt_text(prompt[position:]), "feature": None})
    return [piece for piece in pieces if piece["text"]]


def _token_pieces(target: str, tokens: Axis) -> list[str]:
    """Return the text of each token; the label where several share one character."""
    if tokens.spans is None or not spelled_by(tokens, target):
        return list(tokens.labels)
    sharing = Counter(tokens.spans)
    return [
        label if sharing[span] > 1 else token_text(target[slice(*span)])
        for label, span in zip(tokens.labels, tokens.spans, strict=True)
    ]
