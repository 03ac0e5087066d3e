r"""See what happened inside a language model while it wrote an answer.

    import bathyscope as bs

    model = bs.load()
    prompt = bs.Prompt.marked("Q: ...\nA: [[9 + 3 = 12]].\n\nQ: ...\nA:")
    run = bs.attribute(model, prompt, target=" $16,000 / 0.8 =")
    deep = bs.depth(model, prompt.text, response=" 8 + 5 = 13")
    bs.draw(run, "figure.png")

Everything named here is public. Importing this package loads none of it: a name arrives, with the
libraries it needs, when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bathyscope.attribution.attribute import attribute as attribute
    from bathyscope.attribution.attribute import attribute_each as attribute_each
    from bathyscope.attribution.attribute import interact as interact
    from bathyscope.attribution.attribute import interact_each as interact_each
    from bathyscope.attribution.grouping import group_columns as group_columns
    from bathyscope.attribution.settings import AttributionSettings as AttributionSettings
    from bathyscope.comparison.compare import Comparison as Comparison
    from bathyscope.comparison.compare import compare as compare
    from bathyscope.core.errors import BathyscopeError as BathyscopeError
    from bathyscope.core.errors import InputError as InputError
    from bathyscope.core.errors import ModelError as ModelError
    from bathyscope.core.heatmap import Axis as Axis
    from bathyscope.core.heatmap import Heatmap as Heatmap
    from bathyscope.core.heatmap import Quantity as Quantity
    from bathyscope.description.describe import describe as describe
    from bathyscope.description.words.comparison import describe_comparison as describe_comparison
    from bathyscope.faithfulness.evaluate import evaluate as evaluate
    from bathyscope.faithfulness.evaluate import evaluate_run as evaluate_run
    from bathyscope.layers.depth import depth as depth
    from bathyscope.layers.depth import settle as settle
    from bathyscope.layers.lens_training import LensTraining as LensTraining
    from bathyscope.layers.lens_training import train_lens as train_lens
    from bathyscope.layers.settings import DepthSettings as DepthSettings
    from bathyscope.layers.stream import stream as stream
    from bathyscope.model.language_model import LanguageModel as LanguageModel
    from bathyscope.model.loading import load as load
    from bathyscope.page.document import view as view
    from bathyscope.prompt import Prompt as Prompt
    from bathyscope.render.figure.comparison import draw_comparison as draw_comparison
    from bathyscope.render.figure.draw import draw as draw
    from bathyscope.render.figure.draw import figure as figure
    from bathyscope.replay.rerun import rerun as rerun
    from bathyscope.runs.attribution import AttributionRun as AttributionRun
    from bathyscope.runs.depth import DepthRun as DepthRun
    from bathyscope.runs.faithfulness import FaithfulnessRun as FaithfulnessRun
    from bathyscope.runs.interactions import InteractionRun as InteractionRun
    from bathyscope.runs.opening import open_run as open_run
    from bathyscope.runs.settling import SettlingRun as SettlingRun
    from bathyscope.tables.opening import open_map as open_map
    from bathyscope.tables.reading import read_table as read_table
    from bathyscope.thinking.settings import ThinkSettings as ThinkSettings
    from bathyscope.thinking.think import think as think

_HOME = {
    "attribute": "bathyscope.attribution.attribute",
    "depth": "bathyscope.layers.depth",
    "settle": "bathyscope.layers.depth",
    "DepthSettings": "bathyscope.layers.settings",
    "AttributionSettings": "bathyscope.attribution.settings",
    "attribute_each": "bathyscope.attribution.attribute",
    "interact": "bathyscope.attribution.attribute",
    "interact_each": "bathyscope.attribution.attribute",
    "group_columns": "bathyscope.attribution.grouping",
    "describe": "bathyscope.description.describe",
    "Comparison": "bathyscope.comparison.compare",
    "compare": "bathyscope.comparison.compare",
    "BathyscopeError": "bathyscope.core.errors",
    "InputError": "bathyscope.core.errors",
    "ModelError": "bathyscope.core.errors",
    "evaluate": "bathyscope.faithfulness.evaluate",
    "evaluate_run": "bathyscope.faithfulness.evaluate",
    "FaithfulnessRun": "bathyscope.runs.faithfulness",
    "Axis": "bathyscope.core.heatmap",
    "Heatmap": "bathyscope.core.heatmap",
    "Quantity": "bathyscope.core.heatmap",
    "LensTraining": "bathyscope.layers.lens_training",
    "train_lens": "bathyscope.layers.lens_training",
    "LanguageModel": "bathyscope.model.language_model",
    "load": "bathyscope.model.loading",
    "view": "bathyscope.page.document",
    "open_map": "bathyscope.tables.opening",
    "Prompt": "bathyscope.prompt",
    "draw_comparison": "bathyscope.render.figure.comparison",
    "describe_comparison": "bathyscope.description.words.comparison",
    "draw": "bathyscope.render.figure.draw",
    "figure": "bathyscope.render.figure.draw",
    "rerun": "bathyscope.replay.rerun",
    "AttributionRun": "bathyscope.runs.attribution",
    "DepthRun": "bathyscope.runs.depth",
    "InteractionRun": "bathyscope.runs.interactions",
    "SettlingRun": "bathyscope.runs.settling",
    "open_run": "bathyscope.runs.opening",
    "stream": "bathyscope.layers.stream",
    "read_table": "bathyscope.tables.reading",
    "ThinkSettings": "bathyscope.thinking.settings",
    "think": "bathyscope.thinking.think",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bathyscope' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    import_module("bathyscope.page.notebook")  # whatever gives runs, they show themselves
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
