"""Questions read from provenance, to be asked again: one way for each kind of run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bathyscope.attribution.attribute import attribute_each, interact_each
from bathyscope.attribution.settings import AttributionSettings
from bathyscope.core.errors import InputError, packages_needed
from bathyscope.core.progress import Progress
from bathyscope.core.registry import Registry
from bathyscope.model.provenance import prompt_of
from bathyscope.model.scorer import Scorer
from bathyscope.render.figure.embedded_metadata import Inscription
from bathyscope.runs.base import Run

Ask = Callable[[Scorer, Progress], Run]
Translators = str | Path | None


@dataclass(frozen=True)
class Replay:
    """A way in which a kind of run is asked for again.

    Attributes:
        name: The kind, as in `run.json`.
        read: Returns from provenance, and the file of a lens, what asks a model.
    """

    name: str
    read: Callable[[Mapping[str, Any], Translators], Ask]

    def asked_of(self, asked: Mapping[str, Any], translators: Translators) -> Ask:
        """Return what was asked, as something to ask a model again.

        Raises:
            InputError: The translators are not those of the first time.
            KeyError, TypeError, ValueError: The provenance does not say.
        """
        if translators is not None and asked.get("translators") is None:
            raise InputError("The map was not read through a fitted lens; leave out --translators.")
        return self.read(asked, translators)


def _attribution(asked: Mapping[str, Any], translators: Translators) -> Ask:
    prompt, settings = prompt_of(asked), _settings(asked)
    targets, index = list(asked["targets"]), _index(asked)
    return lambda model, progress: attribute_each(
        model, prompt, targets, settings=settings, progress=progress
    )[index]


def _interactions(asked: Mapping[str, Any], translators: Translators) -> Ask:
    prompt, settings = prompt_of(asked), _settings(asked)
    targets, index = list(asked["targets"]), _index(asked)
    token = None if asked["token"] is None else int(asked["token"]["position"])
    return lambda model, progress: interact_each(
        model, prompt, targets, token=token, settings=settings, progress=progress
    )[index]


def _index(asked: Mapping[str, Any]) -> int:
    index: int = range(len(asked["targets"]))[asked["target_index"]]
    return index


def _settings(asked: Mapping[str, Any]) -> AttributionSettings:
    # The prompt is kept as the model read it, so it is in its chat template already.
    return AttributionSettings.from_document(asked).as_read()


def _of_layers(name: str) -> Callable[[Mapping[str, Any], Translators], Ask]:
    """Return a way of `replay.depth`, which needs packages that maps of scorers do without."""

    def read(asked: Mapping[str, Any], translators: Translators) -> Ask:
        with packages_needed():
            from bathyscope.replay import depth
        ask: Ask = getattr(depth, name)(asked, translators)
        return ask

    return read


def _chain(asked: Mapping[str, Any], translators: Translators) -> Ask:
    with packages_needed():
        from bathyscope.replay.chain import chain_again
    return chain_again(asked)


def kind_of(inscribed: Inscription) -> str:
    """Return the kind of run that a map comes from: one of layer statistics is a depth run's."""
    return "depth" if "layer_statistic" in inscribed.provenance else inscribed.kind


QUESTIONS: Registry[Replay] = Registry(
    "question",
    "bathyscope.questions",
    (
        Replay("attribution", _attribution),
        Replay("interactions", _interactions),
        Replay("depth", _of_layers("depth_again")),
        Replay("settling", _of_layers("settling_again")),
        Replay("depth_groups", _of_layers("groups_again")),
        Replay("think", _of_layers("think_again")),
        Replay("chain", _chain),
    ),
)
"""By kind of run; one that is not here cannot be computed again."""
