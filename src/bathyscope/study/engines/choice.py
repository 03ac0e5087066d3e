"""The engines by name."""

from bathyscope.core.registry import Registry
from bathyscope.study.engines.engine import Engine
from bathyscope.study.engines.here import Here
from bathyscope.study.engines.on_ray import OnRay
from bathyscope.study.engines.on_slurm import OnSlurm
from bathyscope.study.engines.processes import Processes

ENGINES: Registry[type[Engine]] = Registry(
    "engine", "bathyscope.engines", (Here, Processes, OnRay, OnSlurm), of_classes=True
)
"""Every place to compute."""
