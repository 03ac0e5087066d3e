"""The public names, and where each is at home: read by type checkers and by `__init__`."""

from bathyscope.attribution.attribute import attribute as attribute
from bathyscope.attribution.attribute import attribute_each as attribute_each
from bathyscope.attribution.attribute import interact as interact
from bathyscope.attribution.attribute import interact_each as interact_each
from bathyscope.attribution.grouping import group_columns as group_columns
from bathyscope.attribution.many import attribute_many as attribute_many
from bathyscope.attribution.settings import AttributionSettings as AttributionSettings
from bathyscope.comparison.compare import compare as compare
from bathyscope.core.errors import BathyscopeError as BathyscopeError
from bathyscope.core.errors import InputError as InputError
from bathyscope.core.errors import ModelError as ModelError
from bathyscope.core.heatmap import Axis as Axis
from bathyscope.core.heatmap import Heatmap as Heatmap
from bathyscope.core.heatmap import Quantity as Quantity
from bathyscope.description.describe import describe as describe
from bathyscope.faithfulness.evaluate import evaluate as evaluate
from bathyscope.faithfulness.evaluate import evaluate_run as evaluate_run
from bathyscope.layers.depth import depth as depth
from bathyscope.layers.depth import settle as settle
from bathyscope.layers.lens_training import LensTraining as LensTraining
from bathyscope.layers.lens_training import train_lens as train_lens
from bathyscope.layers.many import depth_many as depth_many
from bathyscope.layers.settings import DepthSettings as DepthSettings
from bathyscope.layers.stream import stream as stream
from bathyscope.model.language_model import LanguageModel as LanguageModel
from bathyscope.model.loading import load as load
from bathyscope.model.scorer import Scorer as Scorer
from bathyscope.page.document import view as view
from bathyscope.problems.arithmetic import arithmetic_problems as arithmetic_problems
from bathyscope.problems.problem import Problem as Problem
from bathyscope.problems.reading import read_problems as read_problems
from bathyscope.prompt import Prompt as Prompt
from bathyscope.render.figure.draw import draw as draw
from bathyscope.render.figure.draw import figure as figure
from bathyscope.replay.rerun import rerun as rerun
from bathyscope.runs.attribution import AttributionRun as AttributionRun
from bathyscope.runs.comparison import Comparison as Comparison
from bathyscope.runs.depth import DepthRun as DepthRun
from bathyscope.runs.faithfulness import FaithfulnessRun as FaithfulnessRun
from bathyscope.runs.interactions import InteractionRun as InteractionRun
from bathyscope.runs.opening import open_run as open_run
from bathyscope.runs.settling import SettlingRun as SettlingRun
from bathyscope.runs.think import ThinkRun as ThinkRun
from bathyscope.selection.report import JudgeSettings as JudgeSettings
from bathyscope.selection.report import SelectionReport as SelectionReport
from bathyscope.selection.report import judge_selection as judge_selection
from bathyscope.selection.select import Selection as Selection
from bathyscope.selection.select import select as select
from bathyscope.selection.settings import SelectSettings as SelectSettings
from bathyscope.tables.opening import open_map as open_map
from bathyscope.tables.reading import read_table as read_table
from bathyscope.thinking.settings import ThinkSettings as ThinkSettings
from bathyscope.thinking.think import think as think

__all__: list[str]
__version__: str
