"""A depth map asked for again, from what its record says."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.progress import Progress
from bathyscope.layers.depth import depth
from bathyscope.layers.lenses.choice import check_lens
from bathyscope.layers.lenses.tuned import origin_of
from bathyscope.layers.settings import DepthSettings
from bathyscope.model.provenance import text_prompt_of
from bathyscope.model.scorer import Scorer
from bathyscope.model.whole import LAYERS, whole_model
from bathyscope.runs.base import Run


def depth_again(
    asked: Mapping[str, Any], translators: str | Path | None
) -> Callable[[Scorer, Progress], Run]:
    """Return the question of a depth map, as something to ask a model again.

    Raises:
        InputError: The translators are not those of the first time.
        KeyError, TypeError, ValueError: The record does not say.
    """
    _require_same_translators(asked.get("translators"), translators)
    text, given = text_prompt_of(asked), asked["given"]
    settings = replace(DepthSettings.from_document(asked), translators=translators)

    def question(model: Scorer, progress: Progress) -> Run:
        whole = whole_model(model, "Depth", LAYERS)
        return depth(whole, text, given, settings=settings, progress=progress)

    return question


def _require_same_translators(then: Mapping[str, Any] | None, given: str | Path | None) -> None:
    if then is None:
        return
    if given is None:
        raise InputError(
            f"The map was read through the translators in {then['file']}; name that file "
            "(--translators)."
        )
    check_lens("tuned", given)
    now = origin_of(Path(given))
    if now["sha256"] != then["sha256"]:
        raise InputError(
            f"The map was read through {then['file']} with SHA-256 {then['sha256'][:12]}…, but "
            f"{given} has {now['sha256'][:12]}…; name the original with --translators."
        )
