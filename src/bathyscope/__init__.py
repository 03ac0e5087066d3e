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
    from bathyscope.api import attribute as attribute
    from bathyscope.api import depth as depth
    from bathyscope.attributing import Settings as Settings
    from bathyscope.attributing import attribute_each as attribute_each
    from bathyscope.attributing import interact as interact
    from bathyscope.attributing import interact_each as interact_each
    from bathyscope.attributing.grouping import group_columns as group_columns
    from bathyscope.comparison.compare import Comparison as Comparison
    from bathyscope.comparison.compare import compare as compare
    from bathyscope.description import describe as describe
    from bathyscope.description.comparison import describe_comparison as describe_comparison
    from bathyscope.errors import BathyscopeError as BathyscopeError
    from bathyscope.errors import InputError as InputError
    from bathyscope.errors import ModelError as ModelError
    from bathyscope.evaluation.evaluate import evaluate as evaluate
    from bathyscope.evaluation.evaluate import evaluate_run as evaluate_run
    from bathyscope.faithfulness_run import FaithfulnessRun as FaithfulnessRun
    from bathyscope.heatmap import Axis as Axis
    from bathyscope.heatmap import Heatmap as Heatmap
    from bathyscope.heatmap import Quantity as Quantity
    from bathyscope.layers.lens_training import LensTraining as LensTraining
    from bathyscope.layers.lens_training import train_lens as train_lens
    from bathyscope.model.language_model import LanguageModel as LanguageModel
    from bathyscope.model.loading import load as load
    from bathyscope.opening import open_map as open_map
    from bathyscope.page.document import view as view
    from bathyscope.prompt import Prompt as Prompt
    from bathyscope.render.comparison_figure import draw_comparison as draw_comparison
    from bathyscope.render.figure import draw as draw
    from bathyscope.render.figure import figure as figure
    from bathyscope.rerunning import rerun as rerun
    from bathyscope.runs import AttributionRun as AttributionRun
    from bathyscope.runs import DepthRun as DepthRun
    from bathyscope.runs import InteractionRun as InteractionRun
    from bathyscope.runs import SettlingRun as SettlingRun
    from bathyscope.runs import open_run as open_run
    from bathyscope.streaming import stream as stream
    from bathyscope.tables.reading import read_table as read_table
    from bathyscope.thinking import ThinkSettings as ThinkSettings
    from bathyscope.thinking import think as think

_HOME = {
    "attribute": "bathyscope.api",
    "depth": "bathyscope.api",
    "Settings": "bathyscope.attributing",
    "attribute_each": "bathyscope.attributing",
    "interact": "bathyscope.attributing",
    "interact_each": "bathyscope.attributing",
    "group_columns": "bathyscope.attributing.grouping",
    "describe": "bathyscope.description",
    "Comparison": "bathyscope.comparison.compare",
    "compare": "bathyscope.comparison.compare",
    "BathyscopeError": "bathyscope.errors",
    "InputError": "bathyscope.errors",
    "ModelError": "bathyscope.errors",
    "evaluate": "bathyscope.evaluation.evaluate",
    "evaluate_run": "bathyscope.evaluation.evaluate",
    "FaithfulnessRun": "bathyscope.faithfulness_run",
    "Axis": "bathyscope.heatmap",
    "Heatmap": "bathyscope.heatmap",
    "Quantity": "bathyscope.heatmap",
    "LensTraining": "bathyscope.layers.lens_training",
    "train_lens": "bathyscope.layers.lens_training",
    "LanguageModel": "bathyscope.model.language_model",
    "load": "bathyscope.model.loading",
    "view": "bathyscope.page.document",
    "open_map": "bathyscope.opening",
    "Prompt": "bathyscope.prompt",
    "draw_comparison": "bathyscope.render.comparison_figure",
    "describe_comparison": "bathyscope.description.comparison",
    "draw": "bathyscope.render.figure",
    "figure": "bathyscope.render.figure",
    "rerun": "bathyscope.rerunning",
    "AttributionRun": "bathyscope.runs",
    "DepthRun": "bathyscope.runs",
    "InteractionRun": "bathyscope.runs",
    "SettlingRun": "bathyscope.runs",
    "open_run": "bathyscope.runs",
    "stream": "bathyscope.streaming",
    "read_table": "bathyscope.tables.reading",
    "ThinkSettings": "bathyscope.thinking",
    "think": "bathyscope.thinking",
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
