"""Questions to the layers of a model asked again, from what their record says."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.progress import Progress
from bathyscope.core.roles import RoleRule
from bathyscope.layers.depth import depth, settle
from bathyscope.layers.lenses.choice import check_lens
from bathyscope.layers.lenses.fitted import origin_of
from bathyscope.layers.settings import DepthSettings
from bathyscope.model.provenance import text_prompt_of
from bathyscope.model.scorer import Scorer
from bathyscope.model.whole import LAYERS, whole_model
from bathyscope.runs.base import Run
from bathyscope.runs.depth_groups import group_depths
from bathyscope.runs.table import as_run
from bathyscope.thinking.settings import ThinkSettings
from bathyscope.thinking.think import think

Ask = Callable[[Scorer, Progress], Run]


def depth_again(asked: Mapping[str, Any], translators: str | Path | None) -> Ask:
    """Return the question of a depth map, or of one of its layer statistics, to ask it again.

    Raises:
        InputError: The translators are not those of the first time.
        KeyError, TypeError, ValueError: The record does not say.
    """
    _require_same_translators(asked, translators)
    prompt, given = text_prompt_of(asked), asked["given"]
    settings = DepthSettings.from_document(asked, translators=translators).as_read()
    name = asked.get("layer_statistic")  # a map that was read off the run

    def question(model: Scorer, progress: Progress) -> Run:
        whole = whole_model(model, "Depth", LAYERS)
        run = depth(whole, prompt, given, settings=settings, progress=progress)
        return run if name is None else as_run(run.layer_statistic(name)).noted(run.notes)

    return question


def settling_again(asked: Mapping[str, Any], translators: str | Path | None) -> Ask:
    """Return the question of settling depths, to ask it again; the errors are the same."""
    _require_same_translators(asked, translators)
    prompt, given = text_prompt_of(asked), asked["given"]
    settings = DepthSettings.from_document(asked, translators=translators).as_read()

    def question(model: Scorer, progress: Progress) -> Run:
        whole = whole_model(model, "Depth", LAYERS)
        return settle(whole, prompt, given, settings=settings, progress=progress)

    return question


def groups_again(asked: Mapping[str, Any], translators: str | Path | None) -> Ask:
    """Return the question of depth by something, to ask it again; the errors are the same."""
    by, depths = str(asked["by"]), settling_again(asked, translators)
    rules = [RoleRule.parsed(text) for text in asked.get("further_roles", ())]
    return lambda model, progress: group_depths(depths(model, progress), by, rules)


def think_again(asked: Mapping[str, Any], translators: str | Path | None) -> Ask:
    """Return the question of Think@n, to ask it again; the errors are the same."""
    _require_same_translators(asked, translators)
    prompt = text_prompt_of(asked)
    then = ThinkSettings.from_document(asked["settings"], translators=translators)
    settings = then.as_read()  # the prompt is kept as the model read it

    def question(model: Scorer, progress: Progress) -> Run:
        whole = whole_model(model, "Think@n", LAYERS)
        return think(whole, prompt, settings=settings, progress=progress)

    return question


def _require_same_translators(asked: Mapping[str, Any], given: str | Path | None) -> None:
    then = asked.get("translators")
    if then is None:
        return
    if given is None:
        raise InputError(
            f"The map was read through the translators in {then['file']}; name that file "
            "(--translators)."
        )
    check_lens(str(asked["lens"]), given)
    now = origin_of(Path(given))
    if now["sha256"] != then["sha256"]:
        raise InputError(
            f"The map was read through {then['file']} with SHA-256 {then['sha256'][:12]}…, but "
            f"{given} has {now['sha256'][:12]}…; name the original with --translators."
        )
